"""Taking in what needs no server: data directories by their files, dumps by their bytes, a full disk."""

import errno
import os
import struct
from pathlib import Path

import pytest

from harness.model.errors import RestoreError, SnapshotError
from harness.snapshot.intake_data import recognise_data_directory, take_data_directory
from harness.snapshot.intake_dump import take_dump
from harness.snapshot.intake_live import take_database
from harness.snapshot.store.content import copy_in, disk_full_explained, files_below, keep_private

SHUT_DOWN, IN_PRODUCTION = 1, 6


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The skeleton of a stopped cluster."""
    folder = tmp_path / "data"
    for name in ("global", "base/1", "pg_wal/archive_status", "pg_tblspc", "pg_replslot/slot", "log", "conf.d"):
        (folder / name).mkdir(parents=True)
    control(folder, SHUT_DOWN)
    for name in ("base/1/1234", "base/1/pg_internal.init", "pg_wal/000000010000000000000001", "pg_replslot/slot/state"):
        (folder / name).write_bytes(b"x")
    for name in ("postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "server.key", "standby.signal", "log/x.log"):
        (folder / name).write_text("secret")
    (folder / "PG_VERSION").write_text("18\n")
    return folder


def control(folder: Path, state: int) -> None:
    (folder / "global" / "pg_control").write_bytes(struct.pack("=QIIi", 1, 1800, 202506291, state) + bytes(100))


def test_files_are_kept_and_settings_keys_logs_and_slots_are_not(data: Path, tmp_path: Path) -> None:
    partial = tmp_path / "partial"
    partial.mkdir()
    taken = take_data_directory(data, partial, database="shop")
    kept = {str(path.relative_to(partial / "data")) for path in files_below(partial / "data")}
    assert kept == {"PG_VERSION", "base/1/1234", "global/pg_control", "pg_wal/000000010000000000000001"}
    assert (partial / "data" / "pg_replslot").is_dir()
    assert (taken.kind, taken.source.kind, taken.source.dbname) == ("data directory", "data directory", "shop")


def test_a_server_that_runs_or_crashed_is_refused_unless_it_is_a_base_backup(data: Path) -> None:
    control(data, IN_PRODUCTION)
    with pytest.raises(SnapshotError, match="not shut down cleanly") as caught:
        recognise_data_directory(data)
    assert "pg_basebackup" in caught.value.hint
    (data / "backup_label").write_text("START WAL LOCATION: 0/2000028\n")
    assert recognise_data_directory(data).is_backup
    (data / "backup_label").write_text("INCREMENTAL FROM LSN: 0/2000028\n")
    with pytest.raises(SnapshotError, match="incremental"):
        recognise_data_directory(data)
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with pytest.raises(SnapshotError, match="is running"):
        recognise_data_directory(data)


def test_tablespaces_and_other_folders_are_refused(data: Path, tmp_path: Path) -> None:
    (data / "pg_tblspc" / "16400").symlink_to(tmp_path)
    with pytest.raises(SnapshotError, match="tablespaces"):
        recognise_data_directory(data)
    (tmp_path / "base.tar.gz").write_bytes(b"")
    with pytest.raises(SnapshotError, match="not a data directory") as caught:
        recognise_data_directory(tmp_path)
    assert "tar format" in caught.value.hint


def test_what_is_no_dump_is_sent_where_it_belongs(data: Path, tmp_path: Path) -> None:
    for source, hint in ((data, "--data-directory"), (tmp_path / "backup", "--base-backup")):
        source.mkdir(exist_ok=True)
        if source.name == "backup":
            (source / "base.tar").write_bytes(b"")
        with pytest.raises(SnapshotError) as caught:
            take_dump(source, tmp_path / "partial")
        assert hint in caught.value.hint
    with pytest.raises(RestoreError, match="does not exist"):
        take_dump(tmp_path / "none", tmp_path / "partial")


def test_plain_sql_comes_in_and_a_cut_one_does_not(tmp_path: Path) -> None:
    whole = (
        "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 18.4\n\n"
        "CREATE TABLE t (a int);\nCOPY t (a) FROM stdin;\n1\n\\.\n\n--\n-- PostgreSQL database dump complete\n--\n"
    )
    source, partial = tmp_path / "d.sql", tmp_path / "partial"
    source.write_text(whole)
    partial.mkdir()
    taken = take_dump(source, partial)
    assert (taken.kind, taken.source.server_version) == ("plain", "18.4")
    assert (partial / "dump").read_text() == whole
    (partial / "dump").unlink()
    source.write_text(whole[:-50])
    with pytest.raises(RestoreError, match="not a whole dump"):
        take_dump(source, partial)


def test_hard_links_keep_their_owners_mode_and_copies_are_private(tmp_path: Path) -> None:
    source, place = tmp_path / "source", tmp_path / "place"
    source.write_bytes(b"rows")
    source.chmod(0o644)
    place.mkdir()
    copy_in([(source, place / "linked")], link=True)
    copy_in([(source, place / "copied")])
    keep_private(place)
    assert (place / "linked").samefile(source)
    assert source.stat().st_mode & 0o777 == 0o644
    assert (place / "copied").stat().st_mode & 0o777 == 0o600


def test_a_link_in_a_snapshot_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(SnapshotError, match="neither a file nor a folder"):
        files_below(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_so(tmp_path: Path, number: int) -> None:
    with pytest.raises(SnapshotError, match=r"disk .* is full") as caught, disk_full_explained(tmp_path / "none"):
        raise OSError(number, "full")
    assert "remove" in caught.value.hint
    with pytest.raises(PermissionError), disk_full_explained(tmp_path):
        raise PermissionError(errno.EACCES, "no")


def test_a_dsn_that_cannot_be_kept_secret_or_read_is_refused_without_being_quoted(tmp_path: Path) -> None:
    for dsn, message in (
        ("host=db password=hunter2 sslpassword=geheim", "sslpassword"),
        ("postgresql://app:hunter2@[db", "neither a URL"),
        ("postgresql://app:hunter2@127.0.0.1:1/shop", "cannot be read"),
    ):
        with pytest.raises(SnapshotError, match=message) as caught:
            take_database(dsn, tmp_path, jobs=1)
        assert not {"hunter2", "geheim"} & set(str(caught.value).replace(":", " ").split())
