ALTER TABLE bookings ADD COLUMN channel text NOT NULL DEFAULT 'desk';
CREATE INDEX bookings_channel_idx ON bookings (channel, arrives);
