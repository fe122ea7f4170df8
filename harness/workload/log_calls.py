"""Entries of a server log to calls of statements: text, bound values, how long it took, whether it failed."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.model.units import NS_PER_MS
from harness.postgres.log_lines import LogLine

# What errmsg() of postgres.c writes (exec_simple_query, exec_execute_message) for log_min_duration_statement,
# log_statement and log_duration. auto_explain's "plan:" is none of them.
_TIMED: Final = re.compile(
    r"duration: (?P<ms>\d+(?:\.\d+)?) ms"
    r"(?:  (?P<step>statement|parse|bind|execute fetch from|execute)(?: .*?)?: (?P<sql>.*))?",
    re.DOTALL,
)
_BEGUN: Final = re.compile(r"(?P<step>statement|execute fetch from|execute)(?: .*?)?: (?P<sql>.*)", re.DOTALL)
# "Parameters:" since 16, "parameters:" before; quotes inside of a value are doubled.
_PARAMETERS: Final = re.compile(r"[Pp]arameters: (.*)", re.DOTALL)
_PARAMETER: Final = re.compile(r"\$(\d{1,5}) = (?:NULL|'((?:[^']|'')*)'(?:\.\.\.)?)(?:, )?", re.DOTALL)
_FAILURES: Final = frozenset({"ERROR", "FATAL", "PANIC"})
_SESSIONS: Final = 50_000  # sessions whose last statement may still get its duration


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the log has it.

    `session` tells connections apart. `end_ns` is the wall clock; `duration_ns` None where the log does not say it;
    `values` are bound values by number, None for NULL. `sqlstate` is "" unless it failed ("?" where that is unknown).
    """

    session: str
    end_ns: int
    duration_ns: int | None
    sql: str
    values: Mapping[int, str | None]
    vxid: str = ""
    sqlstate: str = ""


@dataclass(slots=True)
class CallCounts:
    """What was seen besides calls."""

    timed: int = 0
    untimed: int = 0
    ignored: int = 0
    first_ns: int = 0
    last_ns: int = 0


@dataclass(slots=True)
class _Begun:
    """A statement that log_statement told of, whose duration comes later."""

    line: LogLine
    sql: str
    again: bool = False


@dataclass(slots=True)
class CallReader:
    """Entries in the order of the log to calls; a session's statements come out in their order."""

    counts: CallCounts = field(default_factory=CallCounts)
    _begun: OrderedDict[str, _Begun] = field(default_factory=OrderedDict)

    def read(self, lines: Iterable[LogLine]) -> Iterator[Call]:
        """The calls of `lines`, then those whose duration never came."""
        for line in lines:
            yield from self._line(line)
        for begun in self._begun.values():
            yield from self._told(begun, None)
        self._begun.clear()

    def _line(self, line: LogLine) -> Iterator[Call]:
        session = line.session or str(line.pid)
        if line.severity in _FAILURES:
            yield from self._failure(session, line)
        elif line.severity == "LOG":
            if (timed := _TIMED.fullmatch(line.message)) is not None:
                yield from self._duration(session, line, timed)
            elif (begun := _BEGUN.fullmatch(line.message)) is not None:
                yield from self._flush(session)
                if len(self._begun) >= _SESSIONS:
                    yield from self._told(self._begun.popitem(last=False)[1], None)
                self._begun[session] = _Begun(line, begun["sql"], begun["step"] == "execute fetch from")
            else:
                self.counts.ignored += 1

    def _flush(self, session: str) -> Iterator[Call]:
        if (before := self._begun.pop(session, None)) is not None:
            yield from self._told(before, None)

    def _duration(self, session: str, line: LogLine, timed: re.Match[str]) -> Iterator[Call]:
        duration_ns = round(float(timed["ms"]) * NS_PER_MS)
        step = timed["step"]
        if step is None:
            # Of the statement told before; without one, of a parse or a bind.
            if (begun := self._begun.pop(session, None)) is not None:
                yield from self._told(begun, duration_ns, end_ns=line.wall_ns)
        elif step in ("statement", "execute"):
            yield from self._flush(session)
            yield self._call(session, line, timed["sql"], duration_ns)
        # A parse, a bind, or the next rows of a portal: no call of its own.

    def _told(self, begun: _Begun, duration_ns: int | None, *, end_ns: int = 0) -> Iterator[Call]:
        if not begun.again:
            session = begun.line.session or str(begun.line.pid)
            yield self._call(session, begun.line, begun.sql, duration_ns, end_ns=end_ns)

    def _failure(self, session: str, line: LogLine) -> Iterator[Call]:
        begun = self._begun.pop(session, None)
        sql = line.statement or (begun.sql if begun else "")
        if not sql:
            self.counts.ignored += 1
            return
        yield Call(session, line.wall_ns, None, sql, {}, line.vxid, line.sqlstate or "?")

    def _call(self, session: str, line: LogLine, sql: str, duration_ns: int | None, *, end_ns: int = 0) -> Call:
        end_ns = end_ns or line.wall_ns
        counts = self.counts
        counts.timed += duration_ns is not None
        counts.untimed += duration_ns is None
        begin_ns = end_ns - (duration_ns or 0)
        counts.first_ns = min(counts.first_ns or begin_ns, begin_ns)
        counts.last_ns = max(counts.last_ns, end_ns)
        return Call(session, end_ns, duration_ns, sql, parse_parameters(line.detail), line.vxid)


def parse_parameters(detail: str) -> dict[int, str | None]:
    """Bound values of a DETAIL line by number; {} where it is about something else.

    >>> parse_parameters("Parameters: $1 = 'it''s', $2 = NULL")
    {1: "it's", 2: None}
    """
    found = _PARAMETERS.fullmatch(detail)
    if found is None:
        return {}
    return {int(one[1]): None if one[2] is None else one[2].replace("''", "'") for one in _PARAMETER.finditer(found[1])}
