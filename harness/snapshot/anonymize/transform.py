"""What every transform is: a function of one value, keyed and stateless, so that it can run anywhere in parallel."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # numba takes a quarter of a second to import, which only large blocks are worth
    from harness.snapshot.anonymize.kernels.fields import Fields
    from harness.snapshot.anonymize.kernels.words import Places


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


@runtime_checkable
class InPlace(Protocol):
    """A transform that keeps lengths in bytes, and can change a column where it stands in a block."""

    def change_fields(self, before: "Fields", after: "Fields", column: int) -> "Places":
        """Change the column in `after`, which holds what `before` does; the rows that it left, NULLs never among them.

        Byte for byte what `many` gives for the unescaped values, where it changes them; it raises nothing: values that
        are not of the class's form are among what is left.
        """
        ...
