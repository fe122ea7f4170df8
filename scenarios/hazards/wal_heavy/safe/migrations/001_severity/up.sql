ALTER TABLE log_lines ADD COLUMN severity text GENERATED ALWAYS AS (lower(level)) VIRTUAL;
