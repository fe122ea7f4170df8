-- Offers of a second-hand shop.
CREATE TABLE offers (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title    text NOT NULL,
  percent  integer NOT NULL CONSTRAINT offers_percent_sane CHECK (percent BETWEEN 0 AND 90)
);
INSERT INTO offers (title, percent) SELECT 'Lamp ' || n, n % 91 FROM generate_series(1, :rows) AS n;
