"""The policy: what becomes of each column. A file in TOML, reviewed in git; what it does not name stops the run."""

from enum import Enum

import msgspec


class Class(Enum):
    """What a column holds, and so how it is transformed; `unclassified` stops the run."""

    UNCLASSIFIED = "unclassified"
    KEEP = "keep"
    NULL = "null"
    IDENTIFIER = "identifier"  # text of letters and digits: length- and class-preserving bijection
    EMAIL = "email"  # the same, local part and domain apart
    NUMBER = "number"  # a permutation of the integers of the same length, order not kept
    ORDERED = "ordered"  # numbers with their order kept
    DATE = "date"  # a shift, one per subject or one for all
    UUID = "uuid"
    LUHN = "luhn"  # card numbers and others with a Luhn check digit
    IBAN = "iban"
    NAME = "name"  # a dictionary by keyed rank: `dictionary` says which
    TEXT = "text"  # word by word, lengths kept
    JSON = "json"  # by path: `paths`
    INET = "inet"  # prefix-preserving
    BYTES = "bytes"  # the same length, about the same compressibility
    FAKER = "faker"  # a provider of Faker by name: `provider`


class ColumnPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column. `type` is its SQL type when the policy was reviewed: a change stops the run.

    Columns of one `domain` share a key, so that equal values stay equal; "" is a domain of the column's own, and
    foreign keys join their columns' domains whatever is written. `reason` and `confidence` (0 to 1) are `--init`'s.
    """

    class_: Class = msgspec.field(name="class")
    type: str = ""
    domain: str = ""
    subject: str = ""
    dictionary: str = ""
    provider: str = ""
    paths: dict[str, "ColumnPolicy"] = {}
    reason: str = ""
    confidence: float | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file: tables by "schema.name", each with its columns; `references` are foreign keys nobody declared.

    `references` maps "schema.table.column" (or "schema.table.column:json.path") to the column it refers to.
    `allowed_leaks` maps a place ("schema.table.column", or "schema" for the archive's own texts) to the masked columns
    whose original values may stand there, because they are ordinary words too.
    """

    version: int = 1
    tables: dict[str, dict[str, ColumnPolicy]] = {}
    references: dict[str, str] = {}
    allowed_leaks: dict[str, list[str]] = {}
