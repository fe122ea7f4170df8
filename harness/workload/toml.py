"""A derived workload as the text of a scenario's [[traffic.operation]] tables, to keep and to edit."""

import math
from typing import Any, Final

import msgspec

from harness.model.units import NS_PER_S
from harness.spec.scenario import OperationSpec
from harness.workload.derived import CATALOG, Coverage, Derived

_SHOWN: Final = 20
"""Statements without an operation that the head of the file names; the rest are counted."""
_WIDTH: Final = 100  # characters of a statement in a comment
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


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
            lines.append(f"{key} = {_text(value) if key == 'sql' and isinstance(value, str) else _value(value)}")
    return lines


def _part(part: str | dict[str, Any]) -> str | dict[str, Any]:
    """A statement without the keys that say nothing."""
    return part if isinstance(part, str) else {key: value for key, value in part.items() if value}


def _text(text: str) -> str:
    """SQL of several lines as it is, where TOML can show it so."""
    plain = all(c >= " " or c in "\n\t" for c in text) and "\x7f" not in text and "'''" not in text
    if "\n" not in text or not plain or text.endswith("'"):
        return _string(text)
    return f"'''\n{text}'''"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int():
            return str(value)
        case float():
            return _float(value)
        case dict():
            given = ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items() if inner is not None)
            return f"{{ {given} }}"
        case _:
            return f"[{', '.join(_value(inner) for inner in value)}]"


def _float(value: float) -> str:
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else f"{'-' if value < 0 else ''}inf"
    return repr(value)


def _key(key: str) -> str:
    bare = key and key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _string(key)


def _string(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(c) or (c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}") for c in text) + '"'
