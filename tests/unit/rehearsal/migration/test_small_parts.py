"""Outputs fit to keep, timeouts, locks, what is left behind."""

import pytest

from harness.model.locks import LockMode
from harness.rehearsal.migration.locks import added, merged, strongest
from harness.rehearsal.migration.output import fit_to_keep
from harness.rehearsal.migration.residue import left_behind
from harness.rehearsal.migration.session import parse_timeout


@pytest.mark.parametrize(
    "line",
    [
        "DETAIL:  Key (email)=(anna@example.org) already exists.",
        "CONTEXT:  COPY users, line 1: anna@example.org",
        "[parameters: {'email': 'anna@example.org'}]",
        "Parameters: anna@example.org",
        "Failing row contains (1, anna@example.org).",
        'ERROR:  invalid input syntax for type integer: "anna@example.org"',
        "postgresql://app:anna@example.org@host/db",
    ],
)
def test_no_row_data_and_no_credentials_stay(line: str) -> None:
    kept = fit_to_keep(["before", line, "   example.org continued" if ":" in line[:12] else "after", "after"])
    assert "anna" not in kept
    assert kept.startswith("before")
    assert kept.endswith("after")


def test_only_the_last_lines_stay() -> None:
    kept = fit_to_keep(f"line {n}" for n in range(1000)).splitlines()
    assert kept[-1] == "line 999"
    assert len(kept) < 100


@pytest.mark.parametrize(
    ("shown", "milliseconds"),
    [("0", 0), ("1500ms", 1500), ("2s", 2000), ("10min", 600_000), ("1h", 3_600_000), ("1d", 86_400_000)],
)
def test_timeouts_as_the_server_shows_them(shown: str, milliseconds: int) -> None:
    assert parse_timeout(shown) == milliseconds


def test_locks_keep_the_strongest_and_tell_what_is_new() -> None:
    before = strongest([(1, "AccessShareLock"), (2, "ShareLock")])
    after = merged(before, strongest([(1, "RowExclusiveLock"), (2, "AccessShareLock"), (3, "AccessExclusiveLock")]))
    assert added(before, after) == {1: LockMode.ROW_EXCLUSIVE, 3: LockMode.ACCESS_EXCLUSIVE}


def test_what_is_left_behind_in_words() -> None:
    before = frozenset({("table", "public.t"), ("index", "public.j")})
    after = frozenset({("table", "public.t"), ("invalid index", "public.i"), ("column", "public.t.c")})
    assert left_behind(before, after) == ("invalid index public.i", "column public.t.c", "index public.j is gone")
    assert left_behind(before, before) == ()
    many = frozenset(("column", f"public.t.c{n}") for n in range(100))
    assert left_behind(frozenset(), many)[-1] == "and 80 more"
