ALTER TABLE bookings DROP COLUMN channel;
