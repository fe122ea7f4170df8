"""The conflict matrix against table 13.2 of the PostgreSQL manual, written out as it is printed there."""

import pytest

from harness.model.locks import LockMode

TABLE_13_2 = """
                         AS RS RE SUE S SRE E AE
ACCESS_SHARE              .  .  .  .  .  .  . X
ROW_SHARE                 .  .  .  .  .  .  X X
ROW_EXCLUSIVE             .  .  .  .  X  X  X X
SHARE_UPDATE_EXCLUSIVE    .  .  .  X  X  X  X X
SHARE                     .  .  X  X  .  X  X X
SHARE_ROW_EXCLUSIVE       .  .  X  X  X  X  X X
EXCLUSIVE                 .  X  X  X  X  X  X X
ACCESS_EXCLUSIVE          X  X  X  X  X  X  X X
"""


def test_conflicts_are_those_of_the_manual() -> None:
    rows = [line.split() for line in TABLE_13_2.strip().splitlines()[1:]]
    assert [row[0] for row in rows] == [mode.name for mode in LockMode]
    for name, *marks in rows:
        for other, mark in zip(LockMode, marks, strict=True):
            assert LockMode[name].conflicts_with(other) is (mark == "X"), (name, other.name)


def test_conflicts_are_symmetric() -> None:
    for one in LockMode:
        for other in LockMode:
            assert one.conflicts_with(other) is other.conflicts_with(one)


def test_names_go_there_and_back() -> None:
    assert [LockMode.from_pg(mode.pg_name) for mode in LockMode] == list(LockMode)
    assert LockMode.SHARE_ROW_EXCLUSIVE.pg_name == "ShareRowExclusiveLock"


def test_predicate_locks_are_no_table_lock() -> None:
    with pytest.raises(ValueError, match="SIReadLock"):
        LockMode.from_pg("SIReadLock")


def test_who_blocks_whom() -> None:
    assert [m.name for m in LockMode if m.blocks_reads] == ["ACCESS_EXCLUSIVE"]
    assert [m.name for m in LockMode if m.is_strong] == [
        "SHARE",
        "SHARE_ROW_EXCLUSIVE",
        "EXCLUSIVE",
        "ACCESS_EXCLUSIVE",
    ]
