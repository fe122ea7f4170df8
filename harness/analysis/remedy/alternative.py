"""The safer migration: the same change, each statement that was found unsafe in the form that is not."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import postgast
from postgast import pg_query_pb2 as pb

from harness.analysis.facts import Facts
from harness.analysis.judgement import Finding, Level
from harness.analysis.remedy.reasons import DEADLOCK, NEEDS_A_PERSON, SPLITS, WAITS
from harness.analysis.remedy.record import Handled
from harness.analysis.remedy.safer import referencing_index, safer_way
from harness.analysis.remedy.steps import LOCK_TIMEOUT, Known, Piece, timed
from harness.analysis.remedy.tree import altered_columns
from harness.model.words import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One statement of the migration as its file has it; `id` is "" for transaction control.

    `transaction` is the same for the statements of one transaction, each of its own outside of any. `ties`: it means
    something only inside its transaction (LOCK TABLE, a cursor, a savepoint).
    """

    id: str
    direction: Direction
    step: str
    text: str
    transaction: int
    ties: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The safer migration: SQL by step each way, what became of each finding, and the new id of each old statement."""

    up: dict[str, str]
    down: dict[str, str]
    handled: tuple[Handled, ...]
    ids: dict[str, str]

    @property
    def is_different(self) -> bool:
        """Whether it does anything about any finding."""
        return any(not one.why for one in self.handled)


@dataclass(slots=True)
class _Writing:
    """A script under way; `reasons` by statement id."""

    facts: Facts
    findings: Sequence[Finding]
    reasons: dict[str, str] = field(default_factory=dict)
    first: list[tuple[str, str]] = field(default_factory=list)
    """Each old statement's id and the text that its place in the script begins with."""


_UNBOUNDS = re.compile(
    r"reset\s+lock_timeout|set\s+(session\s+)?lock_timeout\s*(=|\bto\b)\s*('?0+\s*(ms|s|min)?'?|default)",
    re.IGNORECASE,
)
"""What would let later statements wait for locks without end."""


def alternative(planned: Sequence[Planned], facts: Facts, findings: Iterable[Finding]) -> Alternative:
    """The alternative to a migration; findings that were accepted, and notes, are left as they are."""
    open_ = [f for f in findings if f.accepted is None and f.level is not Level.NOTE]
    writing = _Writing(facts, open_)
    up = _scripts([one for one in planned if one.direction is Direction.UP], writing)
    added = list(_missing_indexes(facts, open_))
    if added and up:
        last = list(up)[-1]
        up[last] = _joined([up[last].rstrip("\n"), *timed(piece for piece, _ in added)])
    back = _Writing(facts, open_)
    down = _scripts([one for one in planned if one.direction is Direction.DOWN], back)
    if added and down:
        first = next(iter(down))
        down[first] = _joined([*timed(piece for _, piece in added), down[first].rstrip("\n")])
    reasons = {**writing.reasons, **back.reasons}
    handled = tuple(_handled(finding, reasons, bounded=bool(up)) for finding in open_)
    return Alternative(up=up, down=down, handled=handled, ids=_new_ids(up, writing.first))


def _handled(finding: Finding, reasons: dict[str, str], *, bounded: bool) -> Handled:
    name = finding.hazard.name
    if name in SPLITS or (name == DEADLOCK and finding.statement in reasons):
        why = reasons.get(finding.statement, "it belongs to no statement")
    elif (name in WAITS and bounded) or name == "fk_without_index":
        why = ""
    else:
        why = NEEDS_A_PERSON.get(name, "it needs a person to decide")
    return Handled(
        statement=finding.statement, hazard=name, title=finding.title, fingerprint=finding.fingerprint, why=why
    )


def _scripts(planned: Sequence[Planned], writing: _Writing) -> dict[str, str]:
    scripts = {}
    for step, statements in groupby(planned, key=lambda one: one.step):
        pieces: list[Piece] = []
        for _, group in groupby(statements, key=lambda one: one.transaction):
            pieces += _group(list(group), writing)
        scripts[step] = _joined(timed(pieces, bounded=None))
    return scripts


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"


def _group(group: list[Planned], writing: _Writing) -> Iterator[Piece]:
    """The pieces of one transaction: as it is, or each of its statements by itself."""
    numbered = [one for one in group if one.id]
    answered = SPLITS | {DEADLOCK} if len(numbered) > 1 else SPLITS
    heavy = {f.statement for f in writing.findings if f.hazard.name in answered} & {one.id for one in numbered}
    tied = _tied(group, numbered)
    if not heavy or tied:
        writing.reasons.update(dict.fromkeys(heavy, tied))
        yield from _kept(group, writing)
        return
    for one in numbered:
        pieces = _safer(one, writing, heavy=one.id in heavy, alone=len(numbered) == 1)
        writing.first.append((one.id, pieces[0].sql))
        yield from pieces


def _tied(group: list[Planned], numbered: list[Planned]) -> str:
    """Why the statements of a transaction cannot be done one by one, "" where they can."""
    tied = next((one for one in group if one.ties), None)
    if tied is not None and len(group) > 1:
        return f"{_words(tied.text)} ties its transaction together"
    steps = [altered_columns(one.text) for one in numbered]
    retyped = (altered_columns(one.text, retyped=True) for one in numbered)
    for table, column in sorted(frozenset().union(*retyped)):
        if sum((table, column) in columns for columns in steps) > 1:
            return f"its transaction changes the type and the default of {table}.{column}, which fit nobody in between"
    return ""


def _safer(one: Planned, writing: _Writing, *, heavy: bool, alone: bool) -> list[Piece]:
    if not heavy:
        return [_as_it_is(one.text)]
    work = next((s.work for s in writing.facts.statements if s.id == one.id), "")
    way = safer_way(one.text, Known(work=work, tables=writing.facts.tables))
    if way.is_mechanical:
        writing.reasons[one.id] = ""
        return list(way.pieces)
    nothing = "" if not alone else "there is no other form of this statement"
    writing.reasons[one.id] = way.why or nothing
    return [_as_it_is(one.text)]


def _kept(group: list[Planned], writing: _Writing) -> Iterator[Piece]:
    """A transaction as one piece; a single statement without BEGIN and COMMIT."""
    numbered = [one for one in group if one.id]
    writing.first += [(one.id, one.text) for one in numbered]
    if len(numbered) == 1 and not any(one.ties for one in group):
        yield _as_it_is(numbered[0].text)
        return
    inner = [one.text for one in group if one.id or one.ties]
    if inner:
        yield Piece(sql=";\n".join(["BEGIN", *inner, "COMMIT"]))


def _as_it_is(text: str) -> Piece:
    """A statement outside of the transaction it had: SET LOCAL would mean nothing there; a bound is not taken away."""
    bound = f"SET lock_timeout = '{LOCK_TIMEOUT}'"
    if _UNBOUNDS.fullmatch(text.strip()):
        return Piece(sql=bound)
    if " ".join(text.upper().split()) in ("RESET ALL", "DISCARD ALL"):
        return Piece(sql=f"{text};\n{bound}")
    words = text.split(None, 2)
    if [word.upper() for word in words[:2]] == ["SET", "LOCAL"]:
        text = f"SET {words[2]}"
    return Piece(sql=text, patient="CONCURRENTLY" in text.upper())


def _new_ids(up: dict[str, str], first: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The id in the alternative of the statement that each old one begins with, as a plan numbers them."""
    texts = [text for script in up.values() for text in _statements(script)]
    ids, at = {}, 0
    for old, sql in first:
        wanted = next(iter(_statements(sql)), "")
        found = next((n for n in range(at, len(texts)) if texts[n] == wanted), None)
        if found is not None:
            ids[old], at = f"S{found + 1}", found + 1
    return ids


def _statements(sql: str) -> Iterator[str]:
    """Statements but transaction control, in the parser's own words."""
    for raw in postgast.parse(sql).stmts:
        if raw.stmt.WhichOneof("node") != "transaction_stmt":
            yield str(postgast.deparse(pb.ParseResult(stmts=[pb.RawStmt(stmt=raw.stmt)])))


def _missing_indexes(facts: Facts, findings: Sequence[Finding]) -> Iterator[tuple[Piece, Piece]]:
    """For each foreign key without one, the index and what removes it again."""
    for finding in findings:
        if finding.hazard.name != "fk_without_index":
            continue
        statement = next((s for s in facts.statements if s.id == finding.statement), None)
        sql = referencing_index(statement, finding.title).rstrip(";")
        if sql.startswith("--"):
            continue
        name, table = sql.split()[3], sql.split()[5]
        schema = f"{table.rpartition('.')[0]}." if "." in table else ""
        drop = f"DROP INDEX CONCURRENTLY IF EXISTS {schema}{name}"
        yield Piece(sql=sql, patient=True), Piece(sql=drop, patient=True)


def _words(text: str) -> str:
    return " ".join(text.split()[:2])
