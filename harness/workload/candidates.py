"""Operations that may be derived: what they do to which table, in versions of which the first that runs is taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from harness.spec.scenario import OperationSpec
from harness.workload.catalog import Table, quoted
from harness.workload.fresh import column_text, parameter_name


class Kind(Enum):
    """What a derived operation does."""

    POINT = "read by key"
    RANGE = "read a range"
    JOIN = "join"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"

    @property
    def writes(self) -> bool:
        """Whether it changes rows."""
        return self in (Kind.INSERT, Kind.UPDATE, Kind.DELETE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operation to try: `versions` in the order of preference; without one, `reason` says why there is none."""

    table: Table
    kind: Kind
    name: str
    versions: tuple[OperationSpec, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """`text` is true for the one row whose key the parameters name."""

    text: str
    params: Mapping[str, str]


def by_key(table: Table, *, of: str = "", prefix: str = "") -> KeyCondition:
    """The condition on the table's key, for an existing row drawn at random; `of` is the table's alias."""
    head = f"{of}." if of else ""
    names = {column: parameter_name(table, column, prefix=prefix) for column in table.key}
    function = "sample" if len(names) == 1 else "row"
    return KeyCondition(
        " AND ".join(f"{head}{quoted(column)} = :{name}" for column, name in names.items()),
        {name: f"{function}({column_text(table, column)})" for column, name in names.items()},
    )
