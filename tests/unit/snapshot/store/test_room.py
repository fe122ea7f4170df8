"""The limit, and what goes when it is passed."""

import json
import os
import shutil
from pathlib import Path

import pytest

from harness.model.errors import SnapshotError
from harness.snapshot.locks import shared
from harness.snapshot.store.room import make_room, prepared_copies, store_limit, sweep, used
from harness.snapshot.store.shelf import Shelf
from tests.unit.snapshot.store.conftest import Put


def last_used(home: Path, name: str, when: int) -> None:
    os.utime(home / "store" / ".locks" / f"{name}.lock", (when, when))


def prepared(home: Path, digest: str, *, stored: str, size: int) -> Path:
    note = home / "prepared" / f"{digest}.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"tables": 1, "rows": 1, "size_bytes": size, "stored": stored}))
    return note


def test_nothing_goes_while_everything_fits(home: Path, put: Put) -> None:
    put("a", b"x" * 100)
    prepared(home, "d", stored=Shelf(home).get("a").entry.digest, size=50)
    assert make_room(Shelf(home), home, limit_bytes=150, forget=pytest.fail) == []


def test_prepared_copies_go_first_then_the_least_recently_used_and_never_the_new_one(home: Path, put: Put) -> None:
    for index, name in enumerate(("old", "older", "new")):
        put(name, bytes([index]) * 100)
    last_used(home, "old", 2)
    last_used(home, "older", 1)
    last_used(home, "new", 0)
    shelf = Shelf(home)
    prepared(home, "copy-of-old", stored=shelf.get("old").entry.digest, size=500)
    forgotten: list[str] = []
    removed = make_room(shelf, home, limit_bytes=300, forget=forgotten.append, keep="new")
    assert forgotten == ["copy-of-old"]
    assert [line.split(" (")[0] for line in removed] == ["prepared copy of old"]
    removed = make_room(shelf, home, limit_bytes=200, forget=forgotten.append, keep="new")
    assert [line.split(" (")[0] for line in removed] == ["snapshot older"]
    assert shelf.names() == ["new", "old"]


def test_what_is_in_use_stays_and_that_is_said(home: Path, put: Put) -> None:
    put("busy", b"x" * 100)
    put("new", b"y" * 100)
    shelf = Shelf(home)
    with shelf.reading("busy"):
        removed = make_room(shelf, home, limit_bytes=150, forget=pytest.fail, keep="new")
    assert removed == ["nothing more: the rest is in use, and 50 B over the limit"]
    assert shelf.names() == ["busy", "new"]


def test_copies_of_a_removed_snapshot_are_swept_unless_a_run_clones_them(home: Path, put: Put) -> None:
    digest = put("a").entry.digest
    note = prepared(home, "d", stored=digest, size=5)
    prepared(home, "of-a-file", stored="", size=5)
    shelf = Shelf(home)
    assert sweep(shelf, home, forget=pytest.fail) == []
    shelf.remove("a")
    with shared(note.with_suffix(".used")):
        assert sweep(shelf, home, forget=pytest.fail) == []
    forgotten: list[str] = []
    assert sweep(shelf, home, forget=forgotten.append) == ["prepared copy of a removed snapshot (5 B)"]
    assert forgotten == ["d"]
    assert prepared_copies(home) == []
    assert (home / "prepared" / "of-a-file.json").exists()


def test_a_snapshot_bigger_than_the_store_is_refused_and_leaves_nothing(home: Path, put: Put) -> None:
    with pytest.raises(SnapshotError, match=r"takes 100 B, the store may take 99 B") as caught:
        put("prod", b"x" * 100, limit=99)
    assert "--limit" in caught.value.hint
    assert Shelf(home).names() == []


def test_the_limit_is_given_or_in_the_environment_or_half_of_the_disk(home: Path) -> None:
    assert store_limit(home, given="2GB", environment={"REHEARSE_STORE_LIMIT": "1GB"}) == 2 << 30
    assert store_limit(home, environment={"REHEARSE_STORE_LIMIT": "1GB"}) == 1 << 30
    assert store_limit(home, environment={}) == shutil.disk_usage(home.parent).total // 2
    for given, environment, named in (
        ("x", {}, "--limit"),
        ("", {"REHEARSE_STORE_LIMIT": "1"}, "REHEARSE_STORE_LIMIT"),
    ):
        with pytest.raises(SnapshotError, match=named):
            store_limit(home, given=given, environment=environment)


def test_what_is_used_counts_snapshots_and_copies(home: Path, put: Put) -> None:
    digest = put("a", b"x" * 100).entry.digest
    prepared(home, "d", stored=digest, size=7)
    (home / "prepared" / "broken.json").write_text("{")
    now = used(Shelf(home), home, limit_bytes=100)
    assert (now.entries_bytes, now.copies_bytes, now.over_bytes) == (100, 7, 7)
