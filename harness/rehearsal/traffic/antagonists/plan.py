"""The antagonists of a scenario as plans: kinds, placements, and what they aim at."""

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Final

from harness.model.units import parse_duration
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.traffic.antagonists.aims import aims_of
from harness.spec.scenario import AntagonistSpec, Placement, TrafficSpec


class AntagonistKind(Enum):
    """The kinds of sessions that make life hard."""

    LONG_READER = "long_reader"
    IDLE_IN_TRANSACTION = "idle_in_transaction"
    BULK_WRITER = "bulk_writer"
    BATCH = "batch"
    VACUUM = "vacuum"
    ANALYZE = "analyze"
    WRAPAROUND_VACUUM = "wraparound_vacuum"
    HELD_SNAPSHOT = "held_snapshot"
    PG_DUMP = "pg_dump"
    SQL = "sql"


class Placed(Enum):
    """What decides when an antagonist acts."""

    CLOCK = "clock"
    RANDOM = "random"
    MIGRATION = "migration"
    AIMED = "aimed"


# Beside its own connection: one that looks whether it is in place, pg_dump's own, a replication connection.
_TWO_SESSIONS: Final = frozenset(
    {
        AntagonistKind.VACUUM,
        AntagonistKind.ANALYZE,
        AntagonistKind.WRAPAROUND_VACUUM,
        AntagonistKind.HELD_SNAPSHOT,
        AntagonistKind.PG_DUMP,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Antagonist:
    """One session's plan.

    Acts at `start_ns` after the baseline begins and then every `every_ns` (0: once), at random instants of that mean
    distance drawn from `seed`, once `before_ns` before the announced migration, or once `before_ns` before each
    statement of `aims` (S3, R1, …). It stays `hold_ns` from the instant on at which it is in place.
    """

    kind: AntagonistKind
    table: str = ""
    sql: str = ""
    rows: int = 100
    start_ns: int = 0
    every_ns: int = 0
    hold_ns: int = 0
    placed: Placed = Placed.CLOCK
    before_ns: int = 0
    aims: frozenset[str] = frozenset()
    seed: str = ""
    alone_on_server: bool = True
    """Whether the server is the clone's own: its settings may be changed, its transaction numbers spent."""


def plan_antagonists(
    traffic: TrafficSpec, *, path: Path, plan: MigrationPlan | None = None, seed: int = 0, alone: bool = True
) -> tuple[Antagonist, ...]:
    """The antagonists of [traffic], which is checked already; `alone` says that the server is the clone's own.

    SpecError where `before` names nothing of `plan`.
    """
    planned = (
        _antagonist(spec, f"traffic.antagonist[{i}]", path, plan=plan, seed=f"{seed}/antagonist/{i}")
        for i, spec in enumerate(traffic.antagonist)
    )
    return tuple(replace(antagonist, alone_on_server=alone) for antagonist in planned)


def sessions_needed(traffic: TrafficSpec) -> int:
    """How many connections the antagonists take at most."""
    two = {kind.value for kind in _TWO_SESSIONS}
    return sum(2 if spec.kind in two else 1 for spec in traffic.antagonist)


def _antagonist(spec: AntagonistSpec, key: str, path: Path, *, plan: MigrationPlan | None, seed: str) -> Antagonist:
    placed = _placed(spec)
    before = {Placed.MIGRATION: spec.before_migration, Placed.AIMED: spec.lead}.get(placed, "0s")
    aims = aims_of(spec.before, plan, path=path, key=f"{key}.before") if placed is Placed.AIMED else frozenset()
    return Antagonist(
        kind=AntagonistKind(spec.kind),
        table=spec.table,
        sql=spec.sql,
        rows=spec.rows,
        start_ns=parse_duration(spec.start),
        every_ns=parse_duration(spec.every),
        hold_ns=parse_duration(spec.hold),
        placed=placed,
        before_ns=parse_duration(before),
        aims=aims,
        seed=seed,
    )


def _placed(spec: AntagonistSpec) -> Placed:
    if spec.before:
        return Placed.AIMED
    if spec.before_migration:
        return Placed.MIGRATION
    return Placed.RANDOM if spec.placement is Placement.RANDOM else Placed.CLOCK
