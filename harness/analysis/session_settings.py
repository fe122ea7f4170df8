"""Which statement of the migration set a session's setting."""

from collections.abc import Sequence

from harness.analysis.facts import Facts, StatementFacts
from harness.model.words import Direction


def statement_setting(facts: Facts, names: Sequence[str]) -> StatementFacts | None:
    """The last statement going up that names one of the settings, None where none does."""
    wanted = [name.lower().replace("_", " ") for name in names]
    up = [s for s in facts.statements if s.direction is Direction.UP]
    return next((s for s in reversed(up) if any(name in _plain(s.sql) for name in wanted)), None)


def _plain(sql: str) -> str:
    return " ".join(sql.lower().replace("_", " ").split())
