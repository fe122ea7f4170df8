"""Deadlocks: one entry a victim, with both sides where the server's log told them."""

from harness.analysis.analyse import analyse
from harness.analysis.facts import DeadlockFacts
from harness.analysis.judge import judge
from harness.events.observation import DeadlockReported, DeadlockSide, ServerErrorLogged
from harness.model.words import Pass, Role
from tests.unit.analysis.histories import ALTER, MIGRATION_PID, MS, STRONG, Builder, busy

QUERY, USERS = "UPDATE orders SET a = $1", "ALTER TABLE users ADD COLUMN b int"


def error(at: float, pid: int, role: Role = Role.TRAFFIC) -> ServerErrorLogged:
    return ServerErrorLogged(
        at_ns=int(at * MS), pass_=Pass.LOAD, pid=pid, role=role, severity="ERROR", sqlstate="40P01",
        message="deadlock detected",
    )  # fmt: skip


def report(at: float, victim: int = 101) -> DeadlockReported:
    sides = (
        DeadlockSide(
            pid=victim, role=Role.TRAFFIC, mode="RowExclusiveLock", target="relation", relation="public.orders",
            blocked_by=MIGRATION_PID, query=QUERY,
        ),
        DeadlockSide(
            pid=MIGRATION_PID, role=Role.MIGRATION, mode="AccessExclusiveLock", target="relation",
            relation="public.users", blocked_by=victim, query=USERS,
        ),
    )  # fmt: skip
    return DeadlockReported(at_ns=int(at * MS), pass_=Pass.LOAD, pid=victim, sides=sides)


def migrating() -> Builder:
    builder = busy().statement("S1", ALTER, end=10_100, transaction=1, commit=10_600).locks("S1", STRONG)
    builder.one(10_286, 10_301, actor=1).wait(101, 10_250, 10_300.4, outcome="deadlock", holders=(MIGRATION_PID,))
    return builder.statement("S2", USERS, start=10_100, end=10_600, transaction=1)


def deadlocks(builder: Builder) -> tuple[DeadlockFacts, ...]:
    return analyse(builder.history()).deadlocks


class TestDeadlocks:
    def test_both_sides(self) -> None:
        (one,) = deadlocks(migrating().add(error(10_300.4, 101)).add(report(10_300.5)))
        assert (one.victim, one.role, one.statement) == ("actor 1", "traffic", "S2")
        assert [(side.who, side.what, side.wanted, side.blocked_by) for side in one.sides] == [
            ("actor 1", "view", "RowExclusiveLock on public.orders", "migration (pid 900)"),
            ("migration (pid 900)", "S2", "AccessExclusiveLock on public.users", "actor 1"),
        ]

    def test_one_entry_a_victim_whichever_sources_tell_it(self) -> None:
        builder = migrating().add(error(10_499.9, 101))
        assert len(deadlocks(builder)) == 1
        assert len(deadlocks(builder.add(error(12_000, 101)))) == 2

    def test_a_deadlock_of_the_application_alone_is_not_the_migrations(self) -> None:
        """The migration was under way, and the report says that it had no part."""
        alone = DeadlockReported(
            at_ns=10_300 * MS, pass_=Pass.LOAD, pid=101,
            sides=tuple(
                DeadlockSide(pid=pid, role=Role.TRAFFIC, mode="ShareLock", target="transactionid", relation="",
                             blocked_by=by, query="")
                for pid, by in ((101, 102), (102, 101))
            ),
        )  # fmt: skip
        builder = migrating().add(error(10_300, 101)).add(alone)
        (one,) = deadlocks(builder)
        assert one.statement == ""
        history = builder.history()
        found = judge(analyse(history), history.info.scenario).findings
        assert "deadlock_risk" not in {finding.hazard.name for finding in found}

    def test_the_finding_names_both_sides(self) -> None:
        history = migrating().add(error(10_300, 101)).add(report(10_300)).history()
        findings = judge(analyse(history), history.info.scenario).findings
        (finding,) = [one for one in findings if one.hazard.name == "deadlock_risk"]
        assert finding.statement == "S2"
        assert finding.evidence[1:] == (
            f"actor 1 (view) waited in {QUERY} for RowExclusiveLock on public.orders, held by migration (pid 900)",
            f"migration (pid 900) (S2) waited in {USERS} for AccessExclusiveLock on public.users, held by actor 1",
        )
