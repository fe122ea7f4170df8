-- Repairs of a workshop.
CREATE TYPE repair_state AS ENUM ('received', 'repaired', 'returned');
CREATE TABLE repairs (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item   text NOT NULL,
  state  repair_state NOT NULL
);
INSERT INTO repairs (item, state)
  SELECT 'Bicycle ' || n, (ARRAY['received', 'repaired', 'returned']::repair_state[])[1 + n % 3] FROM generate_series(1, :rows) AS n;
