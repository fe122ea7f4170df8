ALTER TABLE tickets ADD COLUMN priority smallint NOT NULL DEFAULT 3;
CREATE VIEW urgent_tickets AS SELECT id, subject FROM tickets WHERE priority = 1 AND NOT closed;
