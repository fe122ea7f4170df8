"""Antagonists: sessions that make a migration's life hard, in a process of their own."""
