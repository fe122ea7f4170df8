"""What columns are usually called, in the languages that schemas are written in, and what such a column holds."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from harness.snapshot.anonymize.policy import Class


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column holds: its class, the dictionary for names, and the words for it in a reason."""

    class_: Class
    words: str
    dictionary: str = ""


FIRST_NAME: Final = Meaning(Class.NAME, "a first name", "first_name")
LAST_NAME: Final = Meaning(Class.NAME, "a last name", "last_name")
FULL_NAME: Final = Meaning(Class.NAME, "a person's name", "name")
CITY: Final = Meaning(Class.NAME, "a city", "city")
EMAIL: Final = Meaning(Class.EMAIL, "an e-mail address")
PHONE: Final = Meaning(Class.IDENTIFIER, "a phone number")
BIRTH: Final = Meaning(Class.DATE, "a date of birth")
STREET: Final = Meaning(Class.TEXT, "an address")
POSTCODE: Final = Meaning(Class.IDENTIFIER, "a postal code")
LOGIN: Final = Meaning(Class.IDENTIFIER, "an account's name")
SECRET: Final = Meaning(Class.IDENTIFIER, "a secret")
OFFICIAL: Final = Meaning(Class.IDENTIFIER, "an official number")
NUMBER: Final = Meaning(Class.IDENTIFIER, "a number that names something")
CARD: Final = Meaning(Class.LUHN, "a card number")
IBAN: Final = Meaning(Class.IBAN, "a bank account")
ADDRESS_IP: Final = Meaning(Class.INET, "a network address")
FREE: Final = Meaning(Class.TEXT, "free text")
COMPANY: Final = Meaning(Class.TEXT, "a company")
LINK: Final = Meaning(Class.IDENTIFIER, "a link")
MONEY: Final = Meaning(Class.ORDERED, "a person's money")
COUNTRY: Final = Meaning(Class.KEEP, "a country")
STATE: Final = Meaning(Class.KEEP, "a state or kind")
MEASURE: Final = Meaning(Class.KEEP, "a measure or a setting")

_MEANINGS: Final = {
    "first_name": FIRST_NAME,
    "last_name": LAST_NAME,
    "full_name": FULL_NAME,
    "city": CITY,
    "email": EMAIL,
    "phone": PHONE,
    "birth": BIRTH,
    "street": STREET,
    "postcode": POSTCODE,
    "login": LOGIN,
    "secret": SECRET,
    "official": OFFICIAL,
    "number": NUMBER,
    "card": CARD,
    "iban": IBAN,
    "address_ip": ADDRESS_IP,
    "free": FREE,
    "company": COMPANY,
    "link": LINK,
    "money": MONEY,
    "country": COUNTRY,
    "state": STATE,
    "measure": MEASURE,
}
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Shorter words inside of a name say too little: `to`, `via`, `cap`.
_LEAST_INSIDE: Final = 5


@dataclass(frozen=True, slots=True)
class _Words:
    """The lists of column_names.json: meanings by name, with and without underscores, and the other words."""

    meanings: Mapping[str, Meaning]
    compact: Mapping[str, Meaning]
    people: frozenset[str]
    names: frozenset[str]
    bookkeeping: frozenset[str]


@cache
def _words() -> _Words:
    path = files("harness.snapshot.anonymize").joinpath("column_names.json")
    lists = json.loads(path.read_text(encoding="utf-8"))
    meanings: dict[str, Meaning] = {}
    for name, words in lists["columns"].items():
        for word in words.split():
            meanings.setdefault(word, _MEANINGS[name])
    compact = {word.replace("_", ""): meaning for word, meaning in meanings.items()}
    rest = {name: frozenset(lists[name].split()) for name in ("people", "names", "bookkeeping")}
    return _Words(meanings, compact, **rest)


def tokens(name: str) -> list[str]:
    """The words in a name, in small letters without accents.

    >>> tokens("billingEMail_2"), tokens("Straße")
    (['billing', 'e', 'mail', '2'], ['strasse'])
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ł", "l").replace("ø", "o"))
    return [part.lower() for part in _PARTS.findall("".join(c for c in plain if not unicodedata.combining(c)))]


def meaning_of(column: str, *, table: str) -> Meaning | None:
    """What the column's name says, None where it says nothing; a bare `name` is a person's in a table of people.

    The longest run of words that is known decides, the last of several: `customer_email_status` is a status.
    """
    known = _words()
    words = [word for word in tokens(column) if not word.isdigit()]
    if (whole := known.compact.get("".join(words))) is not None:
        return whole
    if words and words[-1] in known.names:
        return FULL_NAME if known.people.intersection([*tokens(table.rpartition(".")[2]), *words[:-1]]) else None
    for size in range(len(words), 0, -1):
        for at in range(len(words) - size, -1, -1):
            # The last word says what a thing is; a first one may only say of whom, and short ones say anything.
            run = "_".join(words[at : at + size])
            if run in known.meanings and (at + size == len(words) or (size > 1 and len(run) > _LEAST_INSIDE)):
                return known.meanings[run]
    return None


def is_bookkeeping(column: str) -> bool:
    """Whether a time of this name says when a row was written."""
    words = tokens(column)
    return "_".join(words) in _words().bookkeeping or bool(_words().bookkeeping.intersection(words))


def is_people(table: str) -> bool:
    """Whether a table of this name has a row for each person."""
    return bool(_words().people.intersection(tokens(table.rpartition(".")[2])))
