-- Tickets whose numbers were given by hand until now.
CREATE TABLE tickets (id bigint PRIMARY KEY, seat text NOT NULL);
CREATE SEQUENCE ticket_numbers START :rows;
SELECT nextval('ticket_numbers');
ALTER TABLE tickets ALTER COLUMN id SET DEFAULT nextval('ticket_numbers');
INSERT INTO tickets SELECT n, 'seat ' || n FROM generate_series(1, :rows) AS n;
