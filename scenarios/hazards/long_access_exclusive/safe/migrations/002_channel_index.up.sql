CREATE INDEX CONCURRENTLY bookings_channel_idx ON bookings (channel, arrives);
