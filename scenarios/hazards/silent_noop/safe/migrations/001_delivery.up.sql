ALTER TABLE orders ADD COLUMN IF NOT EXISTS delivered_in tstzrange;
