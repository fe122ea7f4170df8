"""rehearsal.json keeps its contract, and its schema is the one in the package."""

from importlib.resources import files
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest

from harness.report.rehearsal_json import Rehearsal, build_rehearsal, json_schema, render_json
from tests.unit.report import runs

SHIPPED = files("harness.report").joinpath("schemas", "rehearsal.schema.json").read_bytes()


def document(name: str) -> Any:
    return msgspec.json.decode(render_json(runs.ALL[name]()))


def test_the_shipped_schema_is_current() -> None:
    assert json_schema() == SHIPPED, "write json_schema() to harness/report/schemas/rehearsal.schema.json"


@pytest.mark.parametrize("name", runs.ALL)
def test_output_validates(name: str) -> None:
    schema = msgspec.json.decode(SHIPPED)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document(name))


@pytest.mark.parametrize("name", runs.ALL)
def test_output_reads_back_to_the_same_values(name: str) -> None:
    view = runs.ALL[name]()
    assert msgspec.json.decode(render_json(view), type=Rehearsal) == build_rehearsal(view)


def test_the_schema_refuses_a_wrong_verdict_type() -> None:
    broken = document("passing") | {"verdict": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, msgspec.json.decode(SHIPPED))


def test_the_fields_other_programs_rely_on() -> None:
    found = document("failing")
    statement = next(one for one in found["statements"] if one["id"] == "S1")
    assert {key: statement[key] for key in ("direction", "duration_ms", "held_ms", "waited_ms", "blocked_max_ms")} == {
        "direction": "up",
        "duration_ms": 1510.0,
        "held_ms": 3.0,
        "waited_ms": 1507.0,
        "blocked_max_ms": 1510.0,
    }
    assert (statement["blocked_actors"], statement["work"], statement["sqlstate"]) == (16, "catalog", None)
    assert found["findings"][0]["hazard"] == "lock_queue"
    assert found["findings"][0]["relation"] == "public.orders"
    assert found["findings"][0]["accepted"] is None
    assert found["rollback"]["result"] == "ok"
    assert {"relation": "public.orders", "mode": "AccessExclusiveLock", "direction": "up", "kind": "r"} in found[
        "locks"
    ]
    assert found["checks"][0] == {
        "id": "blocked", "label": "longest time an actor was blocked", "limit": "500 ms", "found": "1,510 ms",
        "verdict": "fail", "blame": "S1", "note": "",
    }  # fmt: skip
    assert found["operations"][0]["baseline"]["p50_ms"] == 0.41


def test_the_strongest_mode_per_relation_and_direction_is_kept() -> None:
    locks = document("failing")["locks"]
    assert [(lock["direction"], lock["mode"]) for lock in locks] == [
        ("down", "AccessExclusiveLock"),
        ("up", "AccessExclusiveLock"),
    ]


def test_rewrites_name_the_relation_once() -> None:
    assert document("nasty")["rewrites"] == [{"relation": f"public.{runs.SCRIPT}", "direction": "up"}]


def test_what_was_not_measured_is_null_and_not_zero() -> None:
    found = document("inconclusive")
    assert found["traffic"] is None
    assert found["timeline"] is None
    assert found["environment"] is None
    assert found["rollback"]["ledger"] is None
    assert document("nasty")["statements"][1]["duration_ms"] is None
