"""WAL and disk: what the migration wrote, and how much the database grew at most."""

from collections.abc import Sequence

from harness.analysis.facts import StatementFacts
from harness.analysis.phases import Windows
from harness.events.history import History
from harness.events.observation import ServerSampled
from harness.model.words import Direction, Pass


def samples_of(history: History) -> tuple[ServerSampled, ...]:
    """The server's counters over the load pass."""
    return tuple(sample for sample in history.of(ServerSampled) if sample.pass_ is Pass.LOAD)


def wal_of(statements: Sequence[StatementFacts]) -> int | None:
    """WAL bytes of going up alone (quiet pass: nobody else writes); None where not measured."""
    known = [s.wal_bytes for s in statements if s.direction is Direction.UP and s.wal_bytes is not None]
    return sum(known) if known else None


def growth_of(samples: Sequence[ServerSampled], windows: Windows) -> tuple[int | None, int | None]:
    """Bytes before the migration and the most it grew until the way back began; None where not sampled."""
    if windows.migrate is None or windows.widened is None:
        return None, None
    before = [s.database_bytes for s in samples if s.at_ns <= windows.migrate.start_ns]
    during = [s.database_bytes for s in samples if windows.widened.start_ns < s.at_ns <= windows.widened.end_ns]
    if not before or not during:
        return (before[-1] if before else None), None
    return before[-1], max(0, max(during) - before[-1])
