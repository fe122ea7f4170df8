"""One statement of a migration, and what it means for the transaction around it."""

from dataclasses import dataclass
from enum import Enum

from harness.events.migration import Accepted


class Control(Enum):
    """What a transaction-control statement does to the transaction."""

    BEGIN = "begin"
    END = "end"
    INNER = "inner"
    """SAVEPOINT, RELEASE, ROLLBACK TO: inside one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement as it stands in its file.

    `text` runs from the first token to the last, without comments before it and without the semicolon. `line` and
    `column` (1-based, in characters) are those of the first token. `id` is "" for transaction control, which is
    executed but has no number.
    """

    id: str
    text: str
    file: str
    line: int
    column: int
    tag: str
    fingerprint: str
    control: Control | None
    """None for everything but transaction control."""
    refuses_block: bool
    """Whether the server refuses it inside a transaction block (SQLSTATE 25001)."""
    may_control: bool
    """Whether it may commit on its own: CALL, and DO whose body has COMMIT, ROLLBACK or CALL."""
    needs_block: bool
    """Whether it means something only inside a transaction block, or means another thing there.

    LOCK TABLE, SET LOCAL, DECLARE CURSOR, SET CONSTRAINTS and the like.
    """
    sets: bool
    """Whether it may change the session's settings."""
    relations: tuple[str, ...]
    """Relations it names, as written, each once."""
    accepts: tuple[Accepted, ...] = ()
