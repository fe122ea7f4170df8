DROP VIEW phone_book;
CREATE VIEW phone_book AS SELECT id, name, office FROM employees;
