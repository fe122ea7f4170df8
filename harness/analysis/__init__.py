"""From what was written down to facts, findings, checks and a verdict; pure functions of a run directory."""
