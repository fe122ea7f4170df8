"""Experiments on clones of their own: what traffic alone would not show."""
