"""The shipped JSON Schema and the reference in the documentation are those of the types."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema  # type: ignore[import-untyped] # no stubs among the dev tools
import pytest

from harness.spec.load import load_scenario
from harness.spec.schema.build import SCHEMA_FILE, key_names, reference_text, schema_text, with_reference
from harness.spec.schema.describe import KEYS, SECTIONS
from harness.spec.starter import starter

PAGE = Path(__file__).parents[3] / "docs" / "scenario.md"
TOML = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
AGAIN = "run `python -m harness.spec.schema.build`"


def test_the_shipped_schema_is_current() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), AGAIN


def test_the_reference_in_the_documentation_is_current() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_reference(text), AGAIN


def test_every_key_is_described_and_no_other() -> None:
    assert set(KEYS) == set(key_names())
    assert all(key.kind and key.meaning.endswith(".") for key in KEYS.values())


def test_every_key_is_a_row_of_the_reference_below_its_section() -> None:
    text = reference_text()
    for dotted in key_names():
        section, _, name = dotted.rpartition(".")
        title = SECTIONS[section][0]
        below = text.partition(f"### `{title}`" if section else f"### {title}")[2].partition("\n### ")[0]
        assert f"\n| `{name}` | {KEYS[dotted].kind} |" in below


@pytest.mark.parametrize("dotted", sorted(KEYS))
def test_the_example_of_each_key_is_toml_of_that_key_and_fits_the_schema(dotted: str) -> None:
    section, _, name = dotted.rpartition(".")
    value = tomllib.loads(KEYS[dotted].example)
    assert set(value) == {name}
    document: object = value
    for part in reversed(section.split(".") if section else []):
        document = {part: document}
    errors = [
        error
        for error in jsonschema.Draft202012Validator(json.loads(schema_text())).iter_errors(wrapped(document, section))
        if "is a required property" not in error.message and "is not valid under any" not in error.message
    ]
    assert errors == []


def wrapped(document: object, section: str) -> object:
    """The document with the lists that brackets in the sections' titles stand for."""

    def wrap(inner: object, parts: list[str], above: str) -> object:
        if not parts:
            return inner
        assert isinstance(inner, dict)
        here = f"{above}.{parts[0]}" if above else parts[0]
        value = wrap(inner[parts[0]], parts[1:], here)
        return {parts[0]: [value] if "[[" in SECTIONS[here][0] or "[{" in SECTIONS[here][0] else value}

    return wrap(document, section.split(".") if section else [], "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    for name in ("up.sql", "down.sql", "seed.sql", "checkout.sql", "shop.dump"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("text", TOML, ids=range(len(TOML)))
def test_the_examples_of_the_documentation_load_and_fit_the_schema(text: str, folder: Path) -> None:
    (folder / "scenario.toml").write_text(text, encoding="utf-8")
    load_scenario(folder)
    jsonschema.validate(tomllib.loads(text), json.loads(schema_text()))


def test_the_schema_refuses_an_unknown_key() -> None:
    with pytest.raises(jsonschema.ValidationError, match="acters"):
        jsonschema.validate({"name": "x", "traffic": {"acters": 1}}, json.loads(schema_text()))


STARTERS = {
    "plain": starter("0042"),
    "folder": starter("x", path="migrations", source="shop.dump", setup=["seed.sql"], version="16"),
    "command": starter("x", command=("alembic upgrade head", "alembic downgrade base")),
    "operations": starter(
        'na"me \\ 😀', down="", operations=[("read", 'SELECT "a"\nFROM t'), ("write", "UPDATE t SET a = '\x7f'")]
    ),
}


@pytest.mark.parametrize("name", STARTERS)
def test_what_init_writes_loads(name: str, folder: Path) -> None:
    (folder / "scenario.toml").write_text(STARTERS[name], encoding="utf-8")
    scenario = load_scenario(folder).scenario
    assert scenario.traffic.rate == 200
    if name == "operations":
        assert scenario.name == 'na"me \\ 😀'
        assert scenario.traffic.operation[0].sql == 'SELECT "a"\nFROM t'
    if name == "folder":
        assert (scenario.migration.path, scenario.snapshot.source, scenario.postgres.version) == (
            "migrations",
            "shop.dump",
            "16",
        )


@pytest.mark.parametrize("name", STARTERS)
def test_the_comments_of_what_init_writes_load_too(name: str, folder: Path) -> None:
    text = re.sub(r"^# (?=\[|[a-z_]+ = )", "", STARTERS[name], flags=re.MULTILINE)
    (folder / "production.dump").touch()
    (folder / "scenario.toml").write_text(text, encoding="utf-8")
    assert load_scenario(folder).scenario.accept[0].hazard == "table_rewrite"
