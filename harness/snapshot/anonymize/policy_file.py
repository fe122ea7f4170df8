"""The policy as a file: TOML with one line a column, read with every mistake named, written in a stable order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from harness.model.errors import SpecError
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.spec.decode import decode_table
from harness.spec.load import parse_toml

POLICY_VERSION: Final = 1
"""What `version` must be; a later version of the format would mean other things by the same words."""

# A policy names every column of a database; one this size names a million.
_LARGEST_BYTES: Final = 256 * 1024 * 1024
_PAGE: Final = "docs/snapshots.md"
_HEAD: Final = """\
# What becomes of each column when this database is anonymized. Review it like code.
# Every column needs a class; "unclassified" stops the run. The classes are explained in docs/snapshots.md.
"""
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def read_policy(path: Path) -> Policy:
    """The policy in the file `path`. SpecError names file and key, and the nearest name for one that is unknown."""
    document = parse_toml(_bytes_of(path), path=path)
    tables = document.pop("tables", {})
    policy = decode_table(document, Policy, path=path, page=_PAGE)
    if policy.version != POLICY_VERSION:
        raise SpecError(
            f"version {policy.version} is not known to this program",
            path=path,
            key="version",
            hint=f"write version = {POLICY_VERSION}, or use the version of rehearse that wrote the file",
        )
    return msgspec.structs.replace(policy, tables=_tables(tables, path=path))


def policy_toml(policy: Policy) -> str:
    """The policy as TOML that reads back as the same: tables by name, columns in the order given, one line each."""
    lines = [_HEAD + f"version = {policy.version}"]
    for name, columns in sorted(policy.tables.items()):
        lines += ["", *_summary(columns), f"[tables.{_key(name)}]"]
        lines += [f"{_key(column)} = {_inline(one)}" for column, one in columns.items()]
    if policy.references:
        lines += ["", "# Foreign keys that nobody declared: each column with the one it refers to.", "[references]"]
        lines += [f"{_key(name)} = {_string(target)}" for name, target in sorted(policy.references.items())]
    if policy.allowed_leaks:
        lines += ["", "# Where original values of masked columns may stand, as ordinary words.", "[allowed_leaks]"]
        lines += [f"{_key(place)} = {_list(columns)}" for place, columns in sorted(policy.allowed_leaks.items())]
    return "\n".join(lines) + "\n"


def _bytes_of(path: Path) -> bytes:
    hint = "`rehearse snapshot anonymize --init` writes a policy to begin with"
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise SpecError("is too big for a policy", path=path, hint="give the policy, not the dump")
        return path.read_bytes()
    except FileNotFoundError:
        raise SpecError("does not exist", path=path, hint=hint) from None
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", path=path, hint=hint) from None


def _tables(tables: object, *, path: Path) -> dict[str, dict[str, ColumnPolicy]]:
    return {
        table: {
            name: _column(one, key=f"tables.{_key(table)}.{_key(name)}", path=path)
            for name, one in _named(columns, key=f"tables.{_key(table)}", path=path).items()
        }
        for table, columns in _named(tables, key="tables", path=path).items()
    }


def _named(value: object, *, key: str, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SpecError(
            "expected a table", path=path, key=key, hint='write [tables."schema.name"], then a line for each column'
        )
    return value


def _column(value: object, *, key: str, path: Path) -> ColumnPolicy:
    if not isinstance(value, dict):
        raise SpecError("expected a table", path=path, key=key, hint='write it like { class = "keep" }')
    rest = dict(value)
    paths = _named(rest.pop("paths", {}), key=f"{key}.paths", path=path)
    policy = decode_table(rest, ColumnPolicy, path=path, key=key, page=_PAGE)
    if policy.confidence is not None and not 0 <= policy.confidence <= 1:
        raise SpecError("is not between 0 and 1", path=path, key=f"{key}.confidence", hint="write 0.9 for 90 %")
    inner = {name: _column(one, key=f"{key}.paths.{_key(name)}", path=path) for name, one in paths.items()}
    return msgspec.structs.replace(policy, paths=inner)


def _summary(columns: Mapping[str, ColumnPolicy]) -> list[str]:
    undecided = sum(one.class_ is Class.UNCLASSIFIED for one in columns.values())
    return [f"# {undecided} of {len(columns)} columns to decide"] if undecided else []


def _inline(one: ColumnPolicy) -> str:
    parts = [f'class = "{one.class_.value}"']
    words = [(name, getattr(one, name)) for name in ("type", "domain", "subject", "dictionary", "provider")]
    parts += [f"{name} = {_string(value)}" for name, value in words if value]
    if one.paths:
        inner = ", ".join(f"{_key(path)} = {_inline(leaf)}" for path, leaf in one.paths.items())
        parts.append(f"paths = {{ {inner} }}")
    if one.reason:
        parts.append(f"reason = {_string(one.reason)}")
    if one.confidence is not None:
        parts.append(f"confidence = {float(one.confidence)!r}")
    return f"{{ {', '.join(parts)} }}"


def _list(values: list[str]) -> str:
    return f"[{', '.join(map(_string, values))}]"


def _key(key: str) -> str:
    bare = key and key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _string(key)


def _string(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(c) or (c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}") for c in text) + '"'
