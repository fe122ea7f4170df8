"""What `rehearse timeouts` measured, for a terminal, a program, and a comment."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import msgspec

from harness.analysis.lock_timeouts import LockTimeoutFacts, recommended
from harness.report.words import duration, milliseconds

_HEAD = ("lock_timeout", "got through", "95 %", "attempts for 99 %", "longest stall", "p99", "time needed")
_NOTHING = (
    "Nothing to measure: no transaction asks for a strong lock, or none that could be tried and rolled back "
    "(CONCURRENTLY, VACUUM and procedures cannot)."
)
_NO_WEATHER = (
    "Every attempt got through with every value: nothing was in the way. An antagonist (long_reader, bulk_writer, …) "
    "in the scenario shows what a value is worth."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutTable:
    """The facts, the attempts that the migration may make, the pause between two of them, and the run directory."""

    facts: tuple[LockTimeoutFacts, ...]
    allowed: int
    pause_ns: int
    run: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One value for one transaction; null is not measured, or never."""

    lock_timeout_ms: int
    attempts: int
    successes: int
    chance: float
    chance_low: float
    chance_high: float
    attempts_needed: int | None
    stall_ms: float | None
    p99_ms: float | None
    attempt_ms: float | None
    time_needed_ms: float | None
    failed: dict[str, int]


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction by its statements, the values tried, and the one recommended (null: none gets through)."""

    statements: tuple[str, ...]
    recommended_ms: int | None
    values: tuple[Tried, ...]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document."""

    schema_version: str
    run: str
    attempts_allowed: int
    transactions: tuple[Transaction, ...]


def render_json(table: TimeoutTable) -> str:
    """One JSON document, indented."""
    document = Document(
        schema_version="1.0",
        run=table.run,
        attempts_allowed=table.allowed,
        transactions=tuple(
            Transaction(
                statements=statements,
                recommended_ms=best.lock_timeout_ms if (best := recommended(facts, allowed=table.allowed)) else None,
                values=tuple(_tried(one, table) for one in facts),
            )
            for statements, facts in _transactions(table)
        ),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()


def render_markdown(table: TimeoutTable) -> str:
    """A table a transaction, and the recommendation."""
    parts = ["### lock_timeout by measurement"]
    for statements, facts in _transactions(table):
        parts += ["", f"**{', '.join(statements)}**", "", _row(_HEAD), _row(("---",) * len(_HEAD))]
        parts += [_row(_cells(one, table)) for one in facts]
        parts += ["", _advice(facts, table)]
    return "\n".join([*parts, "", *([_pauses(table), *_weather(table)] if table.facts else [_NOTHING])])


def render_text(table: TimeoutTable) -> str:
    """The same for a terminal of 100 columns."""
    lines: list[str] = []
    for statements, facts in _transactions(table):
        rows = [_HEAD, *(_cells(one, table) for one in facts)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
        lines += ["", ", ".join(statements), ""]
        lines += ["  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        lines += ["", f"  {_advice(facts, table)}"]
    notes = ["", _pauses(table), *_weather(table)] if table.facts else [_NOTHING]
    return "\n".join([*lines, *notes, "", f"run  {table.run}"])


def _transactions(table: TimeoutTable) -> Iterator[tuple[tuple[str, ...], list[LockTimeoutFacts]]]:
    for statements, facts in groupby(table.facts, key=lambda one: one.statements):
        yield statements, list(facts)


def _cells(one: LockTimeoutFacts, table: TimeoutTable) -> tuple[str, ...]:
    return (
        duration(one.lock_timeout_ms * 1_000_000),
        f"{one.successes} of {one.attempts}",
        f"{one.low:.0%} to {one.high:.0%}",
        "never" if one.needed is None else str(one.needed),
        duration(one.stall_ns),
        duration(one.p99_ns),
        "never" if one.needed is None else duration(one.time_ns(pause_ns=table.pause_ns)),
    )


def _advice(facts: list[LockTimeoutFacts], table: TimeoutTable) -> str:
    best = recommended(facts, allowed=table.allowed)
    if best is None:
        return f"No value gets through within {table.allowed} attempts with 99 %: more retries, or a quieter moment."
    stall = "" if best.stall_ns is None else f" at the smallest stall, {duration(best.stall_ns)}"
    setting = f"lock_timeout = '{best.lock_timeout_ms}ms', retries = {(best.needed or 1) - 1}"
    through = f"{best.successes} of {best.attempts} attempts got through"
    return f"Recommended: {setting}: {through}, {best.needed} give 99 %{stall}."


def _pauses(table: TimeoutTable) -> str:
    pause = duration(table.pause_ns)
    return f"Time needed: the attempts for 99 %, with {pause} (migration.retry_delay) between two of them."


def _weather(table: TimeoutTable) -> list[str]:
    calm = bool(table.facts) and all(one.successes == one.attempts for one in table.facts)
    return ["", _NO_WEATHER] if calm else []


def _tried(one: LockTimeoutFacts, table: TimeoutTable) -> Tried:
    return Tried(
        lock_timeout_ms=one.lock_timeout_ms,
        attempts=one.attempts,
        successes=one.successes,
        chance=round(one.chance, 4),
        chance_low=round(one.low, 4),
        chance_high=round(one.high, 4),
        attempts_needed=one.needed,
        stall_ms=milliseconds(one.stall_ns),
        p99_ms=milliseconds(one.p99_ns),
        attempt_ms=milliseconds(one.attempt_ns),
        time_needed_ms=milliseconds(one.time_ns(pause_ns=table.pause_ns)),
        failed=one.failed,
    )


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
