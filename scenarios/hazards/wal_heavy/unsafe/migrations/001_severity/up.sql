ALTER TABLE log_lines ADD COLUMN severity text;
