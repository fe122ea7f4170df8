"""The four sample runs as views."""

# ruff: noqa: E501 - tables of made-up values are easier to compare on one line

from harness.analysis.facts import AntagonistFacts, InvariantFacts, QualityNote, StatementFacts, WaitFacts
from harness.analysis.judgement import Judgement, Level
from harness.model.catalog import Change, Difference
from harness.model.verdict import Verdict
from harness.model.words import Direction, PhaseKind
from harness.report.view import View, build_view
from harness.spec.scenario import PhaseSpec, Scenario
from tests.unit.report import samples as s
from tests.unit.report import traffic_samples as t

_B, _M, _R, _T = PhaseKind.BASELINE, PhaseKind.MIGRATE, PhaseKind.ROLLBACK, PhaseKind.SETTLE
_PHASES = ((_B, "", 0.0, 10.0), (_M, "", 10.0, 14.5), (_T, "", 14.5, 18.0), (_R, "", 18.0, 21.9), (_T, "", 21.9, 30.0))


def _wait(id_: str, start: float, end: float, blocker: str) -> WaitFacts:
    span = s.at(start, end)
    return WaitFacts(
        relation="public.orders",
        mode="AccessExclusiveLock",
        target="public.orders",
        span=span,
        waited_ns=span.duration_ns,
        error_ns=100_000,
        outcome="granted",
        blockers=(blocker,),
        blocker_roles=("antagonist",),
    )


def _queued(id_: str, sql: str, start: float, end: float, *, work: str = "catalog", until: float = 0) -> StatementFacts:
    """A statement that waits from `start` to `end`, runs 3 ms, holds to `until`, and queues all sixteen actors."""
    ends = until or end + 0.003
    queue = s.blocked(16, s.at(start, ends), behind="queue")
    return s.statement(
        id_,
        sql,
        work=work,
        span=s.at(start, end + 0.003),
        transaction_span=s.at(start, ends),
        duration_ns=s.at(start, end + 0.003).duration_ns,
        held_ns=s.at(end, ends).duration_ns,
        waited_ns=s.at(start, end).duration_ns,
        waited_error_ns=100_000,
        blocked_max_ns=s.at(start, ends).duration_ns,
        blocked_total_ns=sum(b.waited_ns for b in queue),
        blocked_actors=16,
        blocked_error_ns=100_000,
        locks=(s.lock("public.orders", "AccessExclusiveLock", s.at(end, ends), held_ns=s.at(end, ends).duration_ns),),
        waits=(_wait(id_, start, end, "long_reader (pid 812)"),),
        blocked=queue,
        relations=(s.work("public.orders", rewritten=work == "rewrite"),),
    )


def failing() -> View:
    """REPORTS.md's example: an instant ADD COLUMN behind a long reader stops 16 of 16 actors, up and down."""
    share = s.lock("public.orders", "ShareLock", s.at(13.0, 13.9), held_ns=900 * s.MS)
    statements = (
        _queued("S1", "ALTER TABLE orders ADD COLUMN status text;", 10.0, 11.507),
        s.statement(
            "S2",
            "UPDATE orders\n   SET status = 'open'\n WHERE status IS NULL;",
            work="data",
            span=s.at(11.6, 12.8),
            transaction_span=s.at(11.6, 12.8),
            duration_ns=1200 * s.MS,
            wal_bytes=31 << 20,
            held_ns=None,
        ),
        s.statement(
            "S3",
            "CREATE INDEX orders_status_idx ON orders (status);",
            work="index",
            span=s.at(13.0, 13.9),
            transaction_span=s.at(13.0, 14.3),
            duration_ns=900 * s.MS,
            held_ns=900 * s.MS,
            blocked_max_ns=896 * s.MS,
            blocked_total_ns=3_000 * s.MS,
            blocked_actors=5,
            locks=(share,),
            blocked=s.blocked(5, s.at(13.004, 13.9), behind="held"),
            relations=(s.work("public.orders"),),
        ),
        _queued("R1", "ALTER TABLE orders DROP COLUMN status;", 18.0, 19.6),
        s.statement("R2", "DROP INDEX IF EXISTS orders_status_idx;", span=s.at(19.8, 19.802)),
    )
    facts = s.facts(
        environment=s.ENVIRONMENT,
        phases=s.phases(_PHASES),
        statements=statements,
        chains=tuple(s.chain(one) for one in statements if one.blocked),
        operations=(
            s.operation(
                "view order",
                3602,
                baseline=t.apart(s.latency(1200, 0.41, 1.2, 3.1, 5.8), waited=(0.01, 0.8), served=(0.39, 2.9)),
                migrate=t.apart(s.latency(540, 0.5, 900, 1491, 1512), waited=(0.01, 1480), served=(0.41, 1380)),
            ),
            s.operation("place order", 1799, migrate=s.latency(271, 0.9, 1100, 1502, 1511)),
            s.operation("checkout", 600, migrate=s.latency(90, 1.4, 1000, 1480, 1490)),
        ),
        traffic=s.traffic(
            baseline=t.apart(s.latency(2000, 0.4, 1.2, 3.1, 5.8), waited=(0.01, 0.9), served=(0.38, 2.8)),
            migrate=t.apart(s.latency(901, 0.6, 940, 1491, 1512), waited=(0.02, 1482), served=(0.4, 1390)),
            course=t.course(
                ("baseline", 0, 10, {}), ("migrate", 10, 14.5, {}), ("settle", 14.5, 18, {}), ("rollback", 18, 21.9, {})
            ),
            slow=301,
            slow_from_ns=10 * s.MS,
            retried=17,
            absorbed=17,
            expected=31,
            outage_ns=1_400 * s.MS,
            outage=s.at(10.1, 11.5),
            outage_rollback_ns=1_500 * s.MS,
            outage_rollback=s.at(18.1, 19.6),
        ),
        timeline=s.curve(((10.0, 11.5), (18.0, 19.6))),
        errors=t.errors(),
        workload=(t.derived(),),
        antagonists=(
            AntagonistFacts(kind="long_reader", table="public.orders", pid=812, span=s.at(9.0, 11.5)),
            AntagonistFacts(kind="long_reader", table="public.orders", pid=812, span=s.at(17.4, 19.6)),
        ),
        rollback=s.rollback(),
        quality=(
            QualityNote(
                subject="deadlock_timeout", message="10 ms here, 1 s in production", inconclusive=False, remedy=""
            ),
        ),
        migrate_span=s.at(10.0, 14.5),
        rollback_span=s.at(18.0, 21.9),
        baseline_span=s.at(0.0, 10.0),
        wal_bytes=33 << 20,
        observer_cost_ratio=0.004,
        complete=True,
    )
    rollback_title = "rollback queued behind a long transaction and blocked every actor for 1.6 s"
    back = s.finding(title=rollback_title, statement="R1", direction=Direction.DOWN, file="down.sql", level=Level.WARNING,
                     excerpt="ALTER TABLE orders DROP COLUMN status;", marker="waited 1,600 ms for AccessExclusive on orders, held 3 ms",
                     evidence=("16 of 16 actors waited behind R1 from 18.0 s to 19.6 s",), fingerprint="b1b2c3d4e5f60718")  # fmt: skip
    index = s.finding(
        hazard=s.hazard("H103", "blocks_writes", "Writes are refused for long"),
        title="CREATE INDEX refused writes to orders for 900 ms",
        statement="S3",
        line=4,
        excerpt="CREATE INDEX orders_status_idx ON orders (status);",
        marker="held Share on orders for 900 ms",
        evidence=("5 of 16 actors waited behind S3 from 13.0 s to 13.9 s", "200,000 rows were read under the lock"),
        impact="writes to orders waited up to 896 ms",
        remedy="CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status);\n-- outside a transaction, and DROP INDEX IF EXISTS before a retry",
        fingerprint="c1b2c3d4e5f60718",
    )
    note = s.finding(
        hazard=s.hazard("H190", "wal_heavy", "Much WAL"), level=Level.NOTE, title="the backfill wrote 31 MB of WAL",
        statement="S2", line=2, excerpt="UPDATE orders\n   SET status = 'open'\n WHERE status IS NULL;", marker="wrote 31 MB of WAL",
        evidence=("31 MB of WAL for a table of 64 MB",), impact="", remedy="", fingerprint="d1b2c3d4e5f60718",
    )  # fmt: skip
    fail, ok = Verdict.FAIL, Verdict.PASS
    judgement = Judgement(
        verdict=fail,
        sentence="0042-orders-status would block traffic for 1.5 s",
        checks=(
            s.check("blocked", "longest time an actor was blocked", "500 ms", "1,510 ms", fail, "S1"),
            s.check("outage", "longest time without a completion", "250 ms", "1,400 ms", fail, "S1"),
            s.check("p99", "p99 while migrating / baseline", "10 ×", "481 ×", fail, "S1", "noise of the baseline 2.6 ms to 3.9 ms"),
            s.check("failed", "failed operations", "0", "0 of 6,001", ok),
            s.check("held", "longest strong lock held", "1 s", "900 ms", ok, "S3"),
            s.check("rollback", "rollback restores schema and rows", "no residue", "no residue", ok),
            s.check("ledger", "acknowledged writes kept", "all", "1,203 of 1,203", ok),
        ),
        findings=(s.finding(), back, index, note),
        not_proven=s.NOT_PROVEN,
        unused_accepts=(),
        trust=t.trust(),
    )  # fmt: skip
    return build_view(s.info(), facts, judgement)


def passing() -> View:
    """A rolling deploy with two app versions that hurts nobody; one hazard accepted, one accept unused."""
    scenario = Scenario(
        name="expand full_name",
        phase=(
            PhaseSpec(name="expand", steps=("001",), traffic={"old": 1.0}),
            PhaseSpec(name="rolling deploy", traffic={"old": 0.5, "new": 0.5}, duration="5s"),
            PhaseSpec(name="contract", steps=("002",), traffic={"new": 1.0}),
        ),
    )
    facts = s.facts(
        environment=s.ENVIRONMENT,
        phases=s.phases(
            ((_B, "", 0, 10), (_M, "expand", 10, 13), (_T, "rolling deploy", 13, 18), (_M, "contract", 18, 20), (_R, "", 20, 22))
        ),
        statements=(
            s.statement("S1", "ALTER TABLE users ADD COLUMN full_name text", span=s.at(10.1, 10.103), transaction_span=s.at(10.1, 10.2),
                        locks=(s.lock("public.users", "AccessExclusiveLock", s.at(10.1, 10.103)),)),
            s.statement("S2", "CREATE INDEX CONCURRENTLY ON users (full_name)", work="index", span=s.at(18.1, 19.2), autocommit=True,
                        held_ns=None, attempts=2, locks=(s.lock("public.users", "ShareUpdateExclusiveLock", s.at(18.1, 19.2)),)),
            s.statement("R1", "ALTER TABLE users DROP COLUMN full_name", span=s.at(20.2, 20.203)),
        ),
        operations=(s.operation("read name", 3000, version="old"), s.operation("read full name", 1000, version="new")),
        traffic=s.traffic(
            offered=4000, completed=4000, noise=None,
            course=t.course(("baseline", 0, 10, {"old": 1.0}), ("expand", 10, 13, {"old": 1.0}),
                            ("rolling deploy", 13, 18, {"old": 0.5, "new": 0.5}), ("contract", 18, 20, {"new": 1.0})),
        ),
        timeline=s.curve((), length_s=25.0),
        rollback=s.rollback("column_order", differences=(
            Difference(kind="column", identity="public.users.email", change=Change.MOVED, before="text", after="text"),)),
        invariants=(InvariantFacts(name="full_name follows its parts", moment="after:expand", violations=0, sqlstate=""),),
        migrate_span=s.at(10, 20),
        rollback_span=s.at(20, 22),
        complete=True,
    )  # fmt: skip
    accepted = s.finding(level=Level.WARNING, accepted="retired table, no readers", fingerprint="e1", statement="S1")
    judgement = Judgement(
        verdict=Verdict.PASS,
        sentence="expand full_name passes: no actor waited for more than 10 ms",
        checks=(s.check("blocked", "longest time an actor was blocked", "500 ms", "< 10 ms", Verdict.PASS),),
        findings=(accepted,),
        not_proven=s.NOT_PROVEN,
        unused_accepts=("table_rewrite on audit_log",),
        trust=t.trust(sound=False),
    )
    return build_view(s.info(scenario=scenario), facts, judgement)


def inconclusive() -> View:
    """Interrupted before any traffic: nothing is measured, and nothing may look like a zero."""
    judgement = Judgement(
        verdict=Verdict.INCONCLUSIVE,
        sentence="0042-orders-status was not rehearsed: interrupted during restore",
        checks=(),
        findings=(),
        not_proven=("Everything: the rehearsal did not reach the migration.",),
        unused_accepts=(),
    )
    quality = QualityNote(subject="run", message="interrupted during restore", inconclusive=True, remedy="run it again")
    facts = s.facts(quality=(quality,), interrupted="Ctrl-C during restore")
    return build_view(s.info(), facts, judgement)


SCRIPT = "<script>alert(1)</script>"
HOSTILE_SQL = (
    "SELECT '</template></script><!-- </style> ]]> & \" '' \x1b[31m \u202e' || $$\u0001$$ -- 日本語 | `x` " + "y" * 150
)


def nasty() -> View:
    """Hostile names everywhere, a failed statement, data loss, lost writes."""
    statement = s.statement(
        "S1", HOSTILE_SQL, sqlstate="42703", message=f"column {SCRIPT} does not exist", span=s.at(10.0, 10.1),
        locks=(s.lock(f"public.{SCRIPT}", "AccessExclusiveLock", s.at(10.0, 10.1)),),
        relations=(s.work(f"public.{SCRIPT}", rewritten=True),), work="rewrite",
    )  # fmt: skip
    never_ran = s.statement("S2", "SELECT 2", span=None, transaction_span=None, duration_ns=None, held_ns=None)
    facts = s.facts(
        environment=s.ENVIRONMENT,
        phases=s.phases(((_B, "", 0, 10), (_M, "", 10, 12), (_R, SCRIPT, 12, 14)), ok=False),
        statements=(statement, never_ran),
        operations=(s.operation(SCRIPT, 900, completed=890, failed={"42703": 10}, messages={"42703": f"no {SCRIPT}"},
                                first_failed_ns={"42703": s.ZERO + 14 * s.S}),),
        traffic=s.traffic(offered=900, completed=890, failed=10),
        timeline=s.curve((), length_s=20.0, errors=1),
        errors=t.errors(SCRIPT, SCRIPT),
        workload=(t.derived(HOSTILE_SQL),),
        rollback=s.rollback("data_loss", differences=(
            Difference(kind="table", identity=f"public.{SCRIPT}", change=Change.MISSING, before="CREATE TABLE\n  x (id int)"),
            Difference(kind="index", identity="public.i", change=Change.CHANGED, before="a", after="b"),),
            changed_tables=((f"public.{SCRIPT}", 10, None), ("public.orders", 5, 3)), ledger_kept=1200,
            ledger_missing={"public.orders": 3}, ledger_not_followed=("public.logs",), sequences_backwards=("public.orders_id_seq",),
            failed_statement="R1", fails_in="trace", verified=False),
        invariants=(InvariantFacts(name=SCRIPT, moment="end", violations=3, sqlstate=""),
                    InvariantFacts(name="broken", moment="end", violations=None, sqlstate="42P01")),
        complete=True,
    )  # fmt: skip
    hostile = s.finding(
        title=f"{SCRIPT} | pipe\nsecond line", relation=f"public.{SCRIPT}", excerpt=HOSTILE_SQL, file=f"{SCRIPT}.sql", marker=SCRIPT,
        evidence=(SCRIPT, "::error::injected%0A"), impact=SCRIPT, remedy=f"```\n{SCRIPT}\n```", column=3,
    )  # fmt: skip
    nowhere = s.finding(
        statement="", file="", line=0, column=0, excerpt="", marker="", relation="", title="no file", fingerprint="f9"
    )
    judgement = Judgement(
        verdict=Verdict.FAIL,
        sentence=f'{SCRIPT} fails & "breaks" the application',
        checks=(s.check("failed", f"failed {SCRIPT}", "0", "10 of 900", Verdict.FAIL, SCRIPT, "a | b\nc"),),
        findings=(hostile, nowhere),
        not_proven=(SCRIPT,),
        unused_accepts=(SCRIPT,),
    )
    return build_view(s.info(name=SCRIPT), facts, judgement)


ALL = {"failing": failing, "passing": passing, "inconclusive": inconclusive, "nasty": nasty}
