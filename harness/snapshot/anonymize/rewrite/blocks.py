"""Blocks of whole lines of a table's data: originals collected, values transformed, outputs looked through."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress
from operator import eq
from typing import Any, Protocol, runtime_checkable

import numpy as np

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.copytext import NULL, block_of, columns_of, decode, encode, transform_fields
from harness.snapshot.anonymize.leaks import Originals, original_hashes
from harness.snapshot.anonymize.policy import Class
from harness.snapshot.anonymize.rewrite.plan import ColumnPlan, TablePlan
from harness.snapshot.anonymize.spill import BY_NUMPY
from harness.snapshot.anonymize.tokens import Hashes
from harness.snapshot.anonymize.transform import Transform

Compiler = Callable[[ColumnPlan], Transform]
"""Makes the transform of a masked column."""


@runtime_checkable
class BySubject(Protocol):
    """A transform that can also depend on the value of another column."""

    def for_subject(self, value: bytes, subject: bytes | None) -> bytes:
        """What stands for `value` of a subject."""
        ...


_TAB, _NEWLINE, _DELIMITERS = 9, 10, 2
# What COPY escapes (CopyAttributeOutText).
_SPECIAL = b"\b\f\n\r\t\v\\"
_NO_HASHES: Hashes = np.empty(0, dtype=np.uint64)


@dataclass(slots=True)
class Collected:
    """The distinct originals of a block, by masked column's number, with the most compounds of one."""

    originals: dict[int, tuple[Hashes, int]] = field(default_factory=dict)
    rows: int = 0

    def add(self, more: "Collected") -> None:
        """Join another block's."""
        self.rows += more.rows
        for number, (hashes, phrase) in more.originals.items():
            known, most = self.originals.get(number, (_NO_HASHES, 0))
            self.originals[number] = (np.concatenate((known, hashes)), max(most, phrase))


@dataclass(slots=True)
class Rewritten:
    """A block's rows as they are now; `found` by place and number of the masked column, `unchanged` by number."""

    data: bytes = b""
    rows: int = 0
    found: Counter[tuple[str, int]] = field(default_factory=Counter)
    unchanged: dict[int, Hashes] = field(default_factory=dict)

    def add(self, more: "Rewritten") -> None:
        """Join another block's counts; the data is the caller's."""
        self.rows += more.rows
        self.found.update(more.found)
        merge_unchanged(self.unchanged, more.unchanged)


class Blocks:
    """Works on blocks of lines; holds the compiled transforms and the originals.

    `originals` is None until they are collected, or where no leak check is wanted; `sorting` sorts them.
    """

    sorting = BY_NUMPY

    def __init__(self, compiler: Compiler, *, key: bytes, originals: Originals | None = None) -> None:
        self._compiler = compiler
        self._key = key
        self._originals = originals
        self._compiled: dict[int, Transform] = {}

    def collect(self, table: TablePlan, block: bytes) -> Collected:
        """The originals in a block of `table`."""
        columns = _split(table, block)
        out = Collected(rows=len(columns[0]) if columns else 0)
        for plan, fields in zip(table.columns, columns, strict=True):
            if plan.masked and plan.text:
                hashes, phrase = original_hashes(self._values(table, plan, fields), key=self._key)
                if len(hashes):
                    out.originals[plan.number] = (hashes, phrase)
        return out

    def rewrite(self, table: TablePlan, block: bytes) -> Rewritten:
        """The block with its masked columns transformed. SnapshotError names the column that cannot be."""
        if not self._is_looked_at(table):
            return Rewritten(block, rows=block.count(b"\n"))
        # A range in the middle of a long line holds no row; a table without columns has rows and nothing to change.
        if not block:
            return Rewritten()
        columns = _split(table, block)
        # A date moves with its subject's original, which may itself be masked by then.
        originals = list(columns)
        out = Rewritten(rows=len(columns[0]) if columns else 0)
        for at, plan in enumerate(table.columns):
            if plan.masked:
                before = columns[at]
                subjects = originals[table.place(plan.policy.subject)] if plan.policy.subject else None
                columns[at] = self._transformed(table, plan, before, subjects)
                self._check_masked(table, plan, before, columns[at], out)
            elif plan.text and self._originals is not None:
                self._found(f"{table.name}.{plan.name}", self._originals.in_fields(columns[at]), out)
        masked = any(plan.masked for plan in table.columns)
        out.data = block_of(columns) if masked else block
        return out

    def _is_looked_at(self, table: TablePlan) -> bool:
        return any(plan.masked or (plan.text and self._originals is not None) for plan in table.columns)

    def _transform_of(self, plan: ColumnPlan) -> Transform:
        if plan.number not in self._compiled:
            self._compiled[plan.number] = self._compiler(plan)
        return self._compiled[plan.number]

    def _transformed(
        self, table: TablePlan, plan: ColumnPlan, fields: list[bytes], subjects: list[bytes] | None = None
    ) -> list[bytes]:
        if plan.policy.class_ is Class.NULL:
            return [NULL] * len(fields)
        transform = self._transform_of(plan)
        try:
            if subjects is not None and isinstance(transform, BySubject):
                return _by_subject(transform, fields, subjects)
            return _transform(transform, fields)
        except ValueError as error:
            # UnicodeDecodeError and its like quote what they could not read; a transform's own message does not.
            told = str(error) if type(error) is ValueError else "a value is not of the form that its class says"
            raise SnapshotError(
                f"{table.name}.{plan.name} cannot be transformed as {plan.policy.class_.value}: {told}",
                hint="give the column another class in the policy",
            ) from None

    def _values(self, table: TablePlan, plan: ColumnPlan, fields: list[bytes]) -> list[bytes]:
        """What of a masked column is original: whole fields, elements of arrays, leaves of JSON that change."""
        if plan.by_leaf:
            after = self._transformed(table, plan, fields)
            pairs = zip(fields, after, strict=True)
            return [leaf for old, new in pairs if old != new for leaf in _changed_leaves(old, new)]
        if plan.elements:
            return [element for value in fields for element in _elements(value)]
        return [value for value in fields if value != NULL] if NULL in fields else fields

    def _check_masked(
        self, table: TablePlan, plan: ColumnPlan, before: list[bytes], after: list[bytes], out: Rewritten
    ) -> None:
        if self._originals is None or not plan.text:
            return
        if not plan.by_leaf:
            same = [value for value in compress(before, map(eq, before, after)) if value != NULL]
            if same:
                hashes, _ = original_hashes(same, key=self._key)
                out.unchanged[plan.number] = hashes
        if plan.policy.class_ in LEAVES_PARTS:
            # What a text has made of another word of the same row is no part that it left.
            in_place = plan.policy.class_ is Class.TEXT
            hits = self._originals.in_fields(after, left_of=before, in_place=in_place)
            # Its own values are counted as unchanged ones; a word of one text is no whole original of another.
            hits.pop(plan.number, None)
            self._found(f"{table.name}.{plan.name}", hits, out)

    def _found(self, place: str, hits: Mapping[int, int], out: Rewritten) -> None:
        for number, count in hits.items():
            out.found[place, number] += count


def _by_subject(transform: BySubject, fields: list[bytes], subjects: list[bytes]) -> list[bytes]:
    decoded = [(decode(field), decode(subject)) for field, subject in zip(fields, subjects, strict=True)]
    return [NULL if value is None else encode(transform.for_subject(value, subject)) for value, subject in decoded]


LEAVES_PARTS = frozenset({Class.JSON, Class.TEXT, Class.FAKER})
"""Of these a transform may leave parts as they were; all others make each value anew."""


def merge_unchanged(into: dict[int, Hashes], more: Mapping[int, Hashes]) -> None:
    """Add distinct unchanged values to those known."""
    for number, hashes in more.items():
        into[number] = np.union1d(into.get(number, _NO_HASHES), hashes)


def _split(table: TablePlan, block: bytes) -> list[list[bytes]]:
    if not block:
        return [[] for _ in table.columns]
    width = len(table.columns)
    if _even(block, width=width):
        fields = block[:-1].replace(b"\n", b"\t").split(b"\t")
        return [fields[at::width] for at in range(width)]
    try:
        return columns_of(block, width=width)
    except ValueError as error:
        raise SnapshotError(
            f"the data of {table.name} does not fit its {len(table.columns)} columns: {error}",
            hint="make the dump anew with pg_dump",
        ) from None


def _even(block: bytes, *, width: int) -> bool:
    """Whether each line has `width` fields: every so many-th delimiter, and no other, ends a line."""
    data = np.frombuffer(block, dtype=np.uint8)
    # Tab and newline are 9 and 10, and what is below wraps around.
    delimiters = data[data - np.uint8(_TAB) < _DELIMITERS]
    if len(delimiters) % width or not block.endswith(b"\n"):
        return False
    ends = delimiters.reshape(-1, width)
    return bool((ends[:, :-1] == _TAB).all() and (ends[:, -1] == _NEWLINE).all())


def _transform(transform: Transform, fields: list[bytes]) -> list[bytes]:
    """`transform_fields`, short where no field is escaped but for NULLs."""
    joined = b"".join(fields)
    escapes = joined.count(b"\\")
    nulls = fields.count(NULL) if escapes else 0
    if escapes != nulls:
        return transform_fields(transform, fields)
    made = transform.many([field for field in fields if field != NULL] if nulls else fields)
    text = b"".join(made)
    if len(text.translate(None, _SPECIAL)) != len(text):
        made = [encode(value) for value in made]
    if not nulls:
        return made
    following = iter(made)
    return [NULL if field == NULL else next(following) for field in fields]


def _changed_leaves(old: bytes, new: bytes) -> Iterator[bytes]:
    before, after = decode(old), decode(new)
    if before is None:
        return
    try:
        was = json.loads(before)
        now = json.loads(after) if after is not None else None
    except ValueError:
        yield old
        return
    yield from (encode(leaf.encode("utf-8", "surrogatepass")) for leaf in _different(was, now))


def _different(was: Any, now: Any) -> Iterator[str]:
    if isinstance(was, str):
        if was != now:
            yield was
    elif isinstance(was, dict):
        for name, value in was.items():
            yield from _different(value, now.get(name) if isinstance(now, dict) else None)
    elif isinstance(was, list):
        others = now if isinstance(now, list) and len(now) == len(was) else [None] * len(was)
        for value, other in zip(was, others, strict=True):
            yield from _different(value, other)


def _elements(field: bytes) -> Iterable[bytes]:
    """The elements of an array in COPY's text: unquoted, escapes of the array taken off (manual, 8.15.2)."""
    value = decode(field)
    if value is None:
        return
    at, size = value.find(b"{") + 1, len(value)
    while at < size:
        sign = value[at : at + 1]
        if sign in b"{},":
            at += 1
            continue
        piece = bytearray()
        quoted = sign == b'"'
        at += quoted
        while at < size and (value[at : at + 1] != b'"' if quoted else value[at] not in b",}"):
            at += value[at : at + 1] == b"\\"
            piece += value[at : at + 1]
            at += 1
        at += quoted
        yield encode(bytes(piece))
