DROP VIEW phone_book;
CREATE VIEW phone_book AS SELECT id, name FROM employees;
GRANT SELECT ON phone_book TO web_application;
