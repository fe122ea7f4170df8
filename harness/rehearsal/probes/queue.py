"""The queue probe: a long transaction on each table before the first strong lock on it, each on its own clone."""

from harness.model.units import NS_PER_S
from harness.model.words import Pass, PhaseKind
from harness.postgres.ports import Server
from harness.rehearsal.probes.queries import text
from harness.rehearsal.probes.stand import Stand
from harness.rehearsal.probes.targets import Table, Target, standing_in, targets_of
from harness.rehearsal.stage import Stage, harness_session

MOST_TARGETS = 8
"""Experiments of one run: each takes a clone and some seconds; what is left out is told."""

# Beside what the way up took in the trace pass: the longest wait that is watched, and the cancelling.
_SPARE_NS = 30 * NS_PER_S
# The traced way up has counted rows and read catalogs; a clone on cold caches may still be slower.
_SLOWER = 4


def probe_queue(stage: Stage) -> None:
    """Run the experiments and journal what each showed."""
    used = frozenset(_qualified(name) for name in stage.workload.relations) if stage.workload else frozenset()
    wanted = targets_of(stage.traced.statements, used=used, named=_named(stage))
    if not wanted:
        return
    with stage.phase(Pass.PROBE, PhaseKind.QUEUE):
        chosen: tuple[Target, ...] | None = None
        done = 0
        while chosen is None or done < len(chosen):
            server = stage.engine.clone(stage.digest)
            try:
                if chosen is None:
                    chosen = _there(stage, server, wanted)
                if chosen:
                    _experiment(stage, server, chosen[done])
            finally:
                server.discard()
            done += 1


def _experiment(stage: Stage, server: Server, target: Target) -> None:
    deadline_ns = stage.clock.now_ns() + _SLOWER * stage.traced.took_ns + _SPARE_NS
    stage.emit(Stand(stage, server, target, deadline_ns).perform())


def _there(stage: Stage, server: Server, wanted: tuple[Target, ...]) -> tuple[Target, ...]:
    """The targets on tables that the migration did not make, the first few; the rest is told."""
    with harness_session(server) as connection:
        names = sorted({target.relation for target in wanted})
        rows = connection.execute(text("tables_there"), {"names": names}).fetchall()
    there = {row[0]: Table(row[1], row[2], row[3], row[4], frozenset(row[5])) for row in rows}
    found = standing_in(wanted, there)
    if left := found[MOST_TARGETS:]:
        told = ", ".join(f"{target.relation} ({target.statement})" for target in left[:MOST_TARGETS])
        stage.note(
            "queue probe",
            f"no long transaction stood on {len(left)} of {len(found)} tables before their first strong lock: {told}",
            inconclusive=False,
            remedy="rehearse these steps in a scenario of their own",
        )
    return found[:MOST_TARGETS]


def _named(stage: Stage) -> dict[str, tuple[str, ...]]:
    """The relations that each statement of the way up names, quoted."""
    statements = (statement for step in stage.plan.steps for statement in step.up.statements)
    return {s.id: tuple(_quoted(name) for name in s.relations) for s in statements}


def _quoted(name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _qualified(name: str) -> str:
    """As the default search path finds it; only the order of the experiments depends on it."""
    plain = name.replace('"', "")
    return plain if "." in plain else f"public.{plain}"
