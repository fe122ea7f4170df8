"""The ledger's file, its merging over processes, and how written relations are resolved."""

from pathlib import Path

import pytest

from harness.rehearsal.traffic.ledger import Ledger, read_ledger, resolve
from harness.spec.targets import LedgerAction

COLUMNS = {"public.a": ("id",), "shop.b": ("x", "y")}


def test_files_of_several_processes_merge(tmp_path: Path) -> None:
    one, other = Ledger(COLUMNS), Ledger(COLUMNS)
    one.acknowledge(LedgerAction.INSERT, "public.a", [("1",), ("2",)])
    one.acknowledge(LedgerAction.INSERT, "shop.b", [("1", "é")])
    other.acknowledge(LedgerAction.INSERT, "public.a", [("3",)])
    other.acknowledge(LedgerAction.DELETE, "public.a", [("1",), ("99",)])
    paths = [tmp_path / "0.json", tmp_path / "1.json"]
    for ledger, path in zip((one, other), paths, strict=True):
        ledger.save(path)
        assert path.stat().st_mode & 0o777 == 0o600
    a, b = read_ledger(paths)
    assert (a.relation, a.columns, a.present) == ("public.a", ("id",), (("2",), ("3",)))
    assert a.deleted == (("1",), ("99",))
    assert (b.relation, b.present) == ("shop.b", (("1", "é"),))
    assert (len(one), len(other)) == (3, 3)


def test_an_existing_file_is_never_taken_over(tmp_path: Path) -> None:
    (tmp_path / "0.json").touch()
    with pytest.raises(FileExistsError):
        Ledger(COLUMNS).save(tmp_path / "0.json")


def test_relations_resolve_as_written_then_public_then_the_only_one() -> None:
    known = ["public.a", "shop.a", "shop.b", "x.c", "y.c"]
    assert [resolve(name, known) for name in ("a", "shop.a", "b", "c", "d")] == [
        "public.a",
        "shop.a",
        "shop.b",
        None,
        None,
    ]
