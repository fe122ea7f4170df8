ALTER TABLE readings DROP COLUMN public_id;
