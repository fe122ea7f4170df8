"""What every transform is: a function of one value, keyed and stateless, so that it can run anywhere in parallel."""

from typing import Protocol


class Transform(Protocol):
    """Maps a value in PostgreSQL's text form, unescaped, never NULL, to another; the same key gives the same answer.

    `many` does it for a column of values at once: byte for byte what single calls give, only faster. ValueError where
    a value is not of the form that the column's class says; its message never quotes the value.
    """

    def __call__(self, value: bytes) -> bytes:
        """The value that stands for `value`."""
        ...

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`, in order."""
        ...
