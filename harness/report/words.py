"""Short texts for numbers, relations, modes and statements, the same in every format."""

from harness.model.locks import LockMode
from harness.model.units import NS_PER_MS, NS_PER_S, format_duration

DASH = "–"
"""Shown where nothing was measured; 0 is a measurement."""

DEFAULT_SCHEMA = "public."


def duration(ns: int | None, *, error_ns: int = 0) -> str:
    """A duration, with its bound where that is at least a tenth of it; a dash where not measured.

    >>> duration(3_000_000, error_ns=5_000_000), duration(1_507_000_000, error_ns=100_000), duration(None)
    ('< 8 ms', '1,507 ms', '–')
    """
    if ns is None:
        return DASH
    if error_ns >= ns and error_ns > 0:
        return f"< {format_duration(ns + error_ns)}"
    if error_ns * 10 >= ns > 0:
        return f"{format_duration(ns)} ± {format_duration(error_ns)}"
    return format_duration(ns)


def seconds(ns: int | None) -> str:
    """Seconds with one decimal, for phases.

    >>> seconds(41_230_000_000)
    '41.2 s'
    """
    return DASH if ns is None else f"{ns / NS_PER_S:,.1f} s"


def milliseconds(ns: int | None) -> float | None:
    """Milliseconds with three decimals, for machines."""
    return None if ns is None else round(ns / NS_PER_MS, 3)


def count(number: int | None) -> str:
    """A number with thousands separated."""
    return DASH if number is None else f"{number:,}"


def relation(name: str) -> str:
    """A relation without the default schema."""
    return name.removeprefix(DEFAULT_SCHEMA)


def mode(name: str) -> str:
    """A lock mode as people say it: AccessExclusive."""
    return name.removesuffix("Lock")


def strength(name: str) -> int:
    """Rank of a table-level mode, 0 for anything else (row, advisory, transaction locks)."""
    try:
        return LockMode.from_pg(name).value
    except ValueError:
        return 0


def one_line(text: str, *, limit: int = 0) -> str:
    """The text on one line, white space folded, cut with an ellipsis at `limit` characters (0: not cut).

    >>> one_line("SELECT 1,\\n  2", limit=9)
    'SELECT 1…'
    """
    folded = " ".join(text.split())
    return folded if not limit or len(folded) <= limit else folded[: limit - 1].rstrip(" ,") + "…"


def factor(found_ns: int | None, base_ns: int | None) -> str:
    """How many times as long as the baseline.

    >>> factor(1_491_000_000, 3_100_000), factor(5, None)
    ('481 ×', '–')
    """
    if found_ns is None or not base_ns:
        return DASH
    ratio = found_ns / base_ns
    return f"{ratio:,.0f} ×" if ratio >= 100 else f"{ratio:.1f} ×"


UNUSED_ACCEPTS = "Accepted, but did not occur: remove the acceptance, or it hides the hazard when it comes back"
"""Heading of acceptances that nothing needed: [[accept]] of the scenario, or the comment above a statement."""
