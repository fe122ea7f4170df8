CREATE OR REPLACE VIEW dashboard AS SELECT id, battery, celsius FROM sensors;
