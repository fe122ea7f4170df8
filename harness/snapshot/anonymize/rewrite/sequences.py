"""Sequences set ahead of the masked numbers they gave: else the first INSERT after a restore meets a key that is there.

No row is read for it. `number`, `identifier` and `luhn` keep the count of digits and stay within the integer type they
were in, `ordered` grows with the value: so what a sequence has given so far bounds what its masked numbers can be.
"""

import re
from dataclasses import replace
from typing import Final

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.domains import complete_policy
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, Policy
from harness.snapshot.anonymize.rewrite.contents import Contents
from harness.snapshot.anonymize.rewrite.toc import Entry, write_toc
from harness.snapshot.anonymize.schema import Schema, Sequence
from harness.snapshot.anonymize.schema_sequences import LARGEST, Place, sequence_name
from harness.snapshot.anonymize.sql_types import INTEGERS, plain_type
from harness.snapshot.anonymize.transforms.compile import compile_transform

# As pg_dump writes it, always on a line of its own; one that has given no number yet ("false") stays where it is.
_SETVAL: Final = re.compile(
    rb"^(?P<head>SELECT pg_catalog\.setval\('(?P<name>(?:[^'\n]|'')+)', )(?P<at>-?\d+)(?P<tail>, true\);)", re.MULTILINE
)
_NUMERIC: Final = INTEGERS | {"numeric"}
_SAME: Final = frozenset({Class.KEEP, Class.NULL, Class.UNCLASSIFIED})


class Sequences:
    """Moves the sequences of one dump; `moved` are the names of those it has moved."""

    def __init__(self, policy: Policy, schema: Schema, keys: Keys) -> None:
        self._policy = complete_policy(policy, schema)
        self._schema = schema
        self._keys = keys
        self.moved: set[str] = set()

    def move(self, contents: Contents, *, packing: str) -> Contents:
        """The table of contents with the positions that fit; its bytes stay where none has to change."""
        entries = tuple(self._entry(entry) for entry in contents.toc.entries)
        if not self.moved:
            return contents
        toc = replace(contents.toc, entries=entries)
        raw = write_toc(toc, compression=packing)
        return replace(contents, toc=toc, raw=raw, moved=tuple(sorted(self.moved)))

    def ahead(self, sql: bytes) -> bytes:
        """SQL with its setval() calls moved. SnapshotError where a sequence would have no number left to give."""
        return _SETVAL.sub(self._moved, sql)

    def _entry(self, entry: Entry) -> Entry:
        if entry.kind != b"SEQUENCE SET":
            return entry
        return replace(entry, definition=self.ahead(entry.definition or b""))

    def _moved(self, match: re.Match[bytes]) -> bytes:
        sequence = self._schema.sequences.get(sequence_name(match["name"].decode("utf-8", "replace")))
        at = int(match["at"])
        furthest = max((self._furthest(place, at) for place in sequence.columns), default=at) if sequence else at
        if sequence is None or furthest <= at:
            return match[0]
        _refuse_exhausted(sequence, at, furthest)
        self.moved.add(sequence.name)
        return match["head"] + b"%d" % furthest + match["tail"]

    def _furthest(self, place: Place, at: int) -> int:
        """The largest number that a value up to `at` can become in the column."""
        policy = self._policy.tables.get(place[0], {}).get(place[1])
        column = self._schema.tables[place[0]].column(place[1])
        if policy is None or policy.class_ in _SAME or plain_type(column.base) not in _NUMERIC or at <= 0:
            return at
        if policy.class_ is Class.ORDERED:
            transform = compile_transform(policy, column=column, domain=policy.domain, keys=self._keys)
            return int(transform(b"%d" % at))
        return largest_alike(at)


def largest_alike(number: int) -> int:
    """The largest number with as many digits that lies within the same integer type.

    >>> largest_alike(7), largest_alike(84_149), largest_alike(12_000), largest_alike(1_500_000_000)
    (9, 99999, 32767, 2147483647)
    """
    digits = len(str(number))
    edges = [edge for edge in LARGEST.values() if len(str(edge)) == digits and number <= edge]
    return int(edges[0] if edges else 10**digits - 1)


def _refuse_exhausted(sequence: Sequence, at: int, furthest: int) -> None:
    if furthest < sequence.most:
        return
    columns = ", ".join(".".join(place) for place in sequence.columns)
    raise SnapshotError(
        f"the sequence {sequence.name} stands at {at:,}; masked, its numbers in {columns} may reach {furthest:,}, and "
        f"it ends at {sequence.most:,}: new rows would get no key",
        hint='keep the column, or give it the class "ordered"',
    )
