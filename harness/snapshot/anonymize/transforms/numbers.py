"""Numbers without order: as many digits before and after the point, the same sign, within the same integer type."""

import math
import re
from typing import TYPE_CHECKING

from harness.snapshot.anonymize.transforms.characters import Characters

if TYPE_CHECKING:
    from harness.snapshot.anonymize.kernels.fields import Fields
    from harness.snapshot.anonymize.kernels.words import Places

_NUMBER = re.compile(rb"([-+]?[^0-9eE]*)([0-9][0-9,.]*)((?:[eE][-+]?[0-9]+)?)")
_SPECIAL = frozenset({b"NaN", b"Infinity", b"-Infinity"})
# The largest of smallint, integer and bigint, by their digits: a number of so many digits stays on its side of it, so
# that an integer column may refer to a bigint one, and numbers never outgrow their type. Negatives reach one further.
_EDGES = {len(edge): edge for edge in (b"32767", b"2147483647", b"9223372036854775807")}
_BINARY = frozenset({"real", "double precision"})
_LARGEST = {"real": 3.4028234e38, "double precision": math.inf}


class Numbers:
    """A permutation of the numbers with the same count of digits; zero, NaN and the infinities stay.

    The first digit is not 0, where it was none, so the text stays what PostgreSQL prints. A fraction below 1 stays
    below 1. `base` is the type, for the sake of floating point: there a last digit of a fraction is never 0, and an
    exponent stays. ValueError where the text is no number.
    """

    def __init__(self, subkey: bytes, *, base: str = "numeric") -> None:
        self._digits = Characters(subkey, purpose=b"number")
        self._binary = base in _BINARY
        self._largest = _LARGEST.get(base, math.inf)

    def __call__(self, value: bytes) -> bytes:
        """The number that stands for `value`."""
        if value in _SPECIAL:
            return value
        match = _NUMBER.fullmatch(value)
        if match is None:
            raise ValueError("not a number")
        sign, digits, exponent = match.groups()
        if not digits.strip(b"0,."):
            return value
        sign, digits = (sign + b"0.", digits[2:]) if digits.startswith(b"0.") else (sign, digits)
        changed = sign + self._digits(digits) if sign.endswith(b"0.") else self._digits(sign + digits)
        while not self._stays(sign + digits, changed, len(sign), exponent):
            changed = sign + self._digits(changed[len(sign) :]) if sign.endswith(b"0.") else self._digits(changed)
        return changed + exponent

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`: whole numbers by columns, others one by one."""
        unsigned = b"".join(values).isdigit()
        if any(not value or value[0] == _ZERO for value in values) if unsigned else not all(map(_plain, values)):
            return self._many_mixed(values)
        out = self._digits.many(values)
        again = [
            at
            for at, new in enumerate(out)
            if new[0] == _ZERO or ((not unsigned or len(new) in _WATCHED) and not _whole_stays(values[at], new))
        ]
        while again:
            for at, new in zip(again, self._digits.many([out[at] for at in again]), strict=True):
                out[at] = new
            again = [at for at in again if not _whole_stays(values[at], out[at])]
        return out

    def change_fields(self, before: "Fields", after: "Fields", column: int) -> "Places":
        """The same for the column of a block; binary floating point is left."""
        from harness.snapshot.anonymize.kernels.numbers import change_numbers
        from harness.snapshot.anonymize.kernels.words import all_rows

        return all_rows(before.rows) if self._binary else change_numbers(before, after, column, self._digits.cipher)

    def _many_mixed(self, values: list[bytes]) -> list[bytes]:
        plain = [_plain(value) for value in values]
        whole = iter(self.many([value for value, one in zip(values, plain, strict=True) if one]))
        return [next(whole) if one else self(value) for value, one in zip(values, plain, strict=True)]

    def _stays(self, old: bytes, new: bytes, start: int, exponent: bytes) -> bool:
        digits = new[start:]
        if not digits.strip(b"0,."):
            return False
        if old[start : start + 1] != b"0" and not old[:start].endswith(b"0.") and digits.startswith(b"0"):
            return False
        if self._binary and not _shortest(old, new, exponent, self._largest):
            return False
        return bool(exponent) or _side(old) == _side(new)


def _plain(value: bytes) -> bool:
    """Whether it is a whole number other than 0 as PostgreSQL prints it."""
    return value.lstrip(b"-").isdigit() and value[-1:] != b"-" and not value.startswith((b"0", b"-0", b"--"))


def _whole_stays(old: bytes, new: bytes) -> bool:
    return not new.startswith((b"0", b"-0")) and (len(old) not in _WATCHED or _side(old) == _side(new))


_ZERO = ord("0")
_WATCHED = frozenset(length + sign for length in _EDGES for sign in (0, 1))


def _side(number: bytes) -> bool:
    """Whether a whole number lies beyond the integer type that has as many digits."""
    digits = number.lstrip(b"-")
    edge = _EDGES.get(len(digits))
    if edge is None or not digits.isdigit():
        return False
    return digits > edge and not (number.startswith(b"-") and int(digits) == int(edge) + 1)


def _shortest(old: bytes, new: bytes, exponent: bytes, largest: float) -> bool:
    """Whether a floating-point number prints as it is written: no zero at a fraction's end, and not too large."""
    if b"." in new and new.endswith(b"0") and not old.endswith(b"0"):
        return False
    return abs(float(new + exponent)) <= largest and not math.isinf(float(new + exponent))
