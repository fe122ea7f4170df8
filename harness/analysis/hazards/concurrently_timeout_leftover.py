"""concurrently_timeout_leftover: a timeout that strikes a CONCURRENTLY statement leaves it half done."""

from collections.abc import Iterator

from harness.analysis.facts import Facts, QueueProbeFacts, StatementFacts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.model.units import format_duration
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H112",
    name="concurrently_timeout_leftover",
    title="A timeout leaves a CONCURRENTLY statement half done",
    condition="Behind one long transaction lock_timeout cancelled a CONCURRENTLY statement, and an invalid index, or a "
    'partition in state "detach pending", stayed behind.',
    effect="The statement waits for everybody's transactions and blocks nobody; cancelled, it cannot undo what it has "
    "committed already. A retry then fails (the name is taken) or, with IF NOT EXISTS, takes the invalid index for "
    "the real one.",
    workaround="No lock_timeout for CONCURRENTLY: its wait holds nobody up. Or clean up before every retry.",
    bad="SET lock_timeout = '2s';\nCREATE INDEX CONCURRENTLY orders_note_idx ON orders (note);",
    good="SET lock_timeout = '0';  -- nobody queues behind CONCURRENTLY\n"
    "CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note);",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note an experiment of the queue probe."""
    for probe in facts.queue_probes:
        if not probe.concurrently or probe.sqlstate != "55P03" or not probe.left_behind:
            continue
        ups = (s for s in facts.statements if s.direction is Direction.UP and s.id == probe.waiter)
        statement = next(ups, None)
        yield finding(
            HAZARD,
            Level.NOTE,
            title=f"{probe.waiter}, cancelled by lock_timeout, leaves {', '.join(probe.left_behind)}",
            statement=statement,
            relation=probe.relation,
            marker="cancelled half-way, it leaves its half",
            evidence=(
                (
                    f"queue probe: with one idle {probe.antagonist} on {short(probe.relation)}, {probe.waiter} waited "
                    f"{format_duration(probe.waited_ns or 0)} and failed with 55P03"
                ),
                *(f"afterwards: {left}" for left in probe.left_behind),
            ),
            impact="every write pays for an invalid index, and no query uses it; a pending detach blocks the next one",
            remedy=_remedy(statement, probe),
        )


def _remedy(statement: StatementFacts | None, probe: QueueProbeFacts) -> str:
    sql = statement.sql.strip().rstrip(";") if statement else ""
    indexes = [left.removeprefix("invalid index ") for left in probe.left_behind if left.startswith("invalid index ")]
    clean = [f"DROP INDEX CONCURRENTLY IF EXISTS {index};" for index in indexes]
    if "DETACH" in sql.upper().split():
        words = sql.split()
        last = max(number for number, word in enumerate(words) if word.upper() == "CONCURRENTLY")
        clean.append(" ".join((*words[:last], "FINALIZE", *words[last + 1 :])) + ";")
    cleaned = "".join(f"\n-- after a timeout all the same:  {line}" for line in clean)
    return f"SET lock_timeout = '0';  -- its waits block nobody\n{sql};{cleaned}" if sql else "\n".join(clean)
