"""A derived workload as the text of a scenario's [[traffic.operation]] tables, to keep and to edit."""

from typing import Any, Final

import msgspec

from harness.model.units import NS_PER_S
from harness.spec.scenario import OperationSpec
from harness.spec.toml_text import toml_string, toml_value
from harness.workload.derived import CATALOG, Coverage, Derived

_SHOWN: Final = 20
"""Statements without an operation that the head of the file names; the rest are counted."""
_WIDTH: Final = 100  # characters of a statement in a comment


def operations_toml(derived: Derived) -> str:
    """The operations as TOML, after a comment that says what they stand for; reads back as the same operations.

    Keys at their default are left out.
    """
    lines = [f"# {line}".rstrip() for line in describe_coverage(derived)]
    for operation in derived.operations:
        lines += ["", *_operation(operation)]
    return "\n".join(lines) + "\n"


def describe_coverage(derived: Derived) -> list[str]:
    """What the operations stand for, and what nothing stands for, in words, a line a thing."""
    coverage = derived.coverage
    lines = [_line(f"Derived from {coverage.source}: {len(derived.operations)} operations.")]
    if coverage.calls:
        lines.append(f"They stand for {_shares(coverage)}.")
    if derived.rate is not None:
        lines.append(f"The source ran {derived.rate:.4g} operations a second: [traffic] rate = {derived.rate:.4g}")
    lines += [_line(note) for note in derived.notes]
    uncovered = sorted(coverage.uncovered, key=lambda u: (-u.time_ns, -u.calls, u.statement))
    if uncovered:
        lines.append(f"Not covered: {len(uncovered)}")
    for one in uncovered[:_SHOWN]:
        took = f", {one.time_ns / NS_PER_S:.3g} s" if one.time_ns else ""
        lines.append(_line(f"  {one.calls} x{took}: {_shortened(one.statement)}: {one.reason}"))
    if len(uncovered) > _SHOWN:
        lines.append(f"  and {len(uncovered) - _SHOWN} more")
    return lines


def _shares(coverage: Coverage) -> str:
    what = "operations that it suggests" if coverage.source == CATALOG else "calls"
    calls = f"{coverage.covered_calls:,} of {coverage.calls:,} {what} ({coverage.covered_calls / coverage.calls:.1%})"
    if not coverage.time_ns:
        return calls
    return f"{calls} and {coverage.covered_time_ns / coverage.time_ns:.1%} of the time they took"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…"


def _line(text: str) -> str:
    """Text that is one line of a TOML comment, which takes no control characters."""
    return "".join(c if c >= " " and c != "\x7f" else " " for c in text)


def _operation(operation: OperationSpec) -> list[str]:
    default = msgspec.to_builtins(OperationSpec(name=""))
    written: dict[str, Any] = msgspec.to_builtins(operation)
    lines = ["[[traffic.operation]]"]
    if not isinstance(written["sql"], str):
        written["sql"] = [_part(part) for part in written["sql"]]
    for key, value in written.items():
        if key == "name" or value != default[key]:
            lines.append(f"{key} = {_text(value) if key == 'sql' and isinstance(value, str) else toml_value(value)}")
    return lines


def _part(part: str | dict[str, Any]) -> str | dict[str, Any]:
    """A statement without the keys that say nothing."""
    return part if isinstance(part, str) else {key: value for key, value in part.items() if value}


def _text(text: str) -> str:
    """SQL of several lines as it is, where TOML can show it so."""
    plain = all(c >= " " or c in "\n\t" for c in text) and "\x7f" not in text and "'''" not in text
    if "\n" not in text or not plain or text.endswith("'"):
        return toml_string(text)
    return f"'''\n{text}'''"
