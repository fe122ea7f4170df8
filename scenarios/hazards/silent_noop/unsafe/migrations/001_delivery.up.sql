ALTER TABLE orders ADD COLUMN IF NOT EXISTS delivery tstzrange;
