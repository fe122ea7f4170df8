"""The schema of a dump, read offline, is the schema of the database it was made of."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from psycopg import sql

from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.snapshot.anonymize.samples import sample_dump
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.schema_read import schema_of_database, schema_of_dump
from harness.snapshot.formats import recognise
from harness.snapshot.restore import restore

pytestmark = pytest.mark.postgres

DATA = Path(os.environ.get("REHEARSE_SAMPLE_DATA") or Path(__file__).parents[4] / "shared" / "data")
SHOP = Path(__file__).parents[3] / "fixtures" / "shop" / "shop.dump"
ZOO = Path(__file__).with_name("schema_zoo.sql")

_OF_ITS_DATABASE = re.compile(r"\\c |(?:DROP|CREATE) DATABASE ")


@pytest.fixture
def content(request: pytest.FixtureRequest, module_server: Server, tmp_path: Path) -> Server:
    """The server, with the named content in its database."""
    path: Path = request.param
    if not path.is_file():
        pytest.skip(f"no {path.name} here; name its folder in REHEARSE_SAMPLE_DATA")
    with connect(module_server.conninfo(application_name="rehearse/harness")) as connection:
        schemas = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        ).fetchall()
        for (name,) in schemas:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
        connection.execute("CREATE SCHEMA public")
    if path.name.startswith("chinook"):
        lines = path.read_text(encoding="utf-8").splitlines()
        path = tmp_path / path.name
        path.write_text("\n".join(line for line in lines if not _OF_ITS_DATABASE.match(line)), encoding="utf-8")
    restore(path, module_server, extensions=(), work=tmp_path, on_progress=None)
    return module_server


def schema_of_server(server: Server) -> Schema:
    with connect(server.conninfo(application_name="rehearse/harness")) as connection:
        return schema_of_database(connection)


@pytest.mark.parametrize(
    "content",
    [DATA / "pagila.sql", DATA / "chinook_serialpk.sql", SHOP, ZOO],
    ids=lambda path: path.name,
    indirect=True,
)
def test_a_dump_has_the_schema_of_its_database(content: Server, make_dump: Callable[..., Path], tmp_path: Path) -> None:
    live = schema_of_server(content)
    assert len(live.tables) >= 5
    for kind in ("c", "p"):
        dumped = schema_of_dump(recognise(make_dump(content, tmp_path / kind, kind)), work=tmp_path)
        assert list(dumped.tables) == list(live.tables)
        for name, table in live.tables.items():
            for mine, theirs in zip(dumped.tables[name].columns, table.columns, strict=True):
                assert mine == theirs
            assert dumped.tables[name] == table
        assert dumped.enums == live.enums
        assert dict.fromkeys(text.place for text in dumped.texts) == dict.fromkeys(text.place for text in live.texts)
        assert {t for t in dumped.texts if t.place.startswith(("default", "check", "comment", "bounds"))} == {
            t for t in live.texts if t.place.startswith(("default", "check", "comment", "bounds"))
        }


ROWS = """
CREATE TABLE people (id int PRIMARY KEY, name text, note text, doubled int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE log (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE nothing (x int);
INSERT INTO people SELECT i, 'name ' || i, CASE WHEN i % 2 = 0 THEN E'tab\\t new\\nline; it''s \\\\' || i END
  FROM generate_series(1, 3000) AS i;
INSERT INTO log SELECT i, date '2025-01-01' + i FROM generate_series(0, 99) AS i;
"""


def test_samples_are_the_same_whatever_the_format(
    empty_server: Server, make_dump: Callable[..., Path], tmp_path: Path
) -> None:
    with connect(empty_server.conninfo(application_name="rehearse/harness")) as connection:
        connection.execute(ROWS.encode())
    dumps = {
        kind: make_dump(empty_server, tmp_path / kind.replace(" ", "_"), *kind.split())
        for kind in ("c", "d", "t", "p", "p --rows-per-insert=7", "p --inserts")
    }
    packed = tmp_path / "packed"
    packed.write_bytes(zstandard.ZstdCompressor().compress(dumps["c"].read_bytes()))
    found = {}
    for kind, path in {**dumps, "packed": packed}.items():
        dump = recognise(path)
        found[kind] = sample_dump(dump, schema_of_dump(dump, work=tmp_path), work=tmp_path, rows=200)
    samples = found["c"]
    assert {kind: one == samples for kind, one in found.items()} == dict.fromkeys(found, True)
    assert len(samples["public.people", "id"]) == 200
    assert 1000 < sum(map(int, samples["public.people", "id"])) / 200 < 2000
    assert 60 < len(samples["public.people", "note"]) < 140
    assert all(value.startswith(b"tab\t new\nline; it's \\") for value in samples["public.people", "note"])
    assert len(samples["public.log_2025", "at"]) == 100
    assert ("public.people", "doubled") not in samples
    assert ("public.nothing", "x") not in samples
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        {path.name for path in dumps.values()} | {"packed"}
    )
