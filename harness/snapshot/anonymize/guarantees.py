"""What each class promises of the values it makes: what the proofs before a run rest on, and its transforms hold."""

from typing import Final

from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.schema import Column, Schema
from harness.snapshot.anonymize.transforms.compile import suitable_classes

_INJECTIVE: Final = frozenset(
    {
        Class.UNCLASSIFIED,
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
_BINARY: Final = frozenset({"real", "double precision"})
_WORDWISE: Final = frozenset({Class.NAME, Class.TEXT})
_LENGTH_KEPT: Final = _WORDWISE | {
    Class.KEEP,
    Class.IDENTIFIER,
    Class.EMAIL,
    Class.NUMBER,
    Class.UUID,
    Class.LUHN,
    Class.IBAN,
    Class.BYTES,
}
_CHARACTERS_KEPT: Final = frozenset({Class.KEEP, Class.IDENTIFIER, Class.EMAIL})
_LABELS: Final = frozenset({Class.IDENTIFIER, Class.NUMBER, Class.NAME, Class.TEXT})
"""Classes that permute the labels of an enum, or true and false."""

_ANY_TYPE: Final = frozenset({Class.KEEP, Class.NULL, Class.UNCLASSIFIED})


def is_masked(policy: ColumnPolicy) -> bool:
    """Whether values become others."""
    return policy.class_ not in (Class.KEEP, Class.UNCLASSIFIED)


def is_injective(policy: ColumnPolicy, base: str = "") -> bool:
    """Whether different values of the type `base` stay different; what is undecided is found elsewhere.

    Dates do under one shift for all, floating point numbers not, which have more digits than bits.
    """
    if policy.class_ in (Class.NUMBER, Class.IDENTIFIER) and base in _BINARY:
        return False
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
    """Whether the class can be applied to the column's type."""
    if policy.class_ in _ANY_TYPE:
        return True
    if column.base in schema.enums or column.base == "boolean":
        return policy.class_ in _LABELS
    return policy.class_.value in suitable_classes(column.base)


def classes_for(column: Column, schema: Schema) -> str:
    """The classes that can be applied to the column's type, in words."""
    if column.base in schema.enums or column.base == "boolean":
        return "keep, null, identifier"
    return ", ".join(suitable_classes(column.base))
