"""Every form of target and message that the server writes."""

import pytest

from harness.rehearsal.observer.lock_messages import LockNews, parse_lock_message, parse_row_context, parse_target

TARGETS = [
    ("relation 16384 of database 5", "relation", 16384, 5),
    ("relation 1262 of database 0", "relation", 1262, 0),
    ("extension of relation 16384 of database 5", "extend", 16384, 5),
    ("pg_database.datfrozenxid of database 5", "frozenid", 0, 5),
    ("page 3 of relation 16384 of database 5", "page", 16384, 5),
    ("tuple (0,2) of relation 16384 of database 5", "tuple", 16384, 5),
    ("transaction 754", "transactionid", 0, 0),
    ("virtual transaction 3/12", "virtualxid", 0, 0),
    ("virtual transaction -1/12", "virtualxid", 0, 0),
    ("speculative token 1 of transaction 754", "spectoken", 0, 0),
    ("object 16400 of class 1259 of database 5", "object", 0, 5),
    ("user lock [5,1,2]", "userlock", 0, 0),
    ("advisory lock [5,0,72707369,1]", "advisory", 0, 5),
    ("remote transaction 9 of subscription 16500 of database 5", "applytransaction", 0, 5),
    ("unrecognized locktag type 99", "other", 0, 0),
]


@pytest.mark.parametrize(("text", "kind", "relation", "database"), TARGETS)
@pytest.mark.parametrize("news", list(LockNews))
def test_every_target_in_every_message(text: str, kind: str, relation: int, database: int, news: LockNews) -> None:
    how = " by rearranging queue order" if news is LockNews.REARRANGED else ""
    message = parse_lock_message(f"process 42 {news.value} ShareLock on {text}{how} after 1507.031 ms")
    assert message is not None
    assert (message.news, message.pid, message.mode, message.waited_ns) == (news, 42, "ShareLock", 1_507_031_000)
    target = message.target
    assert (target.kind, target.relation, target.database, target.text) == (kind, relation, database, text)
    assert parse_target(text) == target


@pytest.mark.parametrize(
    ("detail", "holders", "queue"),
    [
        ("Process holding the lock: 1. Wait queue: 2.", (1,), (2,)),
        ("Processes holding the lock: 1, 3. Wait queue: 2, 4, 5.", (1, 3), (2, 4, 5)),
        ("Process holding the lock: 1. Wait queue: .", (1,), ()),
        ("", (), ()),
    ],
)
def test_holders_and_queue(detail: str, holders: tuple[int, ...], queue: tuple[int, ...]) -> None:
    message = parse_lock_message(
        "process 2 still waiting for ShareLock on transaction 754 after 10.000 ms", detail=detail
    )
    assert message is not None
    assert (message.holders, message.queue) == (holders, queue)


@pytest.mark.parametrize(
    "text",
    [
        "duration: 12.000 ms  statement: SELECT 1",
        "process 42 still waiting for coffee",
        "process 42 acquired ShareLock on transaction 754 after a while",
        'user said: "process 42 acquired ShareLock on transaction 754 after 1.000 ms"',
    ],
)
def test_other_messages_are_not_about_waits(text: str) -> None:
    assert parse_lock_message(text) is None


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ('while updating tuple (0,1) in relation "orders"', "orders"),
        ('while inserting index tuple (3,14) in relation "orders_pkey"', "orders_pkey"),
        ('while locking tuple (0,1) in relation "a ""b"""', 'a ""b""'),
        ("PL/pgSQL function f() line 3 at SQL statement", ""),
        ("", ""),
    ],
)
def test_the_relation_of_a_row(context: str, name: str) -> None:
    assert parse_row_context(context) == name
