"""The server's plain log (stderr): prefixes as log_line_prefix writes them, entries of many lines."""

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from harness.postgres.log_lines import LogLine

USUAL_PREFIXES: Final = (
    "%m [%p] ",  # PostgreSQL's default since 10
    "%m [%p] %q%u@%d ",  # Debian and Ubuntu
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",  # pgBadger's documentation
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: [%l-1] db=%d,user=%u ",  # Cloud SQL
    "%t:%r:%u@%d:[%p]:",  # RDS and Aurora
    "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",  # RDS since 15
    "%t-%c-",  # Azure
    "%m [%p] %q[user=%u,db=%d,app=%a] ",
    "%m [%c] ",
    "%t [%p] ",
    "%t [%p]: ",
    "%t [%p-%l] %q%u@%d ",
    "%t %c ",
    "%t %p ",
)
"""Those of PostgreSQL itself, of packages and of services; tried when none is given."""
_SEVERITIES: Final = "DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC"
_PARTS: Final = "DETAIL|HINT|QUERY|CONTEXT|STATEMENT|LOCATION|BACKTRACE"
_TAIL: Final = rf"(?P<severity>{_SEVERITIES}|{_PARTS}):\s{{1,2}}(?P<message>.*)"
_TIME: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_ZONE: Final = r"(?: [A-Za-z0-9+:/_-]+)?"
_ESCAPES: Final = {
    "a": r"(?P<a>.*?)",
    "u": r"(?P<u>.*?)",
    "d": r"(?P<d>.*?)",
    "r": r"\S*?",
    "h": r"\S*?",
    "L": r"\S*?",
    "b": r"(?P<b>.*?)",
    "p": r"(?P<p>\d+)",
    "P": r"\d*",
    "t": rf"(?P<t>{_TIME}){_ZONE}",
    "m": rf"(?P<m>{_TIME}\.\d{{3}}){_ZONE}",
    "n": r"(?P<n>\d+\.\d{3})",
    "i": r"(?P<i>.*?)",
    "e": r"(?P<e>[0-9A-Z]{5})",
    "c": r"(?P<c>[0-9a-f]+\.[0-9a-f]+)",
    "l": r"\d+",
    "s": rf"{_TIME}{_ZONE}",
    "v": r"(?P<v>-?\d*/?-?\d*)",
    "x": r"(?P<x>\d+)",
    "Q": r"-?\d+",
}
_ESCAPE: Final = re.compile(r"%(-?\d+)?(.)", re.DOTALL)
_SESSIONS: Final = 20_000  # entries of so many sessions may wait for their further parts
_MAX_ENTRY: Final = 16 << 20  # characters of one entry; a longer one is cut
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def compile_prefix(prefix: str) -> re.Pattern[str]:
    """What a line with this log_line_prefix looks like; ValueError for an escape that is none."""
    parts: list[str] = []
    optional = at = 0
    seen: set[str] = set()
    for escape in _ESCAPE.finditer(prefix):
        parts.append(re.escape(prefix[at : escape.start()]))
        at, padding, letter = escape.end(), escape[1], escape[2]
        if letter == "q":
            parts.append("(?:")
            optional += 1
        elif letter == "%":
            parts.append("%")
        elif letter not in _ESCAPES:
            raise ValueError(f"log_line_prefix has no escape %{letter}")
        else:
            pattern = _ESCAPES[letter]
            if letter in seen:
                pattern = re.sub(r"\(\?P<\w>", "(?:", pattern)
            seen.add(letter)
            parts.append(rf"\s*{pattern}\s*" if padding else pattern)
    parts.append(re.escape(prefix[at:]) + ")?" * optional)
    return re.compile("".join(parts) + _TAIL, re.DOTALL)


def likely_prefix(lines: Sequence[str]) -> str | None:
    """Which of the usual prefixes these lines have; None where no line has one."""
    best = max(USUAL_PREFIXES, key=lambda prefix: _matches(prefix, lines))
    return best if _matches(best, lines) else None


def prefix_matches(lines: Sequence[str]) -> int:
    """How many of these lines have the usual prefix that most of them have."""
    return max(_matches(prefix, lines) for prefix in USUAL_PREFIXES)


def _matches(prefix: str, lines: Sequence[str]) -> int:
    pattern = compile_prefix(prefix)
    return sum(1 for line in lines if pattern.fullmatch(line))


@dataclass(slots=True)
class _Entry:
    """An entry whose further lines may come: message and parts as lists of lines."""

    groups: dict[str, str | None]
    severity: str
    texts: dict[str, list[str]] = field(default_factory=dict)


class StderrDecoder:
    """Lines of one plain log to entries; `undecodable` counts lines that belong to none."""

    def __init__(self, prefix: str) -> None:
        self._pattern = compile_prefix(prefix)
        self._open: OrderedDict[str, _Entry] = OrderedDict()
        self._last: list[str] | None = None
        self._length = 0
        self.lines = 0
        self.undecodable = 0

    def feed(self, line: str) -> Iterator[LogLine]:
        """The entries that this line (without its end) completes."""
        match = self._pattern.fullmatch(line)
        if match is None:
            self._continue(line)
            return
        groups = match.groupdict()
        session = groups.get("c") or groups.get("p") or ""
        severity = match["severity"]
        if re.fullmatch(_PARTS, severity):
            entry = self._open.get(session)
            if entry is None:
                self._last = None
                self.undecodable += 1
                return
        else:
            if (before := self._open.pop(session, None)) is not None:
                yield from self._done(before)
            if len(self._open) >= _SESSIONS:
                yield from self._done(self._open.popitem(last=False)[1])
            entry = self._open[session] = _Entry(groups, severity)
            severity = "message"
        self._last = entry.texts[severity] = [match["message"]]
        self._length = len(line)

    def finish(self) -> Iterator[LogLine]:
        """The entries that were open when the log ended."""
        for entry in self._open.values():
            yield from self._done(entry)
        self._open.clear()
        self._last = None

    def _continue(self, line: str) -> None:
        """A further line of an entry: the server puts a tab before it."""
        self._length += len(line) + 1
        if self._last is None:
            self.undecodable += bool(line.strip())
        elif self._length <= _MAX_ENTRY:
            self._last.append(line.removeprefix("\t"))

    def _done(self, entry: _Entry) -> Iterator[LogLine]:
        found = _line(entry)
        if found is None:
            self.undecodable += 1
        else:
            self.lines += 1
            yield found


def _line(entry: _Entry) -> LogLine | None:
    groups = entry.groups
    try:
        wall_ns = _wall_ns(groups)
    except (ValueError, OverflowError):
        return None
    texts = {part: "\n".join(lines) for part, lines in entry.texts.items()}
    return msgspec.structs.replace(
        LogLine(wall_ns=wall_ns, pid=int(groups.get("p") or 0), severity=entry.severity, message=texts["message"]),
        sqlstate=_or_empty(groups, "e", but="00000"),
        detail=texts.get("DETAIL", ""),
        context=texts.get("CONTEXT", ""),
        statement=texts.get("STATEMENT", ""),
        application_name=_or_empty(groups, "a"),
        user=_or_empty(groups, "u"),
        database=_or_empty(groups, "d"),
        backend_type=_or_empty(groups, "b"),
        session=_or_empty(groups, "c"),
        vxid=_or_empty(groups, "v"),
        ps=_or_empty(groups, "i"),
    )


def _or_empty(groups: dict[str, str | None], name: str, *, but: str = "") -> str:
    value = groups.get(name) or ""
    return "" if value == but else value


def _wall_ns(groups: dict[str, str | None]) -> int:
    if epoch := groups.get("n"):
        seconds, _, millis = epoch.partition(".")
        return int(seconds) * 1_000_000_000 + int(millis) * 1_000_000
    text = groups.get("m") or groups.get("t")
    if not text:
        return 0
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
