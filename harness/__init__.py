"""Rehearse PostgreSQL migrations on production-like data while simulated application traffic runs."""

__version__ = "0.1.0"
