"""What the database is compared with: its own beginning, the acknowledged writes, the invariants."""
