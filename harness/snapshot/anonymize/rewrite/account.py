"""What anonymizing did, in numbers: fit for a provenance and a report, free of values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableAccount:
    """Rows of one table's data, and the bytes of its data file as written."""

    name: str
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Account:
    """The whole: `read_bytes` of the source, `written_bytes` of the target, `continued` files of an earlier run.

    `masked` are the masked columns ("schema.table.column"), `dropped` the entries left out of the table of contents,
    `originals` how many distinct values the leak check looked for (None: it was turned off), `moved` the sequences that
    were set ahead of masked numbers.
    """

    tables: tuple[TableAccount, ...]
    read_bytes: int
    written_bytes: int
    masked: tuple[str, ...]
    dropped: tuple[str, ...]
    continued: int
    originals: int | None
    duration_ns: int
    moved: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)
