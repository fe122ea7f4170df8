CREATE OR REPLACE VIEW phone_book AS SELECT id, name, office FROM employees;
