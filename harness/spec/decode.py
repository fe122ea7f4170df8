"""From a TOML document to a `Scenario`: unknown keys, words and types, each with its place and the way out."""

import difflib
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from harness.model.errors import SpecError
from harness.spec.scenario import Scenario

NOT_YET: Mapping[str, str] = {
    "rollback.drills": "leave it out or write drills = []; the drill pass comes in a later version",
    "budgets.replica_lag": "leave it out: rehearsals have no standby in this version",
}
"""Keys of the published format that this version does not act on: silence would look like a promise kept."""

T = TypeVar("T")
_EMPTY_OF_NOT_YET: Mapping[str, object] = {"rollback.drills": []}
# Longer names are noise in a message, and difflib is quadratic.
_LONGEST_QUOTE = 60
_INDEX = re.compile(r"\[\d+\]")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<where>.*)`)?$", re.DOTALL)
_HINTS = (
    ("`str`, got `int`", 'put the value in quotes, like "18" or "500ms"'),
    ("`str`, got `float`", 'put the value in quotes, like "1.5s"'),
    ("`str`, got `date", "put the value in quotes"),
    ("`array`, got `str`", "put the value in brackets, like [\"…\"]"),
    ("`array`, got `object`", "write the table's name in double brackets, like [[traffic.operation]]"),
    ("`object`, got `array`", "write the table's name in single brackets, like [traffic]"),
    ("`int`, got `float`", "write a whole number"),
    ("got `str`", "leave out the quotes"),
)  # fmt: skip


def decode_scenario(document: dict[str, Any], *, path: Path) -> Scenario:
    """The document of the file `path` as typed values; SpecError names the first key that is wrong."""
    return decode_table(_without_empty(document), Scenario, path=path)


def decode_table(table: object, kind: type[T], *, path: Path, key: str = "", page: str = "docs/scenario.md") -> T:
    """The table at `key` of the file `path` as a `kind`; SpecError names the first key that is wrong.

    `page` is where the keys are documented.
    """
    try:
        _check_value(table, inspect.type_info(kind), key=key, path=path)
        return msgspec.convert(table, kind, strict=True)
    except RecursionError:
        raise SpecError("tables are nested too deep", path=path) from None
    except msgspec.ValidationError as error:
        raise _type_error(str(error), key=key, path=path, page=page) from None


def nearest(word: str, among: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or "" where nothing is near.

    >>> nearest("wieght", ["name", "weight"])
    " (did you mean 'weight'?)"
    """
    close = difflib.get_close_matches(word[:_LONGEST_QUOTE], [str(a) for a in among], n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def quote(value: object) -> str:
    """The value as it may stand in a message: short, on one line.

    >>> quote("a" * 100)[-4:]
    "aa…'"
    """
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 2] + "…" + text[-1]


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    cleaned = dict(document)
    for dotted, empty in _EMPTY_OF_NOT_YET.items():
        section, key = dotted.split(".")
        table = cleaned.get(section)
        if isinstance(table, dict) and key in table and type(table[key]) is type(empty) and table[key] == empty:
            cleaned[section] = {name: value for name, value in table.items() if name != key}
    return cleaned


def _check_table(table: Mapping[str, Any], struct: inspect.StructType, *, key: str, path: Path) -> None:
    fields = {field.encode_name: field for field in struct.fields}
    for name, value in table.items():
        here = f"{key}.{name}" if key else name
        if name not in fields:
            raise _unknown(name, here=here, section=key, fields=sorted(fields), path=path)
        _check_value(value, fields[name].type, key=here, path=path)
    missing = [name for name, field in fields.items() if field.required and name not in table]
    if missing:
        where = f"[{key}]" if key else "the file"
        raise SpecError(
            f"the key {missing[0]!r} is missing", path=path, key=key, hint=f"add {missing[0]} = … to {where}"
        )


def _check_value(value: object, kind: inspect.Type, *, key: str, path: Path) -> None:
    _check_text(value, key=key, path=path)
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    for one in kinds:
        if isinstance(one, inspect.StructType) and isinstance(value, dict):
            _check_table(value, one, key=key, path=path)
        elif isinstance(one, inspect.VarTupleType) and isinstance(value, list):
            for index, item in enumerate(value):
                _check_value(item, one.item_type, key=f"{key}[{index}]", path=path)
        elif isinstance(one, inspect.EnumType) and isinstance(value, str):
            _check_word(value, one.cls, key=key, path=path)


def _check_word(value: str, words: type[Enum], *, key: str, path: Path) -> None:
    valid = [str(word.value) for word in words]
    if value not in valid:
        raise SpecError(
            f"{quote(value)} is not known here{nearest(value, valid)}",
            path=path,
            key=key,
            hint=f"write one of: {', '.join(valid)}",
        )


def _check_text(value: object, *, key: str, path: Path) -> None:
    # PostgreSQL's text, file names and command lines cannot hold it.
    if isinstance(value, str) and "\0" in value:
        raise SpecError("the text holds a NUL character", path=path, key=key, hint="remove the \\u0000")
    if isinstance(value, dict):
        for name, item in value.items():
            _check_text(name, key=key, path=path)
            _check_text(item, key=f"{key}.{name}" if key else name, path=path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_text(item, key=f"{key}[{index}]", path=path)


def _unknown(name: str, *, here: str, section: str, fields: list[str], path: Path) -> SpecError:
    plain = _INDEX.sub("", here)
    if plain in NOT_YET:
        return SpecError("the key is known, but not in this version", path=path, key=here, hint=NOT_YET[plain])
    where = f"[{section}]" if section else "the top of the file"
    return SpecError(
        f"unknown key {quote(name)}{nearest(name, fields)}",
        path=path,
        key=quote(here)[1:-1],
        hint=f"the keys of {where} are: {', '.join(fields)}",
    )


def _type_error(text: str, *, key: str, path: Path, page: str) -> SpecError:
    match = _AT.match(text)
    what, where = (match["what"], match["where"] or "") if match else (text, "")
    hint = next((hint for part, hint in _HINTS if part in what), f"see {page} for the key's type")
    return SpecError(what[:1].lower() + what[1:], path=path, key=".".join(filter(None, (key, where))), hint=hint)
