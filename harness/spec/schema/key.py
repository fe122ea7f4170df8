"""What is said about one key of the scenario."""

from typing import Final, NamedTuple

DURATION: Final = "duration"
"""The kind of every key that holds a time."""


class Key(NamedTuple):
    """`kind` of value in words, one sentence of `meaning`, and an `example` as written in the file."""

    kind: str
    meaning: str
    example: str
