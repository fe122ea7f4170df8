"""JSON Schema and Markdown reference of the scenario: `python -m harness.spec.schema.build` writes both anew."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from harness.spec.scenario import Scenario
from harness.spec.schema.describe import DESCRIBED_ELSEWHERE, KEYS, SECTIONS

SCHEMA_FILE = Path(__file__).with_name("scenario.schema.json")
"""The schema that ships in the package, for completion in editors."""

BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
"""What encloses the generated part of docs/scenario.md."""


def build_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario, with the description of every key."""
    schema = msgspec.json.schema(Scenario)
    for section, struct in _structs():
        definition = schema["$defs"][struct.cls.__name__]
        for field in struct.fields:
            definition["properties"][field.encode_name]["description"] = _meaning(_dotted(section, field.encode_name))
    # The loader takes the folder's name.
    schema["$defs"]["Scenario"]["required"] = []
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario of a migration rehearsal (scenario.toml)",
        **schema,
    }


def schema_text() -> str:
    """The schema as it stands in `SCHEMA_FILE`."""
    return json.dumps(build_schema(), indent=1, ensure_ascii=False) + "\n"


def reference_text() -> str:
    """The reference as it stands in docs/scenario.md: a table for each section, a row for each key."""
    parts = []
    structs = dict(_structs())
    for section, (title, purpose) in SECTIONS.items():
        heading = title if title.startswith("The") else f"`{title}`"
        rows = [_row(section, field) for field in structs[section].fields if not _is_section(section, field)]
        table = ["| key | type | default | meaning | example |", "|---|---|---|---|---|", *rows]
        parts += [f"### {heading}", "", purpose, "", *table, ""]
    return "\n".join(parts)


def with_reference(text: str) -> str:
    """The text of docs/scenario.md with its generated part made anew."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{reference_text()}\n{END}{tail}"


def key_names() -> list[str]:
    """The dotted names of all keys that hold a value."""
    return [
        _dotted(section, field.encode_name)
        for section, struct in _structs()
        for field in struct.fields
        if not _is_section(section, field)
    ]


def _structs(kind: inspect.Type | None = None, section: str = "") -> Iterator[tuple[str, inspect.StructType]]:
    if section in DESCRIBED_ELSEWHERE:
        return
    for struct in _inside(inspect.type_info(Scenario) if kind is None else kind):
        yield section, struct
        for field in struct.fields:
            yield from _structs(field.type, _dotted(section, field.encode_name))


def _inside(kind: inspect.Type) -> list[inspect.StructType]:
    if isinstance(kind, inspect.StructType):
        return [kind]
    if isinstance(kind, inspect.VarTupleType):
        return _inside(kind.item_type)
    if isinstance(kind, inspect.UnionType):
        return [struct for one in kind.types for struct in _inside(one)]
    return []


def _is_section(section: str, field: inspect.Field) -> bool:
    """Whether the field is a table with a heading of its own, and no row in the table that holds it."""
    dotted = _dotted(section, field.encode_name)
    return dotted in SECTIONS and dotted not in KEYS


def _dotted(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name


def _meaning(dotted: str) -> str:
    if dotted in SECTIONS and dotted not in KEYS:
        return SECTIONS[dotted][1]
    return f"{KEYS[dotted].meaning} Example: {KEYS[dotted].example}"


def _row(section: str, field: inspect.Field) -> str:
    key = KEYS[_dotted(section, field.encode_name)]
    return f"| `{field.encode_name}` | {key.kind} | {_default(field)} | {key.meaning} | `{key.example}` |"


def _default(field: inspect.Field) -> str:
    if field.required or field.default in ("", None, ()):
        return "–"
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if value in ({}, (), []):
        return "–"
    plain = msgspec.to_builtins(value)
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    return f"`{json.dumps(plain)}`"


def _main() -> None:
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    page = Path(__file__).parents[3] / "docs" / "scenario.md"
    if page.exists():
        page.write_text(with_reference(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    _main()
