"""The change: its scripts as numbered statements, their execution both ways, and the exact trace of each statement."""
