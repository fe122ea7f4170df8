ALTER TABLE log_lines DROP COLUMN severity;
