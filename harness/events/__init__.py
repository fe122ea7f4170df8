"""What happened.

One frozen type per kind of event, a closed union, its codec, and the fixed-width operation records.
"""
