"""What the transforms give for a fixed key, once and for all: a change of any line needs a new FORMAT number."""

import json
from pathlib import Path

import pytest

from harness.snapshot.anonymize.keys import FORMAT, Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.schema import Column
from harness.snapshot.anonymize.transforms.compile import compile_transform
from harness.snapshot.anonymize.transforms.words import Text

_VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())


def test_the_format_is_that_of_the_vectors() -> None:
    assert _VECTORS["format"] == FORMAT


def test_subkey_and_fingerprint() -> None:
    keys = Keys(bytes.fromhex(_VECTORS["key"]))
    assert keys.fingerprint == _VECTORS["fingerprint"]
    assert {domain: keys.subkey(domain).hex() for domain in _VECTORS["subkeys"]} == _VECTORS["subkeys"]


@pytest.mark.parametrize("vector", _VECTORS["transforms"], ids=lambda one: f"{one['class']} {one['type']}")
def test_outputs_never_change(vector: dict[str, object]) -> None:
    type_ = str(vector["type"])
    policy = ColumnPolicy(class_=Class(vector["class"]))
    column = Column(name="c", type=type_, base=type_.removesuffix("[]"))
    keys = Keys(bytes.fromhex(_VECTORS["key"]))
    transform = compile_transform(
        policy, column=column, domain="vectors", keys=keys, enums={"mood": ("sad", "ok", "happy")}
    )
    values = vector["values"]
    assert isinstance(values, dict)
    assert {value: transform(value.encode()).decode() for value in values} == values
    assert transform.many([value.encode() for value in values]) == [out.encode() for out in values.values()]


def test_words_of_a_dictionary_never_change_while_it_stays() -> None:
    """Faker's lists may change with its version; this list does not."""
    vector = _VECTORS["words"]
    transform = Text(Keys(bytes.fromhex(_VECTORS["key"])).subkey("vectors"), vector["dictionary"])
    values = vector["values"]
    assert {value: transform(value.encode()).decode() for value in values} == values
