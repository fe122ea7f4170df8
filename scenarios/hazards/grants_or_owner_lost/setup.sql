-- Payroll: the web application sees a view only, in a role of its own.
CREATE ROLE web_application;
CREATE TABLE employees (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name     text NOT NULL,
  office   text NOT NULL,
  salary   integer NOT NULL
);
INSERT INTO employees (name, office, salary)
  SELECT 'Employee ' || n, (ARRAY['Porto', 'Turku', 'Graz'])[1 + n % 3], 30000 + n * 7 % 40000 FROM generate_series(1, :rows) AS n;
CREATE VIEW phone_book AS SELECT id, name FROM employees;
GRANT SELECT ON phone_book TO web_application;
