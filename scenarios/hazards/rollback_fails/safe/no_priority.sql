DROP VIEW urgent_tickets;
ALTER TABLE tickets DROP COLUMN priority;
