"""Names, modes, atomicity, locks."""

import os
import stat
from pathlib import Path

import pytest

from harness.model.errors import SnapshotError
from harness.snapshot.store.entry import check_name
from harness.snapshot.store.shelf import Shelf
from tests.unit.snapshot.store.conftest import Put


def test_what_is_put_is_found_again_private_and_described(home: Path, put: Put) -> None:
    put("prod", b"x" * 10)
    stored = Shelf(home).get("prod")
    assert (stored.name, stored.entry.kind, stored.entry.size_bytes, stored.entry.rows) == ("prod", "plain", 10, 3)
    assert stored.content.read_bytes() == b"x" * 10
    modes = {oct(stat.S_IMODE(path.stat().st_mode)) for path in (stored.content, stored.folder / "snapshot.json")}
    assert modes == {"0o600"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (stored.folder, home / "store")} == {0o700}


def test_the_digest_is_of_the_content_and_not_of_the_name(put: Put) -> None:
    one, same, other = put("one", b"a"), put("same", b"a"), put("other", b"b")
    assert one.entry.digest == same.entry.digest != other.entry.digest


def test_a_taken_name_is_refused_and_replaced_on_demand(home: Path, put: Put) -> None:
    put("prod", b"old")
    with pytest.raises(SnapshotError, match="prod already") as caught:
        put("prod", b"new")
    assert "--replace" in caught.value.hint
    put("prod", b"new", replace=True)
    assert Shelf(home).get("prod").content.read_bytes() == b"new"
    assert [path.name for path in (home / "store").iterdir() if path.name != ".locks"] == ["prod"]


def test_an_unknown_name_is_answered_with_the_nearest(home: Path, put: Put) -> None:
    with pytest.raises(SnapshotError) as nothing:
        Shelf(home).get("prod")
    assert "create" in nothing.value.hint
    put("production")
    with pytest.raises(SnapshotError, match="did you mean 'production'"):
        Shelf(home).get("producton")


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "..", "-x", "a b", "x" * 101, "ä"])
def test_names_that_could_be_paths_or_options_are_refused(name: str) -> None:
    with pytest.raises(SnapshotError, match="cannot be a snapshot's name"):
        check_name(name)


def test_a_failure_leaves_nothing_visible(home: Path) -> None:
    shelf = Shelf(home)
    with pytest.raises(IsADirectoryError), shelf.making("prod") as partial:
        partial.write_bytes(b"half")
    assert shelf.names() == []
    assert list((home / "store").glob("prod*")) == []


def test_what_a_killed_process_left_is_removed_but_not_what_is_being_made(home: Path) -> None:
    shelf = Shelf(home)
    with shelf.making("alive"):
        leftover = home / "store" / "dead.partial-1"
        leftover.mkdir()
        assert shelf.collect() == [f"half-made snapshot {leftover}"]
        assert len(list((home / "store").glob("alive.partial-*"))) == 1
        with pytest.raises(SnapshotError, match="being made by another process"), shelf.making("alive"):
            pass
    (home / "store" / "dead.partial-1").mkdir()
    with shelf.making("dead"):
        assert not (home / "store" / "dead.partial-1").exists()


def test_what_is_used_can_be_neither_removed_nor_replaced(home: Path, put: Put) -> None:
    put("prod", b"old")
    shelf = Shelf(home)
    with shelf.reading("prod"):
        assert shelf.is_used("prod")
        with pytest.raises(SnapshotError, match="in use"):
            shelf.remove("prod")
        with pytest.raises(SnapshotError, match="in use"):
            put("prod", b"new", replace=True)
    assert not shelf.is_used("prod")
    shelf.remove("prod")
    assert shelf.names() == []


def test_using_is_noted_and_lasts_as_long_as_the_process(home: Path, put: Put) -> None:
    put("prod")
    shelf = Shelf(home)
    lock = home / "store" / ".locks" / "prod.lock"
    os.utime(lock, (1, 1))
    assert shelf.get("prod").last_used_s == 1
    assert shelf.use("prod").last_used_s > 1
    assert shelf.is_used("prod")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "damaged"),
        (b"{}", "damaged"),
        (b'{"format_version": 99}', "damaged"),
    ],
)
def test_a_damaged_description_is_an_error_and_not_a_crash(home: Path, put: Put, text: bytes, message: str) -> None:
    stored = put("prod")
    (stored.folder / "snapshot.json").write_bytes(text)
    with pytest.raises(SnapshotError, match=message):
        Shelf(home).get("prod")


def test_a_newer_format_and_paths_to_the_outside_are_refused(home: Path, put: Put) -> None:
    file = put("prod").folder / "snapshot.json"
    written = file.read_text()
    file.write_text(written.replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(SnapshotError, match="format 2"):
        Shelf(home).get("prod")
    file.write_text(written.replace('"dump"', '"../../etc"'))
    with pytest.raises(SnapshotError, match="outside its folder"):
        Shelf(home).get("prod")
