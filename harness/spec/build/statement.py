"""One statement of an operation: its text for either protocol, what it reads and writes, what its row is for."""

from pathlib import Path
from typing import Final

from harness.model.errors import SpecError
from harness.spec.operation import Statement
from harness.spec.pgbench.nodes import Sql
from harness.spec.pgbench.variables import ScriptVariables
from harness.spec.placeholders import everywhere, named_sql
from harness.spec.targets import StatementSyntaxError, find_targets

_SHOWN: Final = 80  # characters of a statement in a message: enough to find it


def build_statement(
    sql: Sql, *, path: Path | str, key: str, quoted: ScriptVariables | None = None, into: tuple[str, ...] = ()
) -> tuple[Statement, str]:
    """The statement, and "begin" or "end" of a transaction; `quoted` are variables to replace in literals too."""
    named = named_sql(sql.text)
    try:
        targets = find_targets(named.text)
    except StatementSyntaxError as error:
        place = f" (character {error.cursor})" if error.cursor else ""
        raise SpecError(f"{error}{place} in: {_shortened(sql.text)}", path=path, key=key) from error
    inside = sql.combined or (quoted is not None and any(name in quoted for name in named.quoted))
    statement = Statement(
        source=sql.text,
        text=named.text,
        names=named.names,
        template=everywhere(sql.text) if inside else named.template,
        textual=inside,
        capture=sql.capture,
        prefix=sql.prefix,
        reads=targets.reads,
        writes=targets.writes,
        ledger=None if inside or sql.capture else targets.ledger,
        into=into,
    )
    return statement, targets.control


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
