"""The databases that `rehearse traffic` tries operations on, and what the trials say."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import psycopg
import typer

from harness.cli.places import state_home
from harness.events.traffic import StatementCompared
from harness.model.errors import SpecError
from harness.model.units import NS_PER_MS
from harness.postgres.connect import connect
from harness.rehearsal.derive import scratch_clone
from harness.rehearsal.tryout import Tryout
from harness.spec.load import load_scenario

_SEED: Final = 1337
"""Of the parameters that operations are tried with."""
_SHOWN: Final = 40  # statements compared that are printed, those of most calls
_NAME: Final = 44  # characters of an operation's name in the table


@contextmanager
def database_of(scenario: Path | None, dsn: str, *, owned: bool = False) -> Iterator[Tryout]:
    """Where operations are tried: a clone of a scenario's snapshot, or the database `dsn`, which is only read.

    SpecError where it does not answer.
    """
    if scenario is not None:
        loaded = load_scenario(scenario)
        with scratch_clone(loaded, home=state_home(), owned=owned) as connection:
            yield Tryout(connection, seed=loaded.scenario.seed, path=loaded.path)
        return
    try:
        with closing(connect(dsn)) as connection:
            connection.execute("SET default_transaction_read_only = on")
            yield Tryout(connection, seed=_SEED, path=Path("--dsn"), writable=False)
    except psycopg.Error as error:
        hint = "it needs a database that can be reached and read"
        raise SpecError(
            f"the database cannot be read ({error.sqlstate or 'no answer'})", path="--dsn", hint=hint
        ) from None


def print_realism(compared: Sequence[StatementCompared], *, out: Path | None) -> None:
    """Print the realism check: beside the workload on stderr where that is printed, too."""
    for line in realism_lines(compared):
        typer.echo(line, err=out is None)


def realism_lines(compared: Sequence[StatementCompared]) -> list[str]:
    """The realism check as a table: rows and milliseconds per call, in the source and here."""
    if not compared:
        return []
    like = sum(one.calls for one in compared if one.ok)
    total = sum(one.calls for one in compared) or 1
    head = f"{'operation':{_NAME}} {'calls':>12} {'rows/call':>10} {'here':>8} {'ms/call':>9} {'here':>8} {'ratio':>7}"
    lines = ["", f"Realism: statements of {like / total:.1%} of the calls behave as in the source", head]
    for one in compared[:_SHOWN]:
        name = one.operation if len(one.operation) <= _NAME else f"{one.operation[: _NAME - 1]}…"
        times = one.time_source_ns, one.time_here_ns
        ratio = f"{times[1] / times[0]:.2g}" if times[0] and times[1] is not None else ""
        lines.append(
            f"{name:{_NAME}} {one.calls:>12,} {_number(one.rows_source):>10} {_number(one.rows_here):>8}"
            f" {_ms(times[0]):>9} {_ms(times[1]):>8} {ratio:>7} {'ok' if one.ok else one.error or 'differs'}"
        )
    if len(compared) > _SHOWN:
        lines.append(f"and {len(compared) - _SHOWN} more")
    return lines


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _ms(value_ns: float | None) -> str:
    return "" if value_ns is None else f"{value_ns / NS_PER_MS:.3g}"
