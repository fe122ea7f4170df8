"""Arrays that were bound as one value: their elements and what these are."""

import re
from collections.abc import Sequence
from typing import Final

from harness.workload.constants import Constant

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INTEGER: Final = re.compile(r"[-+]?\d{1,18}")


def array_items(value: str | None) -> list[str] | None:
    """The elements of a one-dimensional array's text; None where it is none of those."""
    if value is None or not (value.startswith("{") and value.endswith("}")) or "{" in value[1:]:
        return None
    inner = value[1:-1]
    if not inner:
        return []
    items = re.findall(r'"((?:[^"\\]|\\.)*)"|([^,"]+)', inner)
    return [re.sub(r"\\(.)", r"\1", quoted) if quoted else plain for quoted, plain in items]


def array_type(constant: Constant, items: Sequence[str]) -> str:
    """The type of the elements, as far as their texts show it; "" where the statement says it."""
    if constant.is_cast:
        return ""
    if items and all(_INTEGER.fullmatch(item) for item in items):
        return "bigint"
    return "uuid" if items and all(_UUID.fullmatch(item) for item in items) else "text"
