"""Units are types: durations in integer nanoseconds, sizes in bytes, ratios as floats; parsing and rendering."""

import re
from decimal import Decimal

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

_DURATION = {"ns": 1, "us": NS_PER_US, "µs": NS_PER_US, "ms": NS_PER_MS, "s": NS_PER_S,
             "m": 60 * NS_PER_S, "min": 60 * NS_PER_S, "h": 3600 * NS_PER_S}  # fmt: skip
# PostgreSQL's multiplier for memory units is 1024 (manual, section 20.1.1); so is ours.
_SIZE = {"B": 1, "kB": 1024, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_NUMBER = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Zµ%]*)\s*$")


def parse_duration(text: str) -> int:
    """Nanoseconds of `"500ms"`, `"2s"`, `"1m"`; a bare number is refused except 0. ValueError says the valid units.

    >>> parse_duration("1.5s")
    1500000000
    """
    number, unit = _split(text)
    if unit == "" and number == 0:
        return 0
    if unit not in _DURATION:
        raise ValueError(f"{text!r} is not a duration; write a number and one of ns, us, ms, s, m, h, like '500ms'")
    return int(number * _DURATION[unit])


def parse_size(text: str) -> int:
    """Bytes of `"64MB"`; multiples are powers of 1024 as in PostgreSQL's own settings. ValueError says the units.

    >>> parse_size("8kB")
    8192
    """
    number, unit = _split(text)
    if unit not in _SIZE:
        raise ValueError(f"{text!r} is not a size; write a number and one of B, kB, MB, GB, TB, like '64MB'")
    return int(number * _SIZE[unit])


def parse_ratio(text: str) -> float:
    """The factor in `"10x"` or `"0.1%"`. ValueError says the valid forms.

    >>> parse_ratio("0.1%"), parse_ratio("10x")
    (0.001, 10.0)
    """
    number, unit = _split(text)
    if unit == "x":
        return float(number)
    if unit == "%":
        return float(number / 100)
    raise ValueError(f"{text!r} is not a ratio; write '10x' or '0.1%'")


def _split(text: str) -> tuple[Decimal, str]:
    match = _NUMBER.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a number with a unit, like '500ms', '64MB' or '10x'")
    return Decimal(match[1]), match[2]


def format_duration(ns: int) -> str:
    """A duration for people: three significant digits, thousands separated, unit by size.

    >>> format_duration(1_507_000_000), format_duration(3_140_000), format_duration(412)
    ('1,507 ms', '3.14 ms', '0.412 µs')
    """
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    if ns >= 120 * NS_PER_S:
        minutes, seconds = divmod(round(ns / NS_PER_S), 60)
        return f"{sign}{minutes} min {seconds} s"
    if ns >= 10 * NS_PER_S:
        return f"{sign}{ns / NS_PER_S:.1f} s"
    if ns >= NS_PER_MS // 10:
        return f"{sign}{_significant(ns / NS_PER_MS)} ms"
    return f"{sign}{_significant(ns / NS_PER_US)} µs" if ns else "0 ms"


def format_bytes(size: int) -> str:
    """A size for people.

    >>> format_bytes(612 * 1024 * 1024)
    '612 MB'
    """
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if abs(value) < 1024:
            break
        value, unit = value / 1024, larger
    return f"{_significant(value)} {unit}" if unit != "B" else f"{size} B"


def plural(number: int, noun: str) -> str:
    """A number and its noun.

    >>> plural(1, "statement"), plural(2_000, "index")
    ('1 statement', '2,000 indexes')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('x') else 's'}"


def _significant(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"
