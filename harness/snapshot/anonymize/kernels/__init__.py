"""Compiled loops over whole blocks of COPY text: byte for byte what the transforms' readable definitions give."""
