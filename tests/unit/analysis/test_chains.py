"""The lock queue as a tree, at a statement's worst moment; what cost whom how much."""

from harness.analysis.analyse import analyse
from harness.analysis.facts import ChainFacts, ChainNode
from harness.events.observation import BlockerSeen
from harness.model.words import Pass, Role
from tests.unit.analysis.histories import (
    ALTER,
    ANTAGONIST_PID,
    MIGRATION_PID,
    MS,
    STRONG,
    Builder,
    behind_a_long_reader,
    busy,
)


def only(builder: Builder) -> ChainFacts:
    (chain,) = analyse(builder.history()).chains
    return chain


def shape(node: ChainNode) -> object:
    """Who waits for whom."""
    return (node.pid, [shape(below) for below in node.waiting]) if node.waiting else node.pid


class TestTree:
    def test_a_queue_behind_a_waiting_statement_behind_a_long_reader(self) -> None:
        chain = only(behind_a_long_reader())
        (root,) = chain.roots
        assert shape(root) == (ANTAGONIST_PID, [(MIGRATION_PID, [(100, [103]), 101, 102])])
        assert (chain.statement, chain.blocked, root.size) == ("S1", 4, 5)
        assert chain.at_ns == 11_500 * MS - 1
        s1 = root.waiting[0]
        assert (s1.statement, s1.sql, s1.wants) == ("S1", ALTER, "AccessExclusiveLock on orders")
        first = s1.waiting[0]
        assert (first.who, first.operation, first.wants, first.behind) == (
            "actor 0", "view", "AccessShareLock on orders", "queue",
        )  # fmt: skip
        assert first.waiting[0].wants == "ShareLock of a transactionid"
        assert first.waiting[0].behind == "held"

    def test_what_the_server_said_of_the_holder(self) -> None:
        builder = behind_a_long_reader().add(
            BlockerSeen(
                at_ns=10_050 * MS, pass_=Pass.LOAD, blocked=MIGRATION_PID, pid=ANTAGONIST_PID, role=Role.ANTAGONIST,
                modes=("AccessShareLock",), state="idle in transaction", query="SELECT count(*) FROM orders",
                transaction_start_ns=9_000 * MS,
            )
        )  # fmt: skip
        (root,) = only(builder).roots
        assert (root.holds, root.sql, root.since_ns) == (
            "AccessShareLock on orders", "SELECT count(*) FROM orders", 9_000 * MS,
        )  # fmt: skip

    def test_a_held_lock_makes_the_statement_the_root(self) -> None:
        builder = busy().statement("S1", ALTER, end=10_002, commit=11_000, transaction=1).locks("S1", STRONG)
        builder.wait(101, 10_200, 11_000, holders=(MIGRATION_PID,), queue=(101,))
        builder.wait(102, 10_300, 11_000, holders=(MIGRATION_PID,), queue=(101, 102))
        chain = only(builder)
        (root,) = chain.roots
        assert shape(root) == (MIGRATION_PID, [101, 102])
        assert (root.holds, root.wants, root.since_ns) == ("AccessExclusiveLock on orders", "", 10_000 * MS)
        assert [node.behind for node in root.waiting] == ["held", "held"]
        assert [node.waited_ns for node in root.waiting] == [800 * MS - 1, 700 * MS - 1]

    def test_a_chain_of_three_over_a_row(self) -> None:
        """The migration holds the row, one actor waits for its transaction, the next for the actor's tuple lock."""
        builder = busy().statement("S1", "UPDATE orders SET a = 1", end=10_900, tag="UPDATE")
        builder.wait(101, 10_100, 10_900, mode="ShareLock", target="transactionid", holders=(MIGRATION_PID,))
        builder.wait(102, 10_200, 10_900, mode="ExclusiveLock", target="tuple", holders=(101,))
        (root,) = only(builder).roots
        assert shape(root) == (MIGRATION_PID, [(101, [102])])
        assert root.holds == "a row of orders"
        assert root.waiting[0].wants == "a row of orders (ShareLock of a transactionid)"

    def test_several_holders_are_roots_beside_each_other(self) -> None:
        builder = busy().statement("S1", ALTER, end=10_500).locks("S1", STRONG)
        holders = (101, 102, ANTAGONIST_PID, 813, 814)
        builder.wait(
            MIGRATION_PID, 10_000, 10_500, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=holders,
            queue=(MIGRATION_PID,),
        )  # fmt: skip
        roots = only(builder).roots
        assert [root.who for root in roots[:1]] == ["2 other sessions"]
        assert [shape(root) for root in roots[1:]] == [ANTAGONIST_PID, 813, (814, [MIGRATION_PID])]

    def test_a_holder_that_waits_itself_is_followed_to_the_far_end(self) -> None:
        builder = busy().statement("S1", ALTER, end=10_500).locks("S1", STRONG)
        builder.wait(
            MIGRATION_PID, 10_000, 10_500, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(101,),
            queue=(MIGRATION_PID,),
        ).wait(101, 9_900, 10_500, mode="ShareLock", target="transactionid", holders=(ANTAGONIST_PID,))  # fmt: skip
        (root,) = only(builder).roots
        assert shape(root) == (ANTAGONIST_PID, [(101, [MIGRATION_PID])])

    def test_nobody_waits_in_a_circle(self) -> None:
        """A deadlock before it is resolved: each waits for the other."""
        builder = busy().statement("S1", ALTER, end=10_500).locks("S1", STRONG)
        builder.wait(
            MIGRATION_PID, 10_000, 10_500, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(101,),
            queue=(MIGRATION_PID,),
        ).wait(101, 10_100, 10_500, holders=(MIGRATION_PID,), queue=(101,))  # fmt: skip
        (root,) = only(builder).roots
        assert root.pid == 101
        assert root.waiting[0].statement == "S1"

    def test_no_chain_where_nobody_waited(self) -> None:
        assert analyse(busy().statement("S1", ALTER).locks("S1", STRONG).history()).chains == ()


class TestShares:
    def test_blocked_time_by_lock_and_operation(self) -> None:
        builder = busy().operation(1, "pay")
        builder.statement("S1", ALTER, end=10_500, commit=11_000).locks("S1", STRONG)
        builder.wait(
            MIGRATION_PID, 10_000, 10_500, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(ANTAGONIST_PID,),
            queue=(MIGRATION_PID,),
        )  # fmt: skip
        for pid, start in ((100, 10_100), (101, 10_300)):
            builder.wait(pid, start, 11_000, holders=(ANTAGONIST_PID,), queue=(MIGRATION_PID, pid))
        builder.wait(102, 10_600, 11_000, holders=(MIGRATION_PID,), queue=(102,))
        shares = only(builder).shares
        assert [(s.lock, s.behind, s.waits, s.actors, s.total_ns, s.max_ns) for s in shares] == [
            ("AccessExclusiveLock on public.orders", "queue", 2, 2, 1600 * MS, 900 * MS),
            ("AccessExclusiveLock on public.orders", "held", 1, 1, 400 * MS, 400 * MS),
        ]
        assert shares[0].operation == "view"
