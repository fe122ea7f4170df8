"""A safer way as steps: SQL to run in order, or a reason why it cannot be run without a person."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.analysis.names import same_relation
from harness.events.tables import TableSeen

LOCK_TIMEOUT = "100ms"
"""Long enough for a lock between two short statements of the application; what queues behind it waits no longer than
a person takes for "at once"."""

_MOST_SHOWN, _FIRST_SHOWN = 40, 12
"""Lines that people read at once, and of a longer script the first ones: a table of 800 partitions makes 2,400."""

RETRY = (
    f"SET lock_timeout = '{LOCK_TIMEOUT}';  "
    "-- and run it again when it fails with 55P03: the queue drains between attempts"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One statement (or one transaction, BEGIN to COMMIT) without its last semicolon, and what is said about it.

    `patient`: it waits for old transactions without a strong lock, so lock_timeout is off meanwhile: one that is cut
    off leaves an invalid index or a half-detached partition. `outside`: it refuses a transaction block.
    """

    sql: str
    note: str = ""
    above: str = ""
    patient: bool = False
    outside: bool = False

    @property
    def text(self) -> str:
        """The statement as it is shown, with its notes."""
        head = f"-- {self.above}\n" if self.above else ""
        return f"{head}{self.sql};" + (f"  -- {self.note}" if self.note else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What to do instead of a statement; `why` says why nobody can do it mechanically, "" where it can be done.

    Each piece is a transaction of its own. No pieces: there is no safer form. `words` are comments where there is no
    SQL, or before it.
    """

    pieces: tuple[Piece, ...] = ()
    why: str = ""
    words: str = ""

    @property
    def is_mechanical(self) -> bool:
        """Whether running the pieces does what the statement does."""
        return bool(self.pieces) and not self.why

    @property
    def text(self) -> str:
        """For people, to paste."""
        lines = [f"-- {self.words}" if self.words else ""]
        if self.why:
            lines.append(f"-- needs a person: {self.why}")
        if any(piece.outside for piece in self.pieces):
            lines.append("-- outside a transaction block:")
        if all(piece.patient or piece.sql.startswith("VACUUM") for piece in self.pieces):
            lines += [piece.text for piece in self.pieces]
        else:
            lines += [RETRY, *timed(self.pieces)] if not self.pieces[0].patient else timed(self.pieces, bounded=None)
        shown = [line for line in lines if line]
        if len(shown) > _MOST_SHOWN:
            more = len(shown) - _FIRST_SHOWN
            shown[_FIRST_SHOWN:] = [f"-- … and {more:,} lines alike: rehearse run --try-remedy writes them all"]
        return "\n".join(shown)


def timed(pieces: Iterable[Piece], *, bounded: bool | None = True) -> list[str]:
    """The pieces as lines of a script, lock_timeout set, and off around patient ones; it is set at the end.

    `bounded` says whether it is set before them, None that it is not known.
    """
    lines = []
    for piece in pieces:
        if bounded is None or bounded is piece.patient:
            bounded = not piece.patient
            lines.append(f"SET lock_timeout = '{LOCK_TIMEOUT if bounded else '0'}';")
        lines.append(piece.text)
    return lines if bounded is not False else [*lines, f"SET lock_timeout = '{LOCK_TIMEOUT}';"]


NO_WAY = Way()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a statement beside its text: its class of work, "" where not run, and the tables it names."""

    work: str = ""
    tables: tuple[TableSeen, ...] = ()

    def table(self, name: str) -> TableSeen | None:
        """The table of that name, None where it was not seen."""
        return next((table for table in self.tables if same_relation(table.relation, name)), None)


def join(ways: Iterable[Way]) -> Way:
    """One way after the other; mechanical where each is."""
    every = [way for way in ways if way.pieces or way.why or way.words]
    return Way(
        pieces=tuple(piece for way in every for piece in way.pieces),
        why="; ".join(dict.fromkeys(way.why for way in every if way.why)),
        words="; ".join(dict.fromkeys(way.words for way in every if way.words)),
    )


def because(way: Way, why: str) -> Way:
    """The same way, for people only."""
    return replace(way, why=why)
