"""What `log_lock_waits` writes about a wait: going on, ended, broken by the deadlock detector (lc_messages C)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from harness.model.units import NS_PER_MS


class LockNews(Enum):
    """What a message says about a wait."""

    WAITING = "still waiting for"
    ACQUIRED = "acquired"
    REARRANGED = "avoided deadlock for"
    DEADLOCK = "detected deadlock while waiting for"
    FAILED = "failed to acquire"


@dataclass(frozen=True, slots=True)
class LockTarget:
    """What is locked: `kind` as in pg_locks.locktype (relation, tuple, transactionid, virtualxid, advisory, …).

    `relation` and `database` are OIDs, 0 where the target has none; `text` is the server's own description. `key` is an
    advisory lock's, as the application writes it: one number, or two with a comma.
    """

    kind: str
    relation: int
    database: int
    text: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class LockMessage:
    """One message about a wait of `pid`, `waited_ns` (exact to 1 µs) after it began.

    `holders` and `queue` are pids in the server's order; only messages about a wait going on name them.
    """

    news: LockNews
    pid: int
    mode: str
    target: LockTarget
    waited_ns: int
    holders: tuple[int, ...]
    queue: tuple[int, ...]


_MESSAGE = re.compile(
    r"^process (?P<pid>\d+) (?P<news>still waiting for|acquired|avoided deadlock for"
    r"|detected deadlock while waiting for|failed to acquire) (?P<mode>\w+) on (?P<target>.+?)"
    r"(?: by rearranging queue order)? after (?P<ms>\d+)\.(?P<us>\d{3}) ms$"
)
_DETAIL = re.compile(r"^Process(?:es)? holding the lock: (?P<holders>[\d, ]*)\. Wait queue: (?P<queue>[\d, ]*)\.")
_ROW = re.compile(r"tuple \(\d+,\d+\) in relation \"(?P<name>.+)\"$", re.MULTILINE)

# The texts of DescribeLockTag (lmgr.c) by first word; the names are those of pg_locks.locktype (manual, section 53.13).
_TARGETS = {
    pattern.partition(" ")[0].replace("\\", ""): (kind, re.compile(pattern + "$"))
    for kind, pattern in (
        ("relation", r"relation (?P<rel>\d+) of database (?P<db>\d+)"),
        ("extend", r"extension of relation (?P<rel>\d+) of database (?P<db>\d+)"),
        ("frozenid", r"pg_database\.datfrozenxid of database (?P<db>\d+)"),
        ("page", r"page \d+ of relation (?P<rel>\d+) of database (?P<db>\d+)"),
        ("tuple", r"tuple \(\d+,\d+\) of relation (?P<rel>\d+) of database (?P<db>\d+)"),
        ("transactionid", r"transaction \d+"),
        ("virtualxid", r"virtual transaction -?\d+/\d+"),
        ("spectoken", r"speculative token \d+ of transaction \d+"),
        ("object", r"object \d+ of class \d+ of database (?P<db>\d+)"),
        ("userlock", r"user lock \[\d+,\d+,\d+\]"),
        ("advisory", r"advisory lock \[(?P<db>\d+),(?P<class>\d+),(?P<object>\d+),(?P<form>\d+)\]"),
        ("applytransaction", r"remote transaction \d+ of subscription \d+ of database (?P<db>\d+)"),
    )
}
_OTHER = ("other", re.compile(r"(?!)"))

_TOOLS = {"72707369": "Prisma Migrate", "7241865325823964": "node-pg-migrate"}
"""Keys that a tool always uses (Prisma: schema-engine's PostgreSQL connector; node-pg-migrate: PG_MIGRATE_LOCK_ID)."""


def parse_lock_message(message: str, *, detail: str = "") -> LockMessage | None:
    """What a log entry's message and detail say about a lock wait; None where it is about something else."""
    found = _MESSAGE.match(message)
    if found is None:
        return None
    pids = _DETAIL.match(detail)
    return LockMessage(
        news=LockNews(found["news"]),
        pid=int(found["pid"]),
        mode=found["mode"],
        target=parse_target(found["target"]),
        waited_ns=int(found["ms"]) * NS_PER_MS + int(found["us"]) * 1000,
        holders=_pids(pids["holders"]) if pids else (),
        queue=_pids(pids["queue"]) if pids else (),
    )


def parse_target(text: str) -> LockTarget:
    """The target a message names; kind "other" for one that no version up to 19 writes.

    >>> parse_target("tuple (0,2) of relation 16384 of database 5").relation
    16384
    """
    kind, pattern = _TARGETS.get(text.partition(" ")[0], _OTHER)
    found = pattern.match(text)
    if found is None:
        return LockTarget("other", 0, 0, text)
    parts = found.groupdict()
    key = _advisory_key(parts) if kind == "advisory" else ""
    return LockTarget(kind, int(parts.get("rel") or 0), int(parts.get("db") or 0), text, key)


def advisory_name(key: str) -> str:
    """What an advisory lock is called: a known tool's by the tool, so that two deploys at once explain themselves.

    >>> advisory_name("72707369"), advisory_name("1,2")
    ("Prisma Migrate's advisory lock 72707369", 'advisory lock 1,2')
    """
    tool = _TOOLS.get(key)
    return f"{tool}'s advisory lock {key}" if tool else f"advisory lock {key}"


def _advisory_key(parts: Mapping[str, str | None]) -> str:
    """As pg_locks' columns give it: form 1 is one key of 64 bits, signed, form 2 two of 32 (manual, section 53.13)."""
    high, low = int(parts["class"] or 0), int(parts["object"] or 0)
    if parts["form"] != "1":
        return f"{high},{low}"
    key = high << 32 | low
    return str(key - (1 << 64) if key >= 1 << 63 else key)


def parse_row_context(context: str) -> str:
    """The unqualified relation whose row a transaction waited for, from the entry's context; "" where it says none.

    >>> parse_row_context('while updating tuple (0,1) in relation "orders"')
    'orders'
    """
    found = _ROW.search(context)
    return found["name"] if found else ""


def _pids(text: str) -> tuple[int, ...]:
    return tuple(int(pid) for pid in text.split(", ") if pid)
