"""lock_queue: a strong lock requested without a bound, so that everybody queues behind the request."""

from collections.abc import Iterator

from harness.analysis.bounds import is_bounded, probes_at, requested_lock, waited_past
from harness.analysis.facts import Facts, QueueProbeFacts, StatementFacts
from harness.analysis.findings import finding, on_the_way
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.analysis.remedy.safer import with_timeout
from harness.analysis.wait_words import told
from harness.model.units import NS_PER_MS, format_duration, plural
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H101",
    name="lock_queue",
    title="Everybody queues behind a waiting migration",
    condition="A lock of mode SHARE or stronger is requested on an existing table, or on a view that traffic uses, and "
    "neither lock_timeout nor statement_timeout (1 ms to 10 s) bounds how long the request may stand in the queue.",
    effect="Behind one long transaction on the table the migration waits; every later reader and writer of the table "
    "waits behind the migration, although the statement itself would take a millisecond.",
    workaround="Set a short lock_timeout and retry: the queue drains between attempts.",
    bad="ALTER TABLE orders ADD COLUMN status text;",
    good="SET lock_timeout = '200ms';\nALTER TABLE orders ADD COLUMN status text;  -- retried when it fails with 55P03",
)

SEEN_NS = 100 * NS_PER_MS
"""A wait this long with somebody behind it was a queue and not the turn-taking of a busy table: ten times the
shortest wait that the log shows."""


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error where the queue was seen, a warning where only the request stands there unbounded.

    The queue probe decides where it came to the statement: a wait that a bound ended, or behind which nobody queued, is
    none.
    """
    for statement in facts.statements:
        lock = requested_lock(facts, statement)
        probes = probes_at(facts, statement)
        past = [probe for probe in probes if probe.queued and waited_past(probe, statement, scenario)]
        if lock is None or (is_bounded(statement, scenario) and not past):
            continue
        if _was_seen(statement):
            yield _seen(statement, facts)
        elif past:
            yield _provoked(statement, past)
        elif not probes:
            yield _possible(statement, lock.relation, lock.mode)


def _was_seen(statement: StatementFacts) -> bool:
    queued = any(wait.behind == "queue" for wait in statement.blocked)
    return queued and max((wait.waited_ns for wait in statement.waits), default=0) >= SEEN_NS


def _seen(statement: StatementFacts, facts: Facts) -> Finding:
    wait = max(statement.waits, key=lambda one: one.waited_ns)
    longest = _time(statement.blocked_max_ns)
    blockers = told(wait.blockers) or "another session"
    actors = plural(statement.blocked_actors, "actor")
    return finding(
        HAZARD,
        on_the_way(Level.ERROR, statement.direction),
        title=f"migration queued behind {blockers} and blocked {actors} for {longest}",
        statement=statement,
        relation=wait.relation,
        marker=f"waited {_time(wait.waited_ns)} for {wait.mode} on {short(wait.relation)}"
        + (f", held {_time(statement.held_ns)}" if statement.held_ns is not None else ""),
        evidence=(
            f"{blockers} stood before it from {facts.moment(wait.span.start_ns)} to {facts.moment(wait.span.end_ns)}",
            f"{actors} waited behind {statement.id}, at most {longest} ± {_time(statement.blocked_error_ns)}",
            " → ".join(max(statement.blocked, key=lambda one: one.waited_ns).chain),
        ),
        impact=f"{plural(len(statement.blocked), 'operation')} waited {_time(statement.blocked_total_ns)} in all",
        remedy=with_timeout(statement),
    )


def _provoked(statement: StatementFacts, probes: list[QueueProbeFacts]) -> Finding:
    probe = max(probes, key=lambda one: one.waited_ns or 0)
    relation, waited = short(probe.relation), _time(probe.waited_ns or 0)
    return finding(
        HAZARD,
        on_the_way(Level.ERROR, statement.direction),
        title=f"behind one long {probe.antagonist} of {relation} the migration waits without end, and "
        f"{probe.who_queued} of {relation} behind it",
        statement=statement,
        relation=probe.relation,
        marker=f"waited {waited} for {probe.mode} on {relation}, and would wait on",
        evidence=tuple(line for one in probes for line in _probed(one)),
        impact="on a clone of its own, an idle transaction was put there on purpose: production has such transactions",
        remedy=with_timeout(statement),
    )


def _probed(probe: QueueProbeFacts) -> Iterator[str]:
    relation = short(probe.relation)
    yield (
        f"queue probe: with one idle {probe.antagonist} on {relation}, {probe.waiter} still waited for {probe.mode} "
        f"after {_time(probe.waited_ns or 0)} ± {_time(probe.error_ns)}"
    )
    for name, queued_ns in (("read", probe.reads_queued_ns), ("write", probe.writes_queued_ns)):
        if queued_ns is not None:
            yield f"an ordinary {name} of {relation}, sent then, queued behind {probe.waiter} for {_time(queued_ns)}"


def _possible(statement: StatementFacts, relation: str, mode: str) -> Finding:
    return finding(
        HAZARD,
        on_the_way(Level.WARNING, statement.direction),
        title=f"{statement.id} asks for {mode} on {short(relation)} and may wait for it without end",
        statement=statement,
        relation=relation,
        marker=f"requests {mode} on {short(relation)} without a bound",
        evidence=("no lock_timeout and no statement_timeout of at most 10 s was in force",),
        impact=f"behind one long transaction on {short(relation)}, all of its traffic waits; not provoked in this run",
        remedy=with_timeout(statement),
    )


def _time(ns: int) -> str:
    return format_duration(ns)
