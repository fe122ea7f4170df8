"""What becomes of one column, as far as its name, its type and sampled values tell: a class, a reason, a confidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.snapshot.anonymize import column_names, detectors
from harness.snapshot.anonymize.column_names import Meaning, is_bookkeeping, is_people, meaning_of
from harness.snapshot.anonymize.detectors import Detector, share
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.propose_json import json_paths
from harness.snapshot.anonymize.schema import Column
from harness.snapshot.anonymize.sql_types import ADDRESSES, DOCUMENTS, NUMBERS, TEXTS, TIMES

_MOST: Final = 0.8
"""The share of values that must fit a form; the rest may be older habits and typing errors."""

_MANY: Final = 0.6
"""The same for names, which no dictionary has all of."""

_FEW_LABELS: Final = 20
_LEAST_REPEATED: Final = 10
"""A list of labels has at most so many, and each stands so often on average."""

_LONGEST_LABEL: Final = 30
_ENOUGH: Final = 5
"""Fewer values say nothing of a form."""

_STRICT: Final[tuple[tuple[Detector, Meaning], ...]] = (
    (detectors.is_email, column_names.EMAIL),
    (detectors.is_uuid, Meaning(Class.UUID, "a UUID")),
    (detectors.is_iban, column_names.IBAN),
    (detectors.is_card, column_names.CARD),
    (detectors.is_address, column_names.ADDRESS_IP),
    (detectors.is_link, column_names.LINK),
    (detectors.is_hash, Meaning(Class.IDENTIFIER, "a digest")),
)
"""Forms that little else has, so that values alone decide."""

_LOOSE: Final[tuple[tuple[Detector, Meaning, float], ...]] = (
    (detectors.is_phone, column_names.PHONE, _MOST),
    (detectors.is_name_of("first_name"), column_names.FIRST_NAME, _MANY),
    (detectors.is_name_of("last_name"), column_names.LAST_NAME, _MANY),
    (detectors.is_name_of("name"), column_names.FULL_NAME, _MANY),
    (detectors.is_name_of("city"), column_names.CITY, _MANY),
    (detectors.is_free_text, column_names.FREE, _MANY),
    (detectors.is_code, column_names.NUMBER, _MOST),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a column besides itself: its table's name, whether its values are a key, sampled values."""

    table: str
    key: bool
    values: tuple[bytes, ...]


def propose_column(column: Column, facts: Facts) -> ColumnPolicy:
    """The class for a column that refers to nothing and is not in a list of its own; undecided is unclassified."""
    base = column.base
    if base in TEXTS:
        return _text(column, facts)
    if base in DOCUMENTS:
        return _document(column, facts)
    if base == "uuid":
        return _policy(column, Class.UUID, "a UUID may name a row in other systems too", 0.8)
    if base in ADDRESSES:
        return _policy(column, Class.INET, "a network address", 0.9)
    if base == "bytea":
        return _policy(column, Class.BYTES, "bytes can hold anything", 0.7)
    if base in NUMBERS:
        return _number(column, facts)
    if base in TIMES:
        return _time(column, facts)
    if base in ("boolean", "interval", '"char"', "bit", "bit varying") or base.startswith("time "):
        return _policy(column, Class.KEEP, f"a value of type {base} identifies nobody by itself", 0.7)
    return _policy(column, Class.UNCLASSIFIED, f"nothing is known of the type {base}", None)


def _text(column: Column, facts: Facts) -> ColumnPolicy:
    values = detectors.texts(facts.values)
    named = meaning_of(column.name, table=facts.table)
    seen, part = _looks_like(values)
    if seen is not None and any(seen is meaning for _, meaning in _STRICT):
        agrees = named is not None and named.class_ is seen.class_
        return _meant(column, facts, seen, _shares(part, seen, named if agrees else None), 0.98 if agrees else 0.9)
    if named is not None and named.class_ is not Class.KEEP:
        if seen is not None and seen.class_ is named.class_:
            return _meant(column, facts, named, _shares(part, seen, named), 0.95)
        return _meant(column, facts, named, f"by its name {named.words}", 0.8)
    if labels := _labels(values, named=named is not None):
        words = f"all rows looked at share {labels} value{'s' if labels > 1 else ''}"
        return _policy(column, Class.KEEP, f"{words}: a state or kind", 0.85 if named else 0.6)
    if named is column_names.COUNTRY:
        return _policy(column, Class.KEEP, f"by its name {named.words}, which identifies nobody by itself", 0.7)
    if seen is not None:
        return _meant(column, facts, seen, _shares(part, seen, None), 0.7)
    if named is not None and not values:
        return _policy(column, Class.KEEP, f"by its name {named.words}", 0.5)
    what = "neither name nor values tell" if values else "its name does not tell, and there are no values"
    return _policy(column, Class.UNCLASSIFIED, what, None)


def _number(column: Column, facts: Facts) -> ColumnPolicy:
    named = meaning_of(column.name, table=facts.table)
    if column.identity or "nextval(" in (column.default or ""):
        return _policy(column, Class.KEEP, "a surrogate key from a sequence identifies nobody by itself", 0.9)
    if named is column_names.MONEY:
        money = Class.NUMBER if column.base in ("money", "real", "double precision") else Class.ORDERED
        return _policy(column, money, f"by its name {named.words}", 0.7)
    if named is not None and named.class_ is Class.KEEP:
        return _policy(column, Class.KEEP, f"by its name {named.words}, which identifies nobody by itself", 0.7)
    if named is not None:
        return _policy(column, Class.NUMBER, f"by its name {named.words}", 0.8)
    if facts.key:
        return _policy(column, Class.KEEP, "a key without a meaning in its name, taken for a surrogate", 0.6)
    if _labels(detectors.texts(facts.values), named=False):
        return _policy(column, Class.KEEP, "few different numbers: a state or kind", 0.6)
    return _policy(column, Class.UNCLASSIFIED, "a number whose name does not tell what it counts", None)


def _time(column: Column, facts: Facts) -> ColumnPolicy:
    named = meaning_of(column.name, table=facts.table)
    if named is column_names.BIRTH:
        return _policy(column, Class.DATE, f"by its name {named.words}", 0.95)
    if is_bookkeeping(column.name) or (column.default or "").lower().startswith(("now()", "current_")):
        return _policy(column, Class.KEEP, "says when a row was written", 0.8)
    years = [int(text[:4]) for text in detectors.texts(facts.values) if text[:4].isdigit()]
    if column.base == "date" and is_people(facts.table) and years and max(years) - min(years) > _LIVES_YEARS:
        return _policy(column, Class.DATE, "dates of people over more than one generation", 0.6)
    if column.name.lower().endswith(("_at", "_on", "_time", "_date", "date")):
        return _policy(column, Class.KEEP, "says when something happened", 0.5)
    return _policy(column, Class.UNCLASSIFIED, "a time whose name does not tell what happened", None)


_LIVES_YEARS: Final = 40


def _document(column: Column, facts: Facts) -> ColumnPolicy:
    paths = json_paths(facts.values, leaf=lambda name, values: _text(_leaf(name), Facts(facts.table, False, values)))
    reason = f"{len(paths) - 1} paths seen, others word by word"
    return ColumnPolicy(class_=Class.JSON, type=column.type, paths=paths, reason=reason, confidence=0.6)


def _leaf(name: str) -> Column:
    return Column(name=name, type="text", base="text")


def _looks_like(values: Sequence[str]) -> tuple[Meaning | None, float]:
    if len(values) < _ENOUGH:
        return None, 0.0
    for fits, meaning in _STRICT:
        if (part := share(fits, values)) >= _MOST:
            return meaning, part
    for fits, meaning, least in _LOOSE:
        if (part := share(fits, values)) >= least:
            return meaning, part
    return None, 0.0


def _labels(values: Sequence[str], *, named: bool) -> int:
    """How many labels the values repeat; 0 where they are no list of labels."""
    different = set(values)
    repeated = len(different) * (2 if named else _LEAST_REPEATED) <= len(values)
    short = all(len(value) <= _LONGEST_LABEL for value in different)
    return len(different) if different and repeated and short and len(different) <= _FEW_LABELS else 0


def _meant(column: Column, facts: Facts, meaning: Meaning, reason: str, confidence: float) -> ColumnPolicy:
    class_, dictionary = meaning.class_, meaning.dictionary
    if facts.key and class_ in (Class.NAME, Class.TEXT):
        # Words change one to one, whole texts are not promised to.
        class_, dictionary, reason = Class.IDENTIFIER, "", f"{reason}; unique, so no dictionary"
    if class_ is Class.DATE:
        class_ = Class.IDENTIFIER  # written as text, in a form that nothing says
    return ColumnPolicy(
        class_=class_, type=column.type, dictionary=dictionary, reason=reason, confidence=round(confidence, 2)
    )


def _shares(part: float, seen: Meaning, named: Meaning | None) -> str:
    looks = f"{part:.0%} of the values look like {seen.words}".replace("%", " %")
    return f"name; {looks}" if named is not None else looks


def _policy(column: Column, class_: Class, reason: str, confidence: float | None) -> ColumnPolicy:
    return ColumnPolicy(class_=class_, type=column.type, reason=reason, confidence=confidence)
