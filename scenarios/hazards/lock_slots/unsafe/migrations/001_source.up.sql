ALTER TABLE clicks ADD COLUMN source text;
