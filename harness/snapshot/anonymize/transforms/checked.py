"""Numbers with check digits: Luhn's (cards, IMEI) and the IBAN's; valid ones stay valid, others stay invalid."""

import re

from harness.snapshot.anonymize.transforms.characters import Characters

_ISSUER_DIGITS = 6
_CARD_DIGITS = 12  # the shortest card numbers (ISO/IEC 7812): shorter ones have no issuer prefix to keep
_IBAN = re.compile(rb"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]{1,40}")
_DIGIT = re.compile(rb"[0-9]")


class Luhn:
    """The issuer's six digits and the separators stay, the check digit is made right (or as wrong as it was)."""

    def __init__(self, subkey: bytes) -> None:
        self._digits = Characters(subkey, purpose=b"luhn")

    def __call__(self, value: bytes) -> bytes:
        """The number that stands for `value`; ValueError where it has no digits or letters."""
        return self.many([value])[0]

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        compact = [_digits_of(value) for value in values]
        kept = [_ISSUER_DIGITS if len(digits) >= _CARD_DIGITS else 0 for digits in compact]
        bodies = self._digits.many(
            [
                b"%s:%s" % (digits[:keep].translate(_AWAY), digits[keep:-1])
                for digits, keep in zip(compact, kept, strict=True)
            ]
        )
        out = []
        for value, digits, keep, body in zip(values, compact, kept, bodies, strict=True):
            front = digits[:keep] + body.partition(b":")[2]
            error = digits[-1] - ord("0") - luhn_digit(digits[:-1])
            check = b"%d" % ((luhn_digit(front) + error) % 10)
            out.append(_with_digits(value, front + check))
        return out


class Iban:
    """Country and length stay, the check digits are made right; national check digits inside are not."""

    def __init__(self, subkey: bytes) -> None:
        self._account = Characters(subkey, purpose=b"iban")

    def __call__(self, value: bytes) -> bytes:
        """The account that stands for `value`; ValueError where it is not of the form."""
        return self.many([value])[0]

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        if not all(map(_IBAN.fullmatch, values)):
            raise ValueError("not an IBAN")
        accounts = self._account.many([value[4:] for value in values])
        return [value[:2] + _check(value, account) + account for value, account in zip(values, accounts, strict=True)]


# Digits as characters that stay, so that the issuer steers the rest without being changed.
_AWAY = bytes.maketrans(b"0123456789", b"!\"#$%&'()*")


def luhn_digit(digits: bytes) -> int:
    """The check digit that belongs behind `digits` (ISO/IEC 7812-1, annex B).

    >>> luhn_digit(b"7992739871")
    3
    """
    total = sum(digits[-2::-2]) - ord("0") * len(digits[-2::-2])
    total += sum(_DOUBLED[digit] for digit in digits[-1::-2])
    return -total % 10


_DOUBLED = {ord("0") + digit: sum(divmod(2 * digit, 10)) for digit in range(10)}


def iban_check(country: bytes, account: bytes) -> int:
    """The two check digits as a number (ISO 13616, ISO/IEC 7064 MOD 97-10).

    >>> iban_check(b"GB", b"WEST12345698765432")
    82
    """
    text = (account.replace(b" ", b"") + country).decode().upper()
    return 98 - int("".join(str(int(char, 36)) for char in text) + "00") % 97


def _check(value: bytes, account: bytes) -> bytes:
    """The new check digits: right where they were; what would become right takes the right one's place."""
    old, new = (b"%02d" % iban_check(value[:2], one) for one in (value[4:], account))
    return {old: new, new: old}.get(value[2:4], value[2:4])


def _digits_of(value: bytes) -> bytes:
    digits = b"".join(_DIGIT.findall(value))
    if not digits or value.upper() != value.lower():
        raise ValueError("not a number with a check digit")
    return digits


def _with_digits(value: bytes, digits: bytes) -> bytes:
    if len(digits) == len(value):
        return digits
    following = iter(digits)
    return bytes(next(following) if char in b"0123456789" else char for char in value)
