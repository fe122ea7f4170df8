"""The manual's tables of functions are whole, and each example means what it says."""

import re
from pathlib import Path

from harness.spec.params import FUNCTIONS, Fixed, parse_parameter

PAGE = Path(__file__).parents[4] / "docs" / "traffic.md"


def test_every_function_has_an_example_that_is_read() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("\n## Parameters\n")[2].partition("\n## ")[0]
    examples = re.findall(r"^\| `(\w+\(.*?\))` \|", section, re.MULTILINE)
    assert {example.partition("(")[0] for example in examples} == set(FUNCTIONS)
    assert not any(isinstance(parse_parameter(example), Fixed) for example in examples)
