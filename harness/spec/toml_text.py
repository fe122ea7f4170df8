"""Values, and a whole scenario, as TOML text."""

import math
from typing import Any, Final

import msgspec

from harness.spec.scenario import Scenario

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def toml_value(value: Any) -> str:
    """A value on one line; keys without a value are left out of tables.

    >>> toml_value({"a b": [1, 2.5, "x"], "c": None})
    '{ "a b" = [1, 2.5, "x"] }'
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return toml_string(value)
        case int():
            return str(value)
        case float():
            return _float(value)
        case dict():
            given = ", ".join(f"{_key(key)} = {toml_value(inner)}" for key, inner in value.items() if inner is not None)
            return f"{{ {given} }}"
        case _:
            return f"[{', '.join(toml_value(inner) for inner in value)}]"


def toml_string(text: str) -> str:
    """Text in quotes, on one line."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}") for c in text) + '"'


def scenario_toml(scenario: Scenario) -> str:
    """The scenario as the text of its file, keys at their default left out; it reads back as the same scenario."""
    given = _without_defaults(msgspec.to_builtins(scenario), msgspec.to_builtins(Scenario(name="")))
    given["name"] = scenario.name
    # Its limits are written out, and would be mixed with the preset's where they are the default.
    given.get("budgets", {}).pop("preset", None)
    plain = {key: value for key, value in given.items() if not _is_table(value)}
    lines = [f"{_key(key)} = {toml_value(value)}" for key, value in plain.items()]
    for key, value in given.items():
        if isinstance(value, dict):
            lines += ["", f"[{_key(key)}]", *_pairs(value)]
        elif _is_table(value):
            for item in value:
                lines += ["", f"[[{_key(key)}]]", *_pairs(item)]
    return "\n".join(lines) + "\n"


def _pairs(table: dict[str, Any]) -> list[str]:
    return [f"{_key(key)} = {toml_value(value)}" for key, value in table.items() if value is not None]


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list | tuple) and any(isinstance(v, dict) for v in value))


def _without_defaults(value: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, inner in value.items():
        usual = default.get(key)
        if inner == usual or inner is None:
            continue
        kept[key] = _without_defaults(inner, usual) if isinstance(inner, dict) and isinstance(usual, dict) else inner
    return kept


def _float(value: float) -> str:
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else f"{'-' if value < 0 else ''}inf"
    return repr(value)


def _key(key: str) -> str:
    bare = key and key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else toml_string(key)
