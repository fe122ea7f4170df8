"""Paths of a JSON column, from sampled documents: what becomes of each, and of all that was not seen."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from harness.snapshot.anonymize.check_policy import ANY
from harness.snapshot.anonymize.policy import Class, ColumnPolicy

_MOST_PATHS: Final = 200
"""A document with more keys than this has data in its keys; then every leaf is taken word by word."""

Leaf = Callable[[str, tuple[bytes, ...]], ColumnPolicy]
"""What becomes of the texts at a path, by its last key and their values."""


def json_paths(documents: Iterable[bytes], *, leaf: Leaf) -> dict[str, ColumnPolicy]:
    """The policy by path; a path is the keys with dots between them, an array's elements have the array's path."""
    found: dict[str, list[bytes]] = defaultdict(list)
    texts: set[str] = set()
    for document in documents:
        try:
            _walk(json.loads(document), "", found, texts)
        except (ValueError, RecursionError):
            continue
    rest = {ANY: ColumnPolicy(class_=Class.TEXT, reason="whatever else is there")}
    if len(found) > _MOST_PATHS:
        return rest
    paths = {}
    for path, values in sorted(found.items()):
        if path and path != ANY:
            paths[path] = _decided(path, tuple(values), leaf) if path in texts else _number(path, leaf)
    return paths | rest


def _decided(path: str, values: tuple[bytes, ...], leaf: Leaf) -> ColumnPolicy:
    one = msgspec.structs.replace(leaf(path.rpartition(".")[2], values), type="")
    if one.class_ is not Class.UNCLASSIFIED:
        return one
    # Inside a document nobody wants to decide a hundred leaves: what nothing tells of is masked.
    return ColumnPolicy(class_=Class.TEXT, reason=one.reason)


def _number(path: str, leaf: Leaf) -> ColumnPolicy:
    """A path of numbers: kept where its name says a measure or a state, else masked."""
    by_name = leaf(path.rpartition(".")[2], ())
    kept = by_name.class_ is Class.KEEP
    return ColumnPolicy(
        class_=Class.KEEP if kept else Class.NUMBER,
        reason=by_name.reason if kept else "a number whose name does not say a measure",
        confidence=by_name.confidence if kept else None,
    )


def _walk(value: Any, path: str, found: dict[str, list[bytes]], texts: set[str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _walk(inner, f"{path}.{key}" if path else key, found, texts)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, path, found, texts)
    elif isinstance(value, str):
        texts.add(path)
        found[path].append(value.encode("utf-8", "replace"))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found[path].append(str(value).encode())
