"""Rewriting archives: every value of a masked column transformed, in parallel, restartable, checked for leaks."""
