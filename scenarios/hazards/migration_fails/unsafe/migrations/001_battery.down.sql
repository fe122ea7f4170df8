DROP VIEW dashboard;
CREATE VIEW dashboard AS SELECT id, celsius FROM sensors;
