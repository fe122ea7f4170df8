ALTER TABLE tickets DROP COLUMN priority;
DROP VIEW urgent_tickets;
