"""The two transforms that need no key, and the memo that spares slow ones repeated values."""

from typing import TYPE_CHECKING

from harness.snapshot.anonymize.transform import InPlace, Transform

if TYPE_CHECKING:
    from harness.snapshot.anonymize.kernels.fields import Fields
    from harness.snapshot.anonymize.kernels.words import Places

_SAMPLE = 128
_DISTINCT = 0.7  # of a sample: below this share a table of the block's values is cheaper than transforming each
_MEMO_ENTRIES = 1 << 16


class Keep:
    """Values stay as they are."""

    def __call__(self, value: bytes) -> bytes:
        """The value."""
        return value

    def many(self, values: list[bytes]) -> list[bytes]:
        """The values."""
        return values


class Nothing:
    """Values become NULL, which has no text form: whoever writes fields asks `isinstance(…, Nothing)` first."""

    def __call__(self, value: bytes) -> bytes:
        """ValueError: there is no text that stands for NULL."""
        raise ValueError(f"NULL has no text form; write \\N for the {len(value)} bytes")

    def many(self, values: list[bytes]) -> list[bytes]:
        """ValueError where there are values: there is no text that stands for NULL."""
        return [self(value) for value in values]


class Repeats:
    """Transforms each distinct value of a block once, where values repeat."""

    def __init__(self, transform: Transform) -> None:
        self.transform = transform

    def __call__(self, value: bytes) -> bytes:
        """The value that stands for `value`."""
        return self.transform(value)

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        step = max(1, len(values) // _SAMPLE)
        sample = values[::step]
        if len(set(sample)) > _DISTINCT * len(sample):
            return self.transform.many(values)
        distinct = list(dict.fromkeys(values))
        table = dict(zip(distinct, self.transform.many(distinct), strict=True))
        return [table[value] for value in values]


class RepeatsInPlace(Repeats):
    """The same for a transform that also changes columns where they stand."""

    def __init__(self, transform: Transform) -> None:
        assert isinstance(transform, InPlace)  # noqa: S101 - compile_transform chooses
        super().__init__(transform)
        self._in_place = transform

    def change_fields(self, before: "Fields", after: "Fields", column: int) -> "Places":
        """Each value by itself: making it again costs as much as looking it up."""
        return self._in_place.change_fields(before, after, column)


class Memo:
    """Remembers a bounded number of values over blocks: for transforms that take microseconds a value."""

    def __init__(self, transform: Transform) -> None:
        self.transform = transform
        self._known: dict[bytes, bytes] = {}

    def __call__(self, value: bytes) -> bytes:
        """The value that stands for `value`."""
        return self.transform(value)

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        known = self._known
        if len(known) > _MEMO_ENTRIES:
            known.clear()
        missing = list({value for value in values if value not in known})
        if missing:
            known.update(zip(missing, self.transform.many(missing), strict=True))
        return [known[value] for value in values]
