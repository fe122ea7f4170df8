"""6 · The statements: held, waited and blocked others are three columns."""

from harness.report.html.markup import Markup, section, status, table, tag
from harness.report.view import View
from harness.report.words import one_line

_HEAD = (
    ("", "state"),
    ("Statement", "grow"),
    ("Work", ""),
    ("Locks", "soft"),
    ("Duration", "num"),
    ("Held", "num"),
    ("Waited", "num"),
    ("Blocked others", "num"),
    ("Actors", "num"),
    ("WAL", "num"),
)
_LEAD = (
    "Held: longest hold of a lock that blocks writes. Waited: the statement's own waits. Blocked others: the longest "
    "time it made an actor wait. The three are never added."
)

_ESTIMATE = (
    "At production's size: an estimate from the quiet pass by bytes, on this hardware and without waits; its interval "
    "widens with the factor."
)


def render(view: View) -> Markup:
    """One row a statement."""
    if not view.statements:
        return section("statements", "Statements", tag("p", "No statement was run.", class_="empty"))
    estimated = any(s.at_production for s in view.statements)
    rows = [
        (
            status(s.status, s.id),
            _sql(s.sql, s.where, s.outcome),
            s.work,
            s.locks,
            s.duration,
            s.held,
            s.waited,
            s.blocked,
            s.blocked_actors,
            s.wal,
            *((s.at_production,) if estimated else ()),
        )
        for s in view.statements
    ]
    head = (*_HEAD, ("At production's size", "soft")) if estimated else _HEAD
    lead = f"{_LEAD} {_ESTIMATE}" if estimated else _LEAD
    return section("statements", "Statements", table(head, rows, label="Statements", class_="wide"), lead=lead)


_LONG_SQL = 90


def _sql(sql: str, where: str, outcome: str) -> Markup:
    """The statement in one line, unfolded on demand; where it stands and how it ended."""
    short = tag("code", one_line(sql, limit=_LONG_SQL), class_="sql")
    shown = (
        short
        if len(sql) <= _LONG_SQL and "\n" not in sql
        else tag("details", tag("summary", short), tag("pre", tag("code", sql)))
    )
    ended = "" if outcome == "ok" else f" · {outcome}"
    return tag("div", shown, tag("span", f"{where}{ended}", class_="under"))
