CREATE OR REPLACE VIEW dashboard AS SELECT id, celsius, battery FROM sensors;
