ALTER TABLE devices ADD COLUMN firmware text;
