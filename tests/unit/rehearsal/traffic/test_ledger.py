"""The ledger's file, its merging over processes, and how written relations are resolved."""

from pathlib import Path

import pytest

from harness.rehearsal.traffic.ledger import Ledger, read_ledger, resolve
from harness.spec.targets import LedgerAction

COLUMNS = {"public.a": ("id",), "shop.b": ("x", "y")}


def test_files_of_several_processes_merge(tmp_path: Path) -> None:
    paths = [tmp_path / "0.json", tmp_path / "1.json"]
    one, other = map(Ledger, paths)
    one.acknowledge(LedgerAction.INSERT, "public.a", [("1",), ("2",)])
    one.acknowledge(LedgerAction.INSERT, "shop.b", [("1", "é\n")])
    other.acknowledge(LedgerAction.INSERT, "public.a", [("3",)])
    other.acknowledge(LedgerAction.DELETE, "public.a", [("1",), ("99",)])
    for ledger, path in zip((one, other), paths, strict=True):
        ledger.close()
        assert path.stat().st_mode & 0o777 == 0o600
    a, b = read_ledger(paths, COLUMNS)
    assert (a.relation, a.columns, a.present) == ("public.a", ("id",), (("2",), ("3",)))
    assert a.deleted == (("1",), ("99",))
    assert (b.relation, b.present) == ("shop.b", (("1", "é\n"),))
    assert (len(one), len(other)) == (3, 3)


def test_what_was_acknowledged_is_in_the_file_and_not_in_memory(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "0.json")
    for key in range(10_000):
        ledger.acknowledge(LedgerAction.INSERT, "public.a", [(str(key),)])
    assert len((tmp_path / "0.json").read_bytes().splitlines()) > 9_000
    ledger.close()
    (entry,) = read_ledger([tmp_path / "0.json"], COLUMNS)
    assert len(entry.inserted) == len(ledger) == 10_000


def test_an_existing_file_is_never_taken_over(tmp_path: Path) -> None:
    (tmp_path / "0.json").touch()
    with pytest.raises(FileExistsError):
        Ledger(tmp_path / "0.json")


def test_relations_resolve_as_written_then_public_then_the_only_one() -> None:
    known = ["public.a", "shop.a", "shop.b", "x.c", "y.c"]
    assert [resolve(name, known) for name in ("a", "shop.a", "b", "c", "d")] == [
        "public.a",
        "shop.a",
        "shop.b",
        None,
        None,
    ]
