"""What sampled values look like: the share of them that each form fits. Values are looked at and never kept."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final

from harness.snapshot.anonymize.transforms.dictionaries import dictionary

_EMAIL: Final = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.[A-Za-z]{2,24}")
_UUID: Final = re.compile(r"\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?")
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_CARD: Final = re.compile(r"[0-9](?:[ -]?[0-9]){12,18}")
_PHONE: Final = re.compile(r"(?:\+|00|\(?0)?[0-9(][0-9 ()/.\-]{5,18}[0-9](?: ?(?:x|ext\.?) ?[0-9]{1,5})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T].*)?")
_URL: Final = re.compile(r"(?:https?|ftp)://\S+|www\.\S+")
_HASH: Final = re.compile(r"(?:[0-9a-fA-F]{2}){16,64}|\$[0-9a-z]{1,8}\$\S{20,}")
_CODE: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9._/:#-]{3,40}")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PHONE_DIGITS: Final = range(7, 16)  # E.164 has at most 15
_FREE_WORDS: Final = 4
_IBAN_MODULUS: Final = 97  # ISO 7064


Detector = Callable[[str], bool]
"""Whether a text has a form."""


def is_email(text: str) -> bool:
    """An address with a top-level domain."""
    return bool(_EMAIL.fullmatch(text))


def is_uuid(text: str) -> bool:
    """A UUID, with or without dashes."""
    return bool(_UUID.fullmatch(text))


def is_iban(text: str) -> bool:
    """An IBAN whose check digits are right (ISO 13616)."""
    compact = text.replace(" ", "").upper()
    if not _IBAN.fullmatch(compact):
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % _IBAN_MODULUS == 1


def is_card(text: str) -> bool:
    """13 to 19 digits whose Luhn check digit is right (ISO/IEC 7812)."""
    if not _CARD.fullmatch(text):
        return False
    digits = [int(char) for char in text if char.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_phone(text: str) -> bool:
    """A number as people write phone numbers: a plus, a leading zero, groups; not a bare number or a date."""
    if not _PHONE.fullmatch(text) or _DATE.fullmatch(text) or is_address(text):
        return False
    written = text[0] in "+0(" or any(mark in text for mark in " -/()")
    return written and sum(char.isdigit() for char in text) in _PHONE_DIGITS


def is_address(text: str) -> bool:
    """An IPv4 or IPv6 address, perhaps with a mask."""
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "." in text or ":" in text


def is_link(text: str) -> bool:
    """A URL."""
    return bool(_URL.fullmatch(text))


def is_date(text: str) -> bool:
    """An ISO date or timestamp."""
    return bool(_DATE.fullmatch(text))


def is_hash(text: str) -> bool:
    """A digest in hex, or a password's hash as crypt(3) writes it."""
    return bool(_HASH.fullmatch(text))


def is_code(text: str) -> bool:
    """Letters and digits without a space, with a digit at least."""
    return bool(_CODE.fullmatch(text))


def is_free_text(text: str) -> bool:
    """Several words."""
    return len(_WORD.findall(text)) >= _FREE_WORDS


def is_name_of(kind: str) -> Detector:
    """Whether every word is in the dictionary of this kind: "first_name", "last_name", "name", "city"."""

    def fits(text: str) -> bool:
        words = _WORD.findall(text)
        known = _lower(kind)
        return bool(words) and (text.strip().lower() in known or all(word.lower() in known for word in words))

    return fits


def share(fits: Detector, values: Sequence[str]) -> float:
    """The part of the values that fit, 0 to 1; of none it is 0.

    >>> share(is_email, ["a@b.org", "x"])
    0.5
    """
    return sum(map(fits, values)) / len(values) if values else 0.0


def texts(values: Iterable[bytes]) -> list[str]:
    """Sampled values as text, without empty ones and white space around them."""
    read = (value.decode("utf-8", "replace").strip() for value in values)
    return [text for text in read if text]


@cache
def _lower(kind: str) -> frozenset[str]:
    return frozenset(word.lower() for word in dictionary(kind))
