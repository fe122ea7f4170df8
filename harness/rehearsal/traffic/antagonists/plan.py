"""The antagonists of a scenario as plans: kinds, placements, and what they aim at."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Final

from harness.model.errors import SpecError
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


_NEED_TABLE: Final = frozenset(
    {
        AntagonistKind.LONG_READER,
        AntagonistKind.IDLE_IN_TRANSACTION,
        AntagonistKind.BULK_WRITER,
        AntagonistKind.BATCH,
        AntagonistKind.WRAPAROUND_VACUUM,
    }
)
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
    """The antagonists of [traffic].

    SpecError for an unknown kind, one that lacks its table or its sql, two placements at once, or `before` that names
    nothing of `plan`. `alone` says that the server is the clone's own.
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
    kind = _kind(spec, key, path)
    placed = _placed(spec, key, path)
    before = {Placed.MIGRATION: spec.before_migration, Placed.AIMED: spec.lead}.get(placed, "0s")
    aims = aims_of(spec.before, plan, path=path, key=f"{key}.before") if placed is Placed.AIMED else frozenset()
    return Antagonist(
        kind=kind,
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


def _kind(spec: AntagonistSpec, key: str, path: Path) -> AntagonistKind:
    kinds = [kind.value for kind in AntagonistKind]
    if spec.kind not in kinds:
        near = get_close_matches(spec.kind, kinds, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the kinds are {', '.join(kinds)}"
        raise SpecError(f"unknown kind {spec.kind!r}", path=path, key=f"{key}.kind", hint=hint)
    kind = AntagonistKind(spec.kind)
    if kind is AntagonistKind.SQL and not spec.sql:
        raise SpecError("kind sql needs `sql`", path=path, key=key, hint='sql = "SELECT …"')
    if kind in _NEED_TABLE and not spec.table:
        raise SpecError(f"kind {spec.kind} needs `table`", path=path, key=key, hint='table = "orders"')
    if kind is AntagonistKind.HELD_SNAPSHOT and spec.table:
        raise SpecError(
            "held_snapshot holds no table", path=path, key=f"{key}.table", hint="remove table, or use long_reader"
        )
    return kind


def _placed(spec: AntagonistSpec, key: str, path: Path) -> Placed:
    chosen = [
        (Placed.RANDOM, 'placement = "random"', spec.placement is Placement.RANDOM),
        (Placed.MIGRATION, "before_migration", bool(spec.before_migration)),
        (Placed.AIMED, "before", bool(spec.before)),
    ]
    said = [(placed, name) for placed, name, given in chosen if given]
    if len(said) > 1:
        names = " and ".join(name for _, name in said)
        raise SpecError(f"{names} exclude each other", path=path, key=key, hint="write two antagonists")
    if said and said[0][0] is Placed.RANDOM and not parse_duration(spec.every):
        raise SpecError(
            'placement = "random" needs `every`, the mean distance', path=path, key=f"{key}.every", hint='every = "10s"'
        )
    return said[0][0] if said else Placed.CLOCK
