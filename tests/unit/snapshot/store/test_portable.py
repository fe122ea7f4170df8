"""Export and import: whole, or refused."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from harness.model.errors import SnapshotError
from harness.snapshot.store.check import check_quickly
from harness.snapshot.store.portable import export_tar, peek_name, unpack
from harness.snapshot.store.shelf import Shelf, Stored
from tests.unit.snapshot.store.conftest import Put


def import_(source: Path, home: Path, name: str = "here") -> Stored:
    shelf = Shelf(home)
    with shelf.making(name) as partial:
        return shelf.publish(partial, unpack(source, partial, name=name))


@pytest.fixture
def exported(put: Put, tmp_path: Path) -> Path:
    target = tmp_path / "prod.tar"
    export_tar(put("prod", b"rows" * 1000), target)
    return target


def test_a_tar_comes_in_as_it_went_out(exported: Path, tmp_path: Path) -> None:
    assert peek_name(exported) == "prod"
    packed = tmp_path / "prod.tar.gz"
    packed.write_bytes(gzip.compress(exported.read_bytes()))
    for number, source in enumerate((exported, packed)):
        stored = import_(source, tmp_path / f"other{number}")
        check_quickly(stored)
        assert stored.entry.name == "here"
        assert stored.content.read_bytes() == b"rows" * 1000


def test_a_folder_comes_in(put: Put, home: Path, tmp_path: Path) -> None:
    digest = put("prod").entry.digest
    assert peek_name(home / "store" / "prod") == "prod"
    assert import_(home / "store" / "prod", tmp_path / "other").entry.digest == digest


def test_nobodys_name_goes_along(exported: Path) -> None:
    with tarfile.open(exported) as archive:
        assert {(m.uid, m.gid, m.uname, m.gname) for m in archive} == {(0, 0, "", "")}


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_tar_is_refused(exported: Path, tmp_path: Path, share: float) -> None:
    raw = exported.read_bytes()
    whole = len(raw.rstrip(b"\0"))
    exported.write_bytes(raw[: int(whole * share)])
    with pytest.raises(SnapshotError, match=r"ends too early|missing|not an exported"):
        import_(exported, tmp_path / "other")
    assert Shelf(tmp_path / "other").names() == []


def test_changed_content_is_refused(exported: Path, tmp_path: Path) -> None:
    exported.write_bytes(exported.read_bytes().replace(b"rowsrows", b"rowsrowz", 1))
    with pytest.raises(SnapshotError, match="dump is changed") as caught:
        import_(exported, tmp_path / "other")
    assert "again" in caught.value.hint


def test_a_changed_description_is_refused(put: Put, tmp_path: Path) -> None:
    stored = put("prod")
    file = stored.folder / "snapshot.json"
    file.write_text(file.read_text().replace(stored.entry.digest, "0" * 64))
    with pytest.raises(SnapshotError, match=r"snapshot\.json was changed"):
        import_(stored.folder, tmp_path / "other")


def test_a_dump_is_sent_to_create(tmp_path: Path) -> None:
    dump = tmp_path / "x.dump"
    dump.write_bytes(b"PGDMP")
    for source in (dump, tmp_path):
        with pytest.raises(SnapshotError, match="not an exported snapshot") as caught:
            peek_name(source)
        assert "--from" in caught.value.hint
    with pytest.raises(SnapshotError, match="does not exist"):
        peek_name(tmp_path / "none")


@pytest.mark.parametrize("evil", ["prod/../../evil", "/evil", "link"])
def test_a_tar_that_reaches_outside_is_refused(exported: Path, tmp_path: Path, evil: str) -> None:
    with tarfile.open(exported, "a") as archive:
        member = tarfile.TarInfo("prod/link" if evil == "link" else evil)
        if evil == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member, io.BytesIO())
    with pytest.raises(SnapshotError, match="something else than files"):
        import_(exported, tmp_path / "other")
    assert not (tmp_path / "evil").exists()
