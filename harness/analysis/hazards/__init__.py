"""The knowledge: one hazard and the rule that finds it a file."""
