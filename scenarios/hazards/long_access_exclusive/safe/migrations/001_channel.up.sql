ALTER TABLE bookings ADD COLUMN channel text NOT NULL DEFAULT 'desk';
