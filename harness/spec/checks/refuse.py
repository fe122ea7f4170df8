"""What every check refuses with: SpecError for a key of one file."""

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.model.errors import SpecError
from harness.model.units import NS_PER_MS, parse_duration
from harness.spec.decode import nearest, quote

# PostgreSQL's time settings are 32-bit milliseconds (manual, 20.1.1), and no phase of a rehearsal is longer.
_LONGEST_NS = (2**31 - 1) * NS_PER_MS
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*")


class Refuse:
    """Raises SpecError for keys of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def unless(self, right: bool, key: str, message: str, *, hint: str = "") -> None:
        """Refuse `key` with `message` unless it is `right`."""
        if not right:
            raise SpecError(message, path=self.path, key=key, hint=hint)

    def word(self, value: str, valid: Iterable[str], key: str) -> None:
        """Refuse a value that is none of the `valid` ones."""
        words = list(valid)
        message = f"{quote(value)} is not known here{nearest(value, words)}"
        self.unless(value in words, key, message, hint=f"write one of: {', '.join(words)}")

    def unit(self, parse: Callable[[str], float], text: str, key: str) -> float:
        """The value of `text`; refuses what `parse` does not take, and what is infinite."""
        try:
            value = parse(text)
        except (ValueError, ArithmeticError) as error:
            message, _, way_out = str(error).partition("; ")
            raise SpecError(_short(message), path=self.path, key=key, hint=way_out) from None
        self.unless(math.isfinite(value), key, f"{quote(text)} is too big")
        return value

    def duration(self, text: str, key: str, *, least_ns: int = 0) -> None:
        """Refuse what is no duration, or one out of range."""
        value = self.unit(parse_duration, text, key)
        self.unless(value <= _LONGEST_NS, key, f"{quote(text)} is too long", hint="the longest is 24 days")
        self.unless(value >= least_ns, key, f"{quote(text)} is too short", hint=f"the least is {least_ns / 1e6:g}ms")

    def name(self, value: str, key: str) -> None:
        """Refuse a name that is empty or cannot be seen."""
        fine = bool(value.strip()) and value.isprintable()
        self.unless(fine, key, f"{quote(value)} is not a name", hint="write one line of visible characters")

    def twice(self, names: Iterable[str], key: str) -> None:
        """Refuse a list of tables, `key`, of which two have the same name."""
        seen: set[str] = set()
        for index, name in enumerate(names):
            self.unless(
                name not in seen, f"{key}[{index}].name", f"{quote(name)} is there twice", hint="names must differ"
            )
            seen.add(name)

    def sqlstates(self, states: Iterable[str], key: str) -> None:
        """Refuse what has not the shape of an SQLSTATE."""
        for index, state in enumerate(states):
            message = f"{quote(state)} is not an SQLSTATE"
            hint = 'five characters, like "23505"'
            self.unless(bool(_SQLSTATE.fullmatch(state)), f"{key}[{index}]", message, hint=hint)

    def settings(self, names: Iterable[str], key: str) -> None:
        """Refuse what has not the shape of a setting's name."""
        for name in names:
            self.unless(bool(_SETTING.fullmatch(name)), key, f"{quote(name)} is not a setting's name")


def _short(message: str) -> str:
    return message if len(message) <= 160 else message[:159] + "…"
