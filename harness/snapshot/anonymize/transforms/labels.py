"""Values from a short list, booleans and enums: another of the list stands for each."""

from collections.abc import Sequence

from harness.snapshot.anonymize.transforms.keyed import ranked

BOOLEANS = (b"f", b"t")


class Labels:
    """A keyed permutation of `labels`; ValueError where a value is none of them."""

    def __init__(self, subkey: bytes, labels: Sequence[bytes]) -> None:
        self._table = dict(zip(sorted(labels), ranked(sorted(labels), subkey, b"labels"), strict=True))

    def __call__(self, value: bytes) -> bytes:
        """The label that stands for `value`."""
        label = self._table.get(value)
        if label is None:
            raise ValueError("not a label of the type")
        return label

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        table = self._table
        try:
            return [table[value] for value in values]
        except KeyError:
            raise ValueError("not a label of the type") from None
