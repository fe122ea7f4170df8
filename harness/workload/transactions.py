"""Calls of many sessions put back into transactions."""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import postgast

from harness.workload.literals import template_of
from harness.workload.log_calls import Call

_MAX_SESSIONS: Final = 50_000
_MAX_STATEMENTS: Final = 10_000  # of one transaction: a bulk load; what comes after is left out
_CONTROL: Final = re.compile(
    r"(?P<begin>BEGIN|START\s+TRANSACTION)\b(?P<modes>[A-Za-z ,]*)|(?P<end>COMMIT|END)(?:\s+(?:WORK|TRANSACTION))?"
    r"|(?P<back>ROLLBACK|ABORT)(?:\s+(?:WORK|TRANSACTION))?(?P<to>\s+TO\s+(?:SAVEPOINT\s+)?(?P<to_name>\S+))?"
    r"|SAVEPOINT\s+(?P<save>\S+)|RELEASE\s+(?:SAVEPOINT\s+)?(?P<release>\S+)"
    r"|(?P<mode>SET\s+TRANSACTION\s+[A-Za-z ,]+)",
    re.IGNORECASE,
)
_FIRST: Final = frozenset("bBsScCeErRaA/-")  # what a control statement, or a comment before it, begins with
_NO_MODES: Final = frozenset({"", "WORK", "TRANSACTION"})


@dataclass(frozen=True, slots=True)
class Step:
    """A statement of a transaction; `control` is its text where it is SAVEPOINT and the like, no constants in it."""

    sql: str
    call: Call
    share: float = 1.0
    """Its part of the call's time: several statements may come in one."""
    control: str = ""
    failed: bool = False


@dataclass(slots=True)
class LoggedTransaction:
    """One transaction.

    `explicit`: the application sent BEGIN, as `begin` (with its modes). `end` is "commit", "rollback" or "unknown" (the
    session or the log ended). `sqlstate` is that of the error it ended with.
    """

    session: str
    begin_ns: int
    explicit: bool
    begin: str = "BEGIN"
    end: str = "unknown"
    end_ns: int = 0
    sqlstate: str = ""
    steps: list[Step] = field(default_factory=list)
    left_out: int = 0


@dataclass(slots=True)
class _Session:
    open: LoggedTransaction | None = None
    vxid: str = ""
    names: dict[str, str] = field(default_factory=dict)


class TransactionReader:
    """Calls, in the log's order, to transactions; keeps what is open, no more."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def read(self, call: Call) -> Iterator[LoggedTransaction]:
        """The transactions that this call completes."""
        session = self._sessions.get(call.session)
        if session is None:
            session = self._sessions[call.session] = _Session()
            if len(self._sessions) > _MAX_SESSIONS:
                yield from self._ended(self._sessions.popitem(last=False)[1])
        else:
            self._sessions.move_to_end(call.session)
        parts = split_statements(call.sql)
        for sql in parts:
            yield from self._statement(session, sql, call, 1 / len(parts))

    def finish(self) -> Iterator[LoggedTransaction]:
        """What was open when the log ended."""
        for session in self._sessions.values():
            yield from self._ended(session)
        self._sessions.clear()

    def _ended(self, session: _Session) -> Iterator[LoggedTransaction]:
        if (transaction := session.open) is not None:
            session.open = None
            if not transaction.explicit:
                transaction.end = "commit"
            if transaction.steps or transaction.explicit:
                yield transaction

    def _statement(self, session: _Session, sql: str, call: Call, share: float) -> Iterator[LoggedTransaction]:
        control = _CONTROL.fullmatch(_bare(sql)) if sql[:1] in _FIRST else None
        step = Step(sql, call, share, failed=bool(call.sqlstate))
        if control is None:
            yield from self._plain(session, step)
        elif control["begin"]:
            yield from self._begin(session, call, control)
        elif control["end"] or (control["back"] and not control["to"]):
            yield from self._end(session, call, "commit" if control["end"] else "rollback")
        elif session.open is not None:
            self._savepoint(session, session.open, step, control)

    def _begin(self, session: _Session, call: Call, control: re.Match[str]) -> Iterator[LoggedTransaction]:
        if session.open is not None and session.open.explicit:
            return  # "there is already a transaction in progress": a warning, nothing else
        yield from self._ended(session)
        modes = " ".join(control["modes"].upper().split())
        modes = re.sub(r"^(WORK|TRANSACTION)\b ?", "", modes)
        begin = f"BEGIN {modes}" if modes not in _NO_MODES else "BEGIN"
        session.names.clear()
        session.open = LoggedTransaction(call.session, call.end_ns - (call.duration_ns or 0), True, begin)

    def _end(self, session: _Session, call: Call, end: str) -> Iterator[LoggedTransaction]:
        transaction = session.open
        if transaction is None or not transaction.explicit:
            yield from self._ended(session)
            return
        transaction.end, transaction.end_ns = end, call.end_ns
        session.open = None
        yield transaction

    def _plain(self, session: _Session, step: Step) -> Iterator[LoggedTransaction]:
        call = step.call
        transaction = session.open
        if transaction is not None and not transaction.explicit and not _same_vxid(session.vxid, call.vxid):
            yield from self._ended(session)
            transaction = None
        if transaction is None:
            transaction = LoggedTransaction(call.session, call.end_ns - (call.duration_ns or 0), False)
            session.open, session.vxid = transaction, call.vxid
        if step.failed:
            transaction.sqlstate = call.sqlstate
        if len(transaction.steps) >= _MAX_STATEMENTS:
            transaction.left_out += 1
        else:
            transaction.steps.append(step)
        transaction.end_ns = call.end_ns
        # Only the log's own number of the transaction tells that a second statement belongs to it.
        if not transaction.explicit and (step.failed or not _is_open(call.vxid)):
            yield from self._ended(session)

    def _savepoint(self, session: _Session, transaction: LoggedTransaction, step: Step, control: re.Match[str]) -> None:
        """Names of savepoints may be anything: they become s1, s2, …"""
        if control["mode"]:
            text = " ".join(control["mode"].upper().split())
        else:
            name = control["save"] or control["release"] or control["to_name"]
            known = session.names.setdefault(name.strip('";'), f"s{len(session.names) + 1}")
            verb = "SAVEPOINT" if control["save"] else "RELEASE SAVEPOINT" if control["release"] else "ROLLBACK TO"
            text = f"{verb} {known}"
            if control["to"]:
                transaction.sqlstate = ""
        transaction.steps.append(Step(step.sql, step.call, step.share, control=text))


def split_statements(sql: str) -> list[str]:
    """The statements of a query string, each as it stands there; [sql] where the parser refuses it."""
    text = sql.strip()
    bare = text.removesuffix(";").rstrip()
    if ";" not in bare:
        return [bare] if bare else []
    try:
        return [part for one in postgast.split(text) if (part := str(one).strip().rstrip(";").strip())]
    except postgast.PgQueryError:
        return [text]


def _bare(sql: str) -> str:
    return template_of(sql).text.strip(" ;") if sql[:1] in "/-" or "/*" in sql or "--" in sql else sql.strip(" ;\n\t")


def _is_open(vxid: str) -> bool:
    """Whether the log line was written inside of a transaction: its number is not 0 or absent."""
    return vxid.partition("/")[2] not in ("", "0")


def _same_vxid(one: str, other: str) -> bool:
    return one == other and _is_open(one)
