"""Sequences while a schema is read: which columns take their numbers from each, and how far it may go."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from harness.snapshot.anonymize.schema import Column, Sequence
from harness.snapshot.anonymize.sql_trees import object_name, table_name
from harness.snapshot.anonymize.sql_types import type_text, unquoted

LARGEST: Final = {"smallint": (1 << 15) - 1, "integer": (1 << 31) - 1, "bigint": (1 << 63) - 1}
"""The largest number of each integer type (manual, 8.1.1)."""

_NEXTVAL: Final = re.compile(r"\bnextval\('(?P<name>(?:[^']|'')+)'")
Place = tuple[str, str]


@dataclass(slots=True)
class SequenceDraft:
    """What CREATE SEQUENCE, an owner or an identity column said."""

    type: str = "bigint"
    most: int | None = None
    columns: list[Place] = field(default_factory=list)


Sequences = dict[str, SequenceDraft]


def take_sequence(found: Sequences, node: Any) -> None:
    """CREATE SEQUENCE and ALTER SEQUENCE: type, limit, owner."""
    _take_options(found, table_name(node.sequence), node.options)


def take_identity(found: Sequences, place: Place, constraint: Any) -> None:
    """An identity column: the sequence that its options name, else the one PostgreSQL would make."""
    named = [one.def_elem for one in constraint.options if one.def_elem.defname == "sequence_name"]
    name = object_name(named[0].arg.list.items) if named else f"{place[0]}_{place[1]}_seq"
    _take_options(found, name, constraint.options)
    found[name].columns.append(place)


def finished_sequences(found: Sequences, columns: dict[Place, Column]) -> dict[str, Sequence]:
    """The sequences by name, with the columns whose defaults draw from them; limits are also the columns' types'."""
    for place, column in columns.items():
        for match in _NEXTVAL.finditer(column.default or ""):
            found.setdefault(sequence_name(match["name"]), SequenceDraft()).columns.append(place)
    return {name: _finished(name, draft, columns) for name, draft in sorted(found.items())}


def sequence_name(literal: str) -> str:
    """ "schema.name" of what a regclass literal in SQL names.

    >>> sequence_name('public."User_id_seq"'), sequence_name("users_id_seq")
    ('public.User_id_seq', 'public.users_id_seq')
    """
    name = unquoted(literal.replace("''", "'"))
    return name if "." in name else f"public.{name}"


def _finished(name: str, draft: SequenceDraft, columns: dict[Place, Column]) -> Sequence:
    there = tuple(place for place in dict.fromkeys(draft.columns) if place in columns)
    limits = [LARGEST[draft.type] if draft.most is None else draft.most]
    limits += [LARGEST[columns[place].base] for place in there if columns[place].base in LARGEST]
    return Sequence(name=name, columns=there, most=min(limits))


def _take_options(found: Sequences, name: str, options: Any) -> None:
    draft = found.setdefault(name, SequenceDraft())
    for option in (wrapped.def_elem for wrapped in options):
        if option.defname == "as":
            draft.type = type_text(option.arg.type_name)
        elif option.defname == "maxvalue" and option.HasField("arg"):
            kind = str(option.arg.WhichOneof("node"))
            number = option.arg.integer.ival if kind == "integer" else option.arg.float.fval
            draft.most = int(number)
        elif option.defname == "owned_by" and len(option.arg.list.items) > 1:
            *table, column = option.arg.list.items
            draft.columns.append((object_name(table), str(column.string.sval)))
