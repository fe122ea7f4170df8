-- Recipes.
CREATE TABLE recipes (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title  text NOT NULL,
  cook   text NOT NULL
);
INSERT INTO recipes (title, cook) SELECT 'Soup number ' || n, 'cook' || n % 40 FROM generate_series(1, :rows) AS n;
