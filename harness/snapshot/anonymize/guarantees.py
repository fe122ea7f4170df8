"""What each class promises of the values it makes: what the proofs before a run rest on, and its transforms hold."""

from typing import Final

from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.schema import Column, Schema
from harness.snapshot.anonymize.sql_types import ADDRESSES, DOCUMENTS, INTEGERS, NUMBERS, TEXTS, TIMES, plain_type

_INJECTIVE: Final = frozenset(
    {
        Class.KEEP,
        Class.IDENTIFIER,
        Class.EMAIL,
        Class.NUMBER,
        Class.ORDERED,
        Class.UUID,
        Class.LUHN,
        Class.IBAN,
        Class.INET,
    }
)
_WORDWISE: Final = frozenset({Class.NAME, Class.TEXT})
_LENGTH_KEPT: Final = _WORDWISE | {
    Class.KEEP,
    Class.IDENTIFIER,
    Class.EMAIL,
    Class.NUMBER,
    Class.UUID,
    Class.LUHN,
    Class.IBAN,
}
_CHARACTERS_KEPT: Final = frozenset({Class.KEEP, Class.IDENTIFIER, Class.EMAIL})
_TEXTUAL: Final = TEXTS | {"xml"}

_TYPES: Final[dict[Class, frozenset[str]]] = {
    Class.IDENTIFIER: TEXTS | {"boolean", '"char"'},
    Class.EMAIL: TEXTS,
    Class.NUMBER: NUMBERS | TEXTS,
    Class.ORDERED: NUMBERS,
    Class.DATE: TIMES | TEXTS,
    Class.UUID: TEXTS | {"uuid"},
    Class.LUHN: TEXTS | INTEGERS | {"numeric"},
    Class.IBAN: TEXTS,
    Class.NAME: TEXTS,
    Class.TEXT: _TEXTUAL,
    Class.JSON: DOCUMENTS | TEXTS,
    Class.INET: ADDRESSES | TEXTS,
    Class.BYTES: frozenset({"bytea"}),
    Class.FAKER: TEXTS,
}


def is_masked(policy: ColumnPolicy) -> bool:
    """Whether values become others."""
    return policy.class_ not in (Class.KEEP, Class.UNCLASSIFIED)


def is_injective(policy: ColumnPolicy) -> bool:
    """Whether different values stay different; dates do under one shift for all."""
    return policy.class_ in _INJECTIVE or (policy.class_ is Class.DATE and not policy.subject)


def is_wordwise(policy: ColumnPolicy) -> bool:
    """Whether words change one to one, but texts as a whole are not promised to."""
    return policy.class_ in _WORDWISE


def keeps_length(policy: ColumnPolicy) -> bool:
    """Whether a value keeps its length, in characters and in bytes."""
    return policy.class_ in _LENGTH_KEPT


def keeps_characters(policy: ColumnPolicy) -> bool:
    """Whether letters stay letters of their case, digits digits, and everything else what it is, place by place."""
    return policy.class_ in _CHARACTERS_KEPT


def suits(policy: ColumnPolicy, column: Column, schema: Schema) -> bool:
    """Whether the class can be applied to the column's type; enums are kept or permuted as identifiers."""
    kinds = _TYPES.get(policy.class_)
    if kinds is None:
        return True
    if column.base in schema.enums:
        return policy.class_ is Class.IDENTIFIER
    return plain_type(column.base).rpartition(".")[2] in kinds or column.base in kinds


def types_of(policy: ColumnPolicy) -> str:
    """The types a class can be applied to, in words."""
    return ", ".join(sorted(_TYPES.get(policy.class_, frozenset()) - {"public.citext"}))
