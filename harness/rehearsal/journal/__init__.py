"""The run directory: written while things happen, read back by everything that judges."""
