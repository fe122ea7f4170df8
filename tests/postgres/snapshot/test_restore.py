"""Restoring on real servers: each format gives the same database; what is wrong is named, messages hold no data."""

import dataclasses
import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model.catalog import SchemaImage, TableDigest
from harness.model.errors import RestoreError
from harness.postgres.catalog import read_schema_image, read_table_digests
from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.snapshot.formats import recognise
from harness.snapshot.restore import PACKED_FACTOR, check_room, restore

pytestmark = pytest.mark.postgres

SHOP = Path(__file__).parents[3] / "fixtures" / "shop" / "shop.dump"
FORMATS = (
    "custom", "custom plain", "directory", "tar", "plain", "plain inserts",
    "custom.gz", "custom.zst", "tar.gz", "tar.zst", "plain.gz", "plain.zst",
)  # fmt: skip


def contents(server: Server) -> tuple[SchemaImage, tuple[TableDigest, ...]]:
    with connect(server.conninfo(application_name="rehearse/harness")) as connection:
        return read_schema_image(connection), read_table_digests(connection)


def query(server: Server, text: str) -> object:
    with connect(server.conninfo(application_name="rehearse/harness")) as connection:
        row = connection.execute(text.encode()).fetchone()
    return row[0] if row else None


def refused(path: Path, server: Server, work: Path) -> RestoreError:
    with pytest.raises(RestoreError) as caught:
        restore(path, server, extensions=(), work=work, on_progress=None)
    assert str(path) in caught.value.message
    assert "example.org" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_same_schema_roles_and_rows(
    name: str, dumps: dict[str, Path], original: Server, empty_server: Server, tmp_path: Path
) -> None:
    seen: list[tuple[int, int | None]] = []
    work = tmp_path / "work"
    work.mkdir()
    restore(dumps[name], empty_server, extensions=(), work=work,
            on_progress=lambda _what, done, total: seen.append((done, total)))  # fmt: skip
    assert contents(empty_server) == contents(original)
    assert query(empty_server, "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'Reader, 1'") is False
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1] == recognise(dumps[name]).size_bytes
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("name", ["custom", "directory", "plain", "plain.gz"])
def test_dumps_of_18_into_16(
    name: str, dumps: dict[str, Path], original: Server, engine16: EmbeddedEngine, tmp_path: Path
) -> None:
    server = engine16.provision()
    try:
        restore(dumps[name], server, extensions=(), work=tmp_path, on_progress=None)
        assert contents(server)[1] == contents(original)[1]
    finally:
        server.discard()


@pytest.mark.parametrize("kind", ["c", "p"])
def test_what_only_18_can_do_is_refused_by_16_with_the_version_to_ask_for(
    kind: str,
    empty_server: Server,
    engine16: EmbeddedEngine,
    make_dump: Callable[..., Path],
    tmp_path: Path,
) -> None:
    with connect(empty_server.conninfo(application_name="rehearse/harness")) as connection:
        connection.execute("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL)")
    path = make_dump(empty_server, tmp_path / "new.dump", kind)
    server = engine16.provision()
    try:
        error = refused(path, server, tmp_path)
    finally:
        server.discard()
    assert "syntax error" in error.message
    assert '[postgres] version = "18"' in error.hint


@pytest.mark.parametrize(("name", "part"), [("custom", 0.9), ("custom", 0.5), ("custom plain", 0.7), ("custom", 0.01)])
def test_a_truncated_archive(
    name: str, part: float, dumps: dict[str, Path], empty_server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "cut.dump"
    raw = dumps[name].read_bytes()
    path.write_bytes(raw[: int(len(raw) * part)])
    error = refused(path, empty_server, tmp_path)
    assert "not a whole dump" in error.message
    assert "copy it again" in error.hint


@pytest.mark.parametrize("name", ["custom.gz", "custom.zst", "tar", "tar.gz", "plain.gz", "plain.zst", "plain"])
def test_a_truncated_stream(name: str, dumps: dict[str, Path], empty_server: Server, tmp_path: Path) -> None:
    path = tmp_path / "cut"
    raw = dumps[name].read_bytes()
    path.write_bytes(raw[: len(raw) * 6 // 10])
    assert "not a whole dump" in refused(path, empty_server, tmp_path).message
    assert [p.name for p in tmp_path.iterdir()] == ["cut"]


def test_a_plain_dump_cut_between_statements_is_found_by_its_missing_last_line(
    dumps: dict[str, Path], empty_server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "cut.sql"
    path.write_bytes(dumps["plain"].read_bytes().partition(b"COPY ")[0])
    assert "last line" in refused(path, empty_server, tmp_path).message


def test_a_directory_without_a_data_file_names_the_table(
    dumps: dict[str, Path], empty_server: Server, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dumps["directory"], copy)
    max(copy.glob("*.dat*"), key=lambda file: file.stat().st_size if file.name != "toc.dat" else 0).unlink()
    error = refused(copy, empty_server, tmp_path)
    assert "the data file" in error.message
    assert "of table public." in error.message


def test_an_extension_the_server_lacks_is_named_before_anything_is_restored(
    dumps: dict[str, Path], original: Server, empty_server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "gis.sql"
    path.write_text("CREATE TABLE before (a int);\nCREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;\n")
    error = refused(path, empty_server, tmp_path)
    assert "the extension postgis" in error.message
    assert "docker engine" in error.hint
    assert query(empty_server, "SELECT to_regclass('before')::text") is None


def test_an_extension_the_scenario_needs_and_the_server_lacks(
    dumps: dict[str, Path], empty_server: Server, tmp_path: Path
) -> None:
    with pytest.raises(RestoreError, match="the scenario needs the extension postgis"):
        restore(dumps["custom"], empty_server, extensions=("postgis",), work=tmp_path, on_progress=None)


def test_an_extension_of_the_scenario_and_of_the_dump_is_created(
    empty_server: Server, embedded_engine: EmbeddedEngine, make_dump: Callable[..., Path], tmp_path: Path
) -> None:
    source = embedded_engine.provision()
    try:
        with connect(source.conninfo(application_name="rehearse/harness")) as connection:
            connection.execute("CREATE SCHEMA ext")
            connection.execute("CREATE EXTENSION vector SCHEMA ext")
        path = make_dump(source, tmp_path / "v.dump", "c")
    finally:
        source.discard()
    # The same archive, asking for an extension of the same length that nobody has.
    other = tmp_path / "other.dump"
    other.write_bytes(path.read_bytes().replace(b"vector", b"wector"))
    assert "the extension wector" in refused(other, empty_server, tmp_path).message
    restore(path, empty_server, extensions=("vector",), work=tmp_path, on_progress=None)
    where = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
    assert query(empty_server, where) == "ext"


def test_a_dump_that_connects_elsewhere(
    original: Server, empty_server: Server, make_dump: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_dump(original, tmp_path / "create.sql", "p", "--create")
    error = refused(path, empty_server, tmp_path)
    assert "goes to another database" in error.message
    assert "--create" in error.hint


@pytest.mark.parametrize("packed", [False, True])
def test_a_row_that_does_not_fit_is_an_error_with_its_line_and_without_the_row(
    packed: bool, empty_server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "bad.sql"
    text = b"CREATE TABLE t (a int);\nCOPY t (a) FROM stdin;\n1\nanna@example.org\n\\.\n"
    path.write_bytes(gzip.compress(text) if packed else text)
    error = refused(path, empty_server, tmp_path)
    assert "invalid input syntax for type integer: … (22P02)" in error.message
    assert "line 5" in error.message


def test_a_conflict_in_an_archive_is_an_error_without_the_row(
    dumps: dict[str, Path], empty_server: Server, tmp_path: Path
) -> None:
    with connect(empty_server.conninfo(application_name="rehearse/harness")) as connection:
        connection.execute("CREATE TABLE customers (id int PRIMARY KEY, email text UNIQUE, note text)")
    assert 'relation "customers" already exists' in refused(dumps["custom"], empty_server, tmp_path).message


def test_no_room_on_the_disk_is_found_before(dumps: dict[str, Path], tmp_path: Path) -> None:
    beyond = shutil.disk_usage(tmp_path).total
    for name in ("custom", "plain"):
        huge = dataclasses.replace(recognise(dumps[name]), size_bytes=beyond)
        with pytest.raises(RestoreError, match=r"needs about .*, the disk of .* has .* free"):
            check_room(huge, tmp_path)
        check_room(recognise(dumps[name]), tmp_path)


def test_the_factor_of_the_disk_check_stays_below_what_a_dump_takes(empty_server: Server, tmp_path: Path) -> None:
    before = int(str(query(empty_server, "SELECT pg_database_size(current_database())")))
    dump = restore(SHOP, empty_server, extensions=(), work=tmp_path, on_progress=None)
    grown = int(str(query(empty_server, "SELECT pg_database_size(current_database())"))) - before
    assert grown / dump.size_bytes >= PACKED_FACTOR
