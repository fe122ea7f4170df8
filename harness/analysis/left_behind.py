"""What the change left behind: the measured state at the moments of the trace pass, compared with the beginning."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from harness.analysis.facts import DeadRowsFacts, LeftFacts, StatementFacts, WorkFacts
from harness.events.history import History
from harness.events.state import DiskUsed, KeySeen, SchemaChanged, StateMeasured, TableSeen
from harness.model.words import Direction, Pass

NEARLY_FULL: Final = 0.5
"""From half of its range on, a key that grows as fast as so far has at most as long left as the table has lived."""


def left_of(history: History, statements: Sequence[StatementFacts]) -> LeftFacts:
    """What stands afterwards and did not before."""
    seen = {event.moment: event for event in history.of(StateMeasured) if event.pass_ is Pass.TRACE}
    before, up, down = (seen.get(moment) for moment in ("before", "after_up", "after_down"))
    changes = [event.differences for event in history.of(SchemaChanged) if event.pass_ is Pass.TRACE]
    if before is None or up is None:
        return LeftFacts(schema_changes=changes[0] if changes else ())
    return LeftFacts(
        measured=True,
        schema_changes=changes[0] if changes else (),
        keys_up=tuple(_new_keys(before, up)),
        sequences_up=tuple(one for one in up.sequences if (one.relation, one.column) not in _behind(before)),
        sequences_down=tuple(
            one for one in (down.sequences if down else ()) if (one.relation, one.column) not in _behind(before)
        ),
        unidentified_up=tuple(one for one in up.unidentified if one not in before.unidentified),
        unidentified_down=tuple(one for one in (down.unidentified if down else ()) if one not in before.unidentified),
        dead_rows=(
            *_dead_rows(statements, before, up, Direction.UP),
            *_dead_rows(statements, up, down, Direction.DOWN),
        ),
        autovacuums=_autovacuums(history),
        disk_peak_bytes=_disk_peak(history),
    )


def _behind(state: StateMeasured) -> frozenset[tuple[str, str]]:
    return frozenset((one.relation, one.column) for one in state.sequences)


def _new_keys(before: StateMeasured, after: StateMeasured) -> Iterator[KeySeen]:
    """Keys that are narrow or nearly full now, and were not, or were not there."""
    known = {(key.relation, key.column): key for key in before.keys}
    for key in after.keys:
        old = known.get((key.relation, key.column))
        full = (key.used_ratio or 0) >= NEARLY_FULL and (old is None or (old.used_ratio or 0) < NEARLY_FULL)
        narrow = bool(key.narrower_than) and (old is None or not old.narrower_than)
        if full or narrow:
            yield key


def _dead_rows(
    statements: Sequence[StatementFacts], before: StateMeasured, after: StateMeasured | None, direction: Direction
) -> Iterator[DeadRowsFacts]:
    """Rows updated and deleted by statements that succeeded, since the table's last new file or VACUUM."""
    books: defaultdict[str, list[tuple[StatementFacts, WorkFacts]]] = defaultdict(list)
    for statement in statements:
        if statement.direction is not direction or statement.trace_sqlstate:
            continue
        if statement.tag.startswith("VACUUM"):
            _vacuumed(books, statement)
        for work in statement.relations:
            if work.rewritten or work.truncated or work.dropped:
                books.pop(work.relation, None)
            elif (work.rows_changed or 0) > 0:
                books[work.relation].append((statement, work))
    old, new = _tables(before), _tables(after)
    for relation, entries in books.items():
        inserted = sum(work.rows_inserted or 0 for _, work in entries)
        dead = sum(work.rows_changed or 0 for _, work in entries) - inserted
        table, now = old.get(relation), new.get(relation)
        if dead > 0:
            yield DeadRowsFacts(
                direction=direction,
                relation=relation,
                dead_rows=dead,
                inserted_rows=inserted,
                rows_before=entries[0][1].rows_before,
                vacuum_above=table.vacuum_above if table else None,
                autovacuum=table.autovacuum if table else True,
                heap_bytes_before=table.heap_bytes if table else None,
                heap_bytes_after=now.heap_bytes if now else None,
                statements=tuple(statement.id for statement, _ in entries),
            )


def _vacuumed(books: dict[str, list[tuple[StatementFacts, WorkFacts]]], statement: StatementFacts) -> None:
    """A VACUUM without a table's name vacuums all."""
    text = statement.sql.lower()
    named = [name for name in books if name.rpartition(".")[2].strip('"').lower() in text]
    for name in named or list(books):
        books.pop(name, None)


def _tables(state: StateMeasured | None) -> dict[str, TableSeen]:
    return {table.relation: table for table in state.tables} if state else {}


def _autovacuums(history: History) -> dict[str, int] | None:
    seen = {event.moment: _tables(event) for event in history.of(StateMeasured) if event.pass_ is Pass.LOAD}
    before, end = seen.get("before"), seen.get("end")
    if before is None or end is None:
        return None
    counts = {
        name: table.autovacuums - (before[name].autovacuums if name in before else 0) for name, table in end.items()
    }
    return {name: count for name, count in counts.items() if count > 0}


def _disk_peak(history: History) -> int | None:
    used = [e for e in history.of(DiskUsed) if e.pass_ is Pass.TRACE and e.direction is Direction.UP]
    return max(0, max(event.after_bytes for event in used) - used[0].before_bytes) if used else None
