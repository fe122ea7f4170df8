DROP INDEX CONCURRENTLY bookings_channel_idx;
