"""pgbench scripts: parsed, checked and evaluated as PostgreSQL's manual says (pgbench, "Custom Scripts")."""
