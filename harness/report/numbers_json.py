"""The measured parts of rehearsal.json: environment, locks, statements, timeline, rollback."""

from harness.analysis.facts import ExpectedFacts, Facts, StatementFacts
from harness.analysis.names import TABLE_KINDS
from harness.model.units import NS_PER_MS
from harness.report.shapes import ChangedTable, Difference, Environment, Ledger, Lock, Rewrite, Rollback, Statement
from harness.report.traffic_shapes import Timeline
from harness.report.words import milliseconds, strength


def environment(facts: Facts) -> Environment | None:
    """Where it ran, None where no server was started."""
    env = facts.environment
    if env is None:
        return None
    return Environment(
        engine=env.engine,
        engine_reason=env.engine_reason,
        description=env.description,
        server_version=env.server_version,
        snapshot_source=env.snapshot_source,
        snapshot_digest=env.snapshot_digest,
        snapshot_bytes=env.snapshot_bytes,
        snapshot_rows=env.snapshot_rows,
        snapshot_cached=env.snapshot_cached,
        restore_ms=milliseconds(env.restore_ns),
        clone_method=env.clone_method,
        clone_ms=milliseconds(env.clone_ns),
    )


def locks(facts: Facts) -> tuple[Lock, ...]:
    """The strongest mode per relation that existed before and direction, sorted."""
    strongest: dict[tuple[str, str], Lock] = {}
    for one in facts.statements:
        for lock in one.locks:
            key = (one.direction.value, lock.relation)
            known = strongest.get(key)
            if lock.existed and strength(lock.mode) and (known is None or strength(lock.mode) > strength(known.mode)):
                strongest[key] = Lock(
                    relation=lock.relation, mode=lock.mode, direction=one.direction.value, kind=lock.kind
                )
    return tuple(strongest[key] for key in sorted(strongest))


def rewrites(facts: Facts) -> tuple[Rewrite, ...]:
    """Each rewritten table or materialized view once per direction, sorted; their indexes go without saying."""
    seen = {
        (s.direction.value, work.relation)
        for s in facts.statements
        for work in s.relations
        if work.rewritten and work.kind in TABLE_KINDS
    }
    return tuple(Rewrite(relation=relation, direction=direction) for direction, relation in sorted(seen))


def statement(one: StatementFacts) -> Statement:
    """One statement with its numbers in milliseconds."""
    span, slots, expected = one.span, one.lock_slots, one.at_production or ExpectedFacts()
    return Statement(
        id=one.id,
        direction=one.direction.value,
        step=one.step,
        file=one.file or None,
        line=one.line if one.file else None,
        sql=one.sql,
        fingerprint=one.fingerprint,
        work=one.work,
        attempts=one.attempts,
        start_ms=milliseconds(span.start_ns) if span else None,
        end_ms=milliseconds(span.end_ns) if span else None,
        duration_ms=milliseconds(one.duration_ns),
        held_ms=milliseconds(one.held_ns),
        held_error_ms=milliseconds(one.held_error_ns),
        waited_ms=milliseconds(one.waited_ns),
        waited_error_ms=milliseconds(one.waited_error_ns),
        blocked_max_ms=milliseconds(one.blocked_max_ns),
        blocked_error_ms=milliseconds(one.blocked_error_ns),
        blocked_actors=one.blocked_actors,
        wal_bytes=one.wal_bytes,
        sqlstate=one.sqlstate or one.trace_sqlstate or None,
        message=one.message or None,
        left_behind=one.left_behind,
        lock_slots=slots.slots if slots else None,
        lock_slots_capacity=slots.capacity if slots else None,
        disk_bytes=one.disk_bytes,
        expected_duration_ms_at_production=milliseconds(expected.duration_ns),
        expected_duration_low_ms_at_production=milliseconds(expected.duration_low_ns),
        expected_duration_high_ms_at_production=milliseconds(expected.duration_high_ns),
        expected_held_ms_at_production=milliseconds(expected.held_ns),
        expected_held_low_ms_at_production=milliseconds(expected.held_low_ns),
        expected_held_high_ms_at_production=milliseconds(expected.held_high_ns),
        not_expected_because=expected.reason or None,
        commands=one.commands,
    )


def timeline(facts: Facts) -> Timeline | None:
    """The timeline in milliseconds, at the resolution it was computed in."""
    line = facts.timeline
    if line is None:
        return None
    return Timeline(
        start_ms=line.start_ns / NS_PER_MS,
        bucket_ms=line.bucket_ns / NS_PER_MS,
        offered=line.offered,
        completed=line.completed,
        failed=line.failed,
        errors_by_class=dict(sorted(line.errors_by_class.items())),
        p50_ms=tuple(milliseconds(value) for value in line.p50_ns),
        p95_ms=tuple(milliseconds(value) for value in line.p95_ns),
        p99_ms=tuple(milliseconds(value) for value in line.p99_ns),
        max_ms=tuple(milliseconds(value) for value in line.max_ns),
        blocked_actors=line.blocked_actors,
        wal_bytes=line.wal_bytes,
    )


def rollback(facts: Facts) -> Rollback:
    """The way back with everything it did not restore."""
    back = facts.rollback
    compared = [("trace", d) for d in back.differences] + [("load", d) for d in back.load_differences]
    ledger = None
    if back.ledger_acknowledged is not None:
        ledger = Ledger(
            acknowledged=back.ledger_acknowledged,
            kept=back.ledger_kept,
            missing=dict(sorted(back.ledger_missing.items())),
            not_followed=back.ledger_not_followed,
        )
    return Rollback(
        result=back.result,
        verified=back.verified,
        duration_ms=milliseconds(back.duration_ns),
        failed_statement=back.failed_statement or None,
        fails_in=back.fails_in or None,
        differences=tuple(
            Difference(
                kind=d.kind, identity=d.identity, change=d.change.value, before=d.before, after=d.after, pass_=name
            )
            for name, d in compared
        ),
        changed_tables=tuple(
            ChangedTable(relation=name, rows_before=before, rows_after=after)
            for name, before, after in back.changed_tables
        ),
        sequences_backwards=back.sequences_backwards,
        tables_compared=back.tables_compared,
        rows_compared=back.rows_compared,
        ledger=ledger,
        at_once=back.at_once,
        after_new_writes=back.after_new_writes,
    )
