"""What a kind of antagonist is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.postgres.connect import Connection
from harness.rehearsal.traffic.antagonists.act import Act
from harness.rehearsal.traffic.antagonists.plan import Antagonist


def _nothing(_connection: Connection, _plan: Antagonist) -> None:
    """Most need no preparation."""


@dataclass(frozen=True, slots=True)
class Deed:
    """`act` does it once, calls `Act.in_place` as soon as it holds what it is to hold, and leaves nothing behind.

    `prepare` happens before the baseline begins, on the session's connection.
    """

    act: Callable[[Act], None]
    prepare: Callable[[Connection, Antagonist], None] = _nothing
