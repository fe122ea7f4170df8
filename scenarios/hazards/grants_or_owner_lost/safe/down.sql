-- A view's columns can only be added to: drop it, and give back what went with it.
DROP VIEW phone_book;
CREATE VIEW phone_book AS SELECT id, name FROM employees;
GRANT SELECT ON phone_book TO web_application;
