"""A directory archive made by hand: a table of contents and a data file for each table."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.rewrite.toc import Entry, Toc, write_toc
from harness.snapshot.anonymize.schema import Column, Schema, Table
from harness.snapshot.header import DIRECTORY

Rows = list[tuple[str, ...]]


def entry(number: int, kind: str, tag: str, *, definition: str = "", copy: str = "", file: str = "") -> Entry:
    return Entry(
        dump_id=number, has_data=bool(file), catalog=(b"1259", b"%d" % number), tag=tag.encode(), kind=kind.encode(),
        section=3, definition=definition.encode(), drop=b"", copy=copy.encode(), namespace=b"public", tablespace=b"",
        method=None, relkind=0, owner=b"postgres", with_oids=b"false", dependencies=(b"1",), file=file.encode(),
    )  # fmt: skip


def toc(*entries: Entry) -> Toc:
    return Toc(
        version=(1, 16), revision=0, int_size=4, offset_size=8, format=DIRECTORY, compression="none", level=0,
        date=(0, 0, 12, 22, 10, 126, 0), names=(b"shop", b"18.4", b"18.4"), entries=entries,
    )  # fmt: skip


@pytest.fixture
def make_archive(tmp_path: Path) -> Callable[..., Path]:
    """Writes `<tmp_path>/source` from {"table": ({"column": "type"}, rows)} and further entries."""

    def made(tables: dict[str, tuple[dict[str, str], Rows]], *more: Entry) -> Path:
        folder = tmp_path / "source"
        folder.mkdir()
        entries = []
        for number, (name, (columns, rows)) in enumerate(tables.items(), start=100):
            copy = f"COPY public.{name} ({', '.join(columns)}) FROM stdin;\n"
            entries.append(entry(number, "TABLE DATA", name, copy=copy, file=f"{number}.dat"))
            text = "".join("\t".join(row) + "\n" for row in rows)
            (folder / f"{number}.dat").write_text(text + "\\.\n\n\n")
        (folder / "toc.dat").write_bytes(write_toc(toc(*entries, *more), compression="none"))
        return folder

    return made


@pytest.fixture
def make_schema() -> Callable[..., Schema]:
    """The schema of the same {"table": ({"column": "type"}, rows)}."""

    def made(tables: dict[str, tuple[dict[str, str], Rows]]) -> Schema:
        return Schema(
            tables={
                f"public.{name}": Table(
                    name=f"public.{name}",
                    columns=tuple(Column(name=c, type=t, base=t.removesuffix("[]")) for c, t in columns.items()),
                )
                for name, (columns, _) in tables.items()
            },
            enums={},
        )

    return made


@pytest.fixture
def make_policy() -> Callable[..., Policy]:
    """A policy that keeps every column but those named, as {"table.column": class or policy}."""

    def made(schema: Schema, classes: dict[str, Class | ColumnPolicy], **more: object) -> Policy:
        def one(table: str, column: Column) -> ColumnPolicy:
            given = classes.get(f"{table.removeprefix('public.')}.{column.name}", Class.KEEP)
            return given if isinstance(given, ColumnPolicy) else ColumnPolicy(class_=given, type=column.type)

        tables = {name: {c.name: one(name, c) for c in table.columns} for name, table in schema.tables.items()}
        return Policy(tables=tables, **more)  # type: ignore[arg-type]

    return made


@pytest.fixture
def make_entry() -> Callable[..., Entry]:
    """`entry`, for further entries of an archive."""
    return entry
