ALTER TYPE repair_state ADD VALUE 'quoted' AFTER 'received';
ALTER TABLE repairs ALTER COLUMN state SET DEFAULT 'quoted';
