"""Whatever stands in a scenario file, the loader answers with a scenario or a SpecError."""

import copy
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.errors import SpecError
from harness.spec.load import LoadedScenario, load_scenario
from harness.spec.schema.build import key_names

VALID: dict[str, Any] = {
    "name": "x",
    "seed": 1,
    "postgres": {"engine": "auto", "version": "18", "settings": {"a": 1}, "extensions": ["b"]},
    "snapshot": {"setup": ["up.sql"], "variables": {"rows": 1}},
    "migration": {"up": "up.sql", "steps": "all", "lock_timeout": "1s", "retries": 1},
    "traffic": {
        "rate": 1.5,
        "actors": 2,
        "settings": {"lock_timeout": "1s"},
        "retry": {"on": ["40001"], "attempts": 2, "backoff": "1ms"},
        "pooling": "transaction",
        "server_connections": 1,
        "burst": [{"rate": 3.0, "every": "1s", "for": "100ms", "start": "1s"}],
        "ramp": [{"at": "1s", "rate": 2.0}, {"at": "2s", "rate": 0.0}],
        "operation": [
            {"name": "a", "sql": "SELECT 1", "version": "old", "retry": {"attempts": 1}},
            {"name": "b", "pgbench": "up.sql"},
            {"name": "c", "sql": [{"sql": "SELECT 1", "into": ["x"]}, {"sql": "SELECT 2", "when": ":x > 1"}]},
        ],
        "antagonist": [
            {"kind": "long_reader", "table": "t", "every": "1s"},
            {"kind": "batch", "table": "t", "before": "S1", "lead": "1s", "rows": 3},
        ],
    },
    "phase": [{"name": "p", "steps": ["1"], "traffic": {"old": 1.0}, "for": "1s", "rate": 5.0}],
    "invariant": [{"name": "i", "sql": "SELECT 0", "when": "after:p"}],
    "rollback": {"run": True, "restore": "none", "reason": "r", "drills": []},
    "budgets": {"blocked": "1s", "p99": "2x", "failed": 0, "wal": "1GB"},
    "accept": [{"hazard": "h", "reason": "r"}],
}

TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "1s", "10x", "0.1%", "64MB", "18", "up.sql", "after:", "after:p", "old", "/", "..", "\0"]),
    st.integers(1, 500).map(lambda n: "9" * n + "s"),
)
SCALARS = st.one_of(TEXTS, st.integers(), st.floats(), st.booleans(), st.datetimes(), st.dates(), st.times())
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)
NAMES = st.one_of(st.sampled_from(sorted({name.split(".")[-1] for name in key_names()})), TEXTS)


@pytest.fixture(scope="module")
def folder() -> Any:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "up.sql").touch()
        yield Path(name)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A valid document with a few values replaced, removed or added, anywhere."""
    document = copy.deepcopy(VALID)
    for _ in range(draw(st.integers(1, 3))):
        place: Any = document
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            what = draw(st.sampled_from(["replace", "remove", "add"]))
            if what == "remove":
                del place[key]
            elif what == "add" and isinstance(place, dict):
                place[draw(NAMES)] = draw(VALUES)
            else:
                place[key] = draw(VALUES)
            break
    return document


def load(text: str, folder: Path) -> LoadedScenario | SpecError:
    path = folder / "scenario.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        return load_scenario(path)
    except SpecError as error:
        refusal = error
    assert str(path) in str(refusal)
    assert refusal.message
    return refusal


def test_the_document_that_is_mutated_is_valid(folder: Path) -> None:
    assert isinstance(load(to_toml(VALID), folder), LoadedScenario)


# Each example writes a file, which a busy disk delays: no deadline.
@settings(deadline=None)
@given(document=mutated())
def test_a_mutated_scenario_loads_or_is_a_spec_error(document: dict[str, Any], folder: Path) -> None:
    load(to_toml(document), folder)


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_loads_or_is_a_spec_error(text: str, folder: Path) -> None:
    load(text, folder)


@settings(deadline=None)
@given(cut=st.integers(0, 2000), noise=st.text(max_size=5))
def test_damaged_toml_is_a_spec_error_with_a_place(cut: int, noise: str, folder: Path) -> None:
    text = to_toml(VALID)
    cut %= len(text)
    load(text[:cut] + noise + text[cut:], folder)


def to_toml(value: object) -> str:
    """The document as TOML, tables inline."""
    assert isinstance(value, dict)
    return "".join(f"{_text(name)} = {_value(item)}\n" for name, item in value.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(name)} = {_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, int | float):
        return repr(value)
    isoformat = getattr(value, "isoformat", None)
    assert isoformat is not None
    return str(isoformat())


def _text(text: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08x}" if ord(c) < 32 or c in '"\\\x7f' else c for c in text) + '"'
