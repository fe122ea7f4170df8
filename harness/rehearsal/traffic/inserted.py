"""Keys of rows that this run inserted, for operations that read, change or delete them: `inserted(orders.id)`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, overload

from harness.rehearsal.traffic.ledger import Key, resolve
from harness.rehearsal.traffic.relation import bare_name
from harness.spec.params import Inserted, Parameter, SampleColumn, walk
from harness.spec.targets import LedgerAction
from harness.spec.workload import Workload

KEPT: Final = 10_000
"""Keys kept of a table, in each process: the newest, which are what an application comes back to."""


class _Keys:
    """The newest keys of a table: adding, removing and picking one each take the same time however many there are."""

    def __init__(self, kept: int) -> None:
        self.keys: list[Key] = []
        self._places: dict[Key, int] = {}
        self._kept = kept
        self._oldest = 0

    def add(self, key: Key) -> None:
        """Remember `key`, in the place of an old one where there is no room."""
        if key in self._places:
            return
        if len(self.keys) < self._kept:
            self._places[key] = len(self.keys)
            self.keys.append(key)
            return
        place = self._oldest % self._kept
        del self._places[self.keys[place]]
        self.keys[place] = key
        self._places[key] = place
        self._oldest = place + 1

    def remove(self, key: Key) -> None:
        """Forget `key`: the last one moves into its place."""
        place = self._places.pop(key, None)
        if place is None:
            return
        last = self.keys.pop()
        if place < len(self.keys):
            self.keys[place] = last
            self._places[last] = place


class _Column(Sequence[str]):
    """One column of the keys, live."""

    def __init__(self, keys: list[Key], column: int) -> None:
        self._keys = keys
        self._column = column

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [key[self._column] for key in self._keys[index]]
        return self._keys[index][self._column]


class InsertedRing:
    """The `InsertedKeys` of a process, told by its ledger; `primary_keys` are the columns of "schema.table"."""

    def __init__(self, primary_keys: Mapping[str, tuple[str, ...]], *, wanted: Iterable[str], kept: int = KEPT) -> None:
        self._columns = primary_keys
        self._tables = {relation: _Keys(kept) for relation in wanted}

    def ring(self, source: SampleColumn) -> Sequence[str]:
        """The column of the newest keys; KeyError where the ledger does not follow the table."""
        relation, column = followed_column(source, self._columns) or ("", 0)
        return _Column(self._tables[relation].keys, column)

    def observe(self, action: LedgerAction, relation: str, keys: Iterable[Key]) -> None:
        """Rows were written and are committed."""
        table = self._tables.get(relation)
        if table is not None:
            for key in keys:
                if action is LedgerAction.INSERT:
                    table.add(key)
                else:
                    table.remove(key)


def followed_column(source: SampleColumn, primary_keys: Mapping[str, tuple[str, ...]]) -> tuple[str, int] | None:
    """The "schema.table" of `source`, and which column of its primary key it is; None where it is none."""
    relation = resolve(bare_name(source.table), primary_keys)
    if relation is None or source.column not in primary_keys[relation]:
        return None
    return relation, primary_keys[relation].index(source.column)


def inserted_sources(workload: Workload) -> Iterator[SampleColumn]:
    """Every column that a parameter of `workload` takes inserted keys of."""
    parameters: Iterable[Parameter] = (p for operation in workload.operations for _, p in operation.parameters)
    return (inner.source for parameter in parameters for inner in walk(parameter) if isinstance(inner, Inserted))


def inserted_ring(workload: Workload, primary_keys: Mapping[str, tuple[str, ...]]) -> InsertedRing:
    """The ring that the parameters of `workload` need."""
    followed = (followed_column(source, primary_keys) for source in inserted_sources(workload))
    return InsertedRing(primary_keys, wanted={found[0] for found in followed if found is not None})
