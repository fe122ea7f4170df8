"""Anonymizing real dumps of every format: they restore without an error, with the same rows, keys and sizes."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.model.errors import RestoreError, SnapshotError
from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.rewrite import run
from harness.snapshot.anonymize.rewrite.account import Account
from harness.snapshot.anonymize.rewrite.anonymizing import anonymize, anonymize_into
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.schema_read import schema_of_dump
from harness.snapshot.formats import recognise
from harness.snapshot.restore import restore

pytestmark = pytest.mark.postgres

SHOP = Path(__file__).parents[3] / "fixtures" / "shop" / "shop.dump"
PAGILA = Path(__file__).resolve().parents[4] / "shared" / "data" / "pagila.sql"
KEYS = Keys(bytes(range(32)))
MASKED = {
    "email": Class.EMAIL,
    "login": Class.IDENTIFIER,
    "first_name": Class.NAME,
    "last_name": Class.NAME,
    "phone": Class.IDENTIFIER,
    "note": Class.TEXT,
    "address": Class.IDENTIFIER,
    "username": Class.IDENTIFIER,
}
TABLES = """
SELECT c.oid::regclass::text
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname = 'public' ORDER BY 1
"""


def schema_of(source: Path, work: Path) -> Schema:
    return schema_of_dump(recognise(source), work=work)


def policy_for(schema: Schema, **more: Class) -> Policy:
    classes = MASKED | more
    return Policy(
        tables={
            name: {
                column.name: ColumnPolicy(class_=classes.get(column.name, Class.KEEP), type=column.type)
                for column in table.columns
                if not column.generated
            }
            for name, table in schema.tables.items()
        },
        allowed_leaks={"public.film.title": ["public.actor.last_name", "public.customer.first_name",
                                             "public.customer.last_name"]},
    )  # fmt: skip


def anonymized(source: Path, target: Path, **options: object) -> Account:
    schema = schema_of(source, target.parent)
    return anonymize(source, target, policy=policy_for(schema), schema=schema, keys=KEYS, **options)  # type: ignore[arg-type]


def query(server: Server, text: str) -> list[tuple[object, ...]]:
    with connect(server.conninfo(application_name="rehearse/harness")) as connection:
        return connection.execute(text.encode()).fetchall()


def rows_of(server: Server, tables: list[str]) -> dict[str, object]:
    return {table: query(server, f"SELECT count(*) FROM {table}")[0][0] for table in tables}


@pytest.fixture(scope="module")
def shop(embedded_engine: EmbeddedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = embedded_engine.provision()
    restore(SHOP, server, extensions=(), work=tmp_path_factory.mktemp("work"), on_progress=None)
    with connect(server.conninfo(application_name="rehearse/harness")) as connection:
        connection.execute("ANALYZE")
    yield server
    server.discard()


@pytest.fixture(scope="module")
def shop_dumps(
    shop: Server, tmp_path_factory: pytest.TempPathFactory, make_dump: Callable[..., Path]
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("shop")
    return {
        "directory": make_dump(shop, folder / "d", "d"),
        "directory plain": make_dump(shop, folder / "d0", "d", "-Z0"),
        "custom": make_dump(shop, folder / "c", "c"),
        "tar": make_dump(shop, folder / "t", "t"),
        "plain": make_dump(shop, folder / "p", "p"),
        "with statistics": make_dump(shop, folder / "s", "d", "--statistics"),
    }


def data_of(folder: Path) -> dict[str, bytes]:
    """The unpacked rows of each data file."""
    done = {}
    for file in sorted(folder.glob("*.dat*")):
        if file.name != "toc.dat":
            raw = file.read_bytes()
            done[file.name.removesuffix(".gz")] = gzip.decompress(raw) if file.suffix == ".gz" else raw
    return done


def test_every_format_gives_the_same_rows(shop_dumps: dict[str, Path], tmp_path: Path) -> None:
    seen = {}
    for name in ("directory", "directory plain", "custom", "tar"):
        account = anonymized(shop_dumps[name], tmp_path / name)
        assert account.rows == 84149
        seen[name] = data_of(tmp_path / name)
    assert all(data == seen["directory"] for data in seen.values())
    original = data_of(shop_dumps["directory"])
    assert original.keys() == seen["directory"].keys()
    assert [original[name] == seen["directory"][name] for name in original].count(False) == 2
    # Where nothing has to go, the table of contents is the source's, byte for byte.
    assert (tmp_path / "directory" / "toc.dat").read_bytes() == (shop_dumps["directory"] / "toc.dat").read_bytes()


@pytest.mark.parametrize("name", ["directory", "custom", "plain"])
def test_the_shop_restores_with_the_same_rows_keys_and_sizes(
    name: str, shop: Server, shop_dumps: dict[str, Path], empty_server: Server, tmp_path: Path
) -> None:
    anonymized(shop_dumps[name], tmp_path / "masked")
    restore(tmp_path / "masked", empty_server, extensions=(), work=tmp_path, on_progress=None)
    tables = [str(row[0]) for row in query(shop, TABLES)]
    assert rows_of(empty_server, tables) == rows_of(shop, tables)
    assert query(empty_server, "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated") == [(0,)]
    check_sizes(shop, empty_server)
    emails = "SELECT md5(string_agg(email, ',' ORDER BY id)), count(DISTINCT email) FROM users"
    (before, distinct), (after, distinct_after) = query(shop, emails)[0], query(empty_server, emails)[0]
    assert before != after
    assert distinct == distinct_after


def check_sizes(before: Server, after: Server) -> None:
    """Pages that hold rows, and bytes in TOAST, within 2 percent; COPY leaves empty pages as it happens."""
    for (name,) in query(before, TABLES):
        used = f"SELECT count(DISTINCT split_part(ctid::text, ',', 1)) FROM {name}"
        assert_near(query(before, used), query(after, used), spare=1, what=str(name))
        toast = (
            f"SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = '{name}'::regclass AND reltoastrelid > 0"
        )
        if there := query(before, toast):
            held = "SELECT coalesce(sum(octet_length(chunk_data)), 0)::bigint FROM "
            now = query(after, toast)[0][0]
            assert_near(query(before, f"{held}{there[0][0]}"), query(after, f"{held}{now}"), spare=2000, what=str(name))


def assert_near(before: list[tuple[object, ...]], after: list[tuple[object, ...]], *, spare: int, what: str) -> None:
    was, now = before[0][0], after[0][0]
    assert isinstance(was, int)
    assert isinstance(now, int)
    assert abs(was - now) <= max(0.02 * was, spare), what


def test_a_dump_of_18_restores_into_16(
    shop_dumps: dict[str, Path], shop: Server, engine16: EmbeddedEngine, tmp_path: Path
) -> None:
    anonymized(shop_dumps["directory"], tmp_path / "masked")
    server = engine16.provision()
    try:
        restore(tmp_path / "masked", server, extensions=(), work=tmp_path, on_progress=None)
        tables = [str(row[0]) for row in query(shop, TABLES)]
        assert rows_of(server, tables) == rows_of(shop, tables)
    finally:
        server.discard()


@pytest.mark.parametrize("name", ["directory"])
def test_straight_into_a_server(
    name: str, shop: Server, shop_dumps: dict[str, Path], empty_server: Server, tmp_path: Path
) -> None:
    schema = schema_of(shop_dumps[name], tmp_path)
    account = anonymize_into(
        empty_server, shop_dumps[name], policy=policy_for(schema), schema=schema, keys=KEYS, work=tmp_path
    )
    tables = [str(row[0]) for row in query(shop, TABLES)]
    assert rows_of(empty_server, tables) == rows_of(shop, tables)
    assert account.rows == 84149
    assert list(tmp_path.iterdir()) == []
    keys = "SELECT count(*) FROM pg_constraint WHERE contype IN ('f', 'p') AND connamespace = 'public'::regnamespace"
    assert query(empty_server, keys) == query(shop, keys)
    sequence = "SELECT max(last_value) FROM pg_sequences"
    assert query(empty_server, sequence) == query(shop, sequence)
    assert query(shop, "SELECT email FROM users") != query(empty_server, "SELECT email FROM users")


def test_statistics_in_the_table_of_contents_are_left_out(
    shop_dumps: dict[str, Path], empty_server: Server, tmp_path: Path
) -> None:
    source = shop_dumps["with statistics"]
    assert b"most_common_vals" in (source / "toc.dat").read_bytes()
    account = anonymized(source, tmp_path / "masked")
    assert "STATISTICS DATA public.users" in account.dropped
    assert b"most_common_vals" not in (tmp_path / "masked" / "toc.dat").read_bytes()
    restore(tmp_path / "masked", empty_server, extensions=(), work=tmp_path, on_progress=None)


def test_pagila_restores(
    empty_server: Server, embedded_engine: EmbeddedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "COMPILED_BYTES", 0)
    if not PAGILA.exists():
        pytest.skip("pagila.sql is not on this machine")
    anonymized(PAGILA, tmp_path / "masked.sql")
    restore(tmp_path / "masked.sql", empty_server, extensions=(), work=tmp_path, on_progress=None)
    original = embedded_engine.provision()
    try:
        restore(PAGILA, original, extensions=(), work=tmp_path, on_progress=None)
        tables = [str(row[0]) for row in query(original, TABLES)]
        assert rows_of(empty_server, tables) == rows_of(original, tables)
        check_sizes(original, empty_server)
    finally:
        original.discard()


def test_processes_and_ranges_change_nothing(
    shop_dumps: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anonymized(shop_dumps["directory plain"], tmp_path / "whole")
    monkeypatch.setattr(run, "ALONE_BYTES", 0)
    monkeypatch.setattr(run, "COMPILED_BYTES", 0)
    monkeypatch.setattr("harness.snapshot.anonymize.rewrite.divide.WHOLE_FILE_BYTES", 1000)
    monkeypatch.setattr("harness.snapshot.anonymize.rewrite.divide.BLOCK_BYTES", 300_000)
    for name in ("directory plain", "custom"):
        anonymized(shop_dumps[name], tmp_path / name, jobs=2)
        assert data_of(tmp_path / name) == data_of(tmp_path / "whole")


def test_a_truncated_archive_leaves_nothing(shop_dumps: dict[str, Path], tmp_path: Path) -> None:
    for name in ("custom", "tar", "plain"):
        cut = tmp_path / f"cut-{name}"
        raw = shop_dumps[name].read_bytes()
        schema = schema_of(shop_dumps[name], tmp_path)
        cut.write_bytes(raw[: len(raw) * 2 // 3])
        with pytest.raises(RestoreError, match="not a whole dump"):
            anonymize(cut, tmp_path / "masked", policy=policy_for(schema), schema=schema, keys=KEYS)
        assert sorted(path.name for path in tmp_path.glob("masked*")) == []


def test_a_column_that_the_policy_does_not_name_stops_the_run(shop_dumps: dict[str, Path], tmp_path: Path) -> None:
    schema = schema_of(shop_dumps["directory"], tmp_path)
    policy = policy_for(schema)
    del policy.tables["public.users"]["phone"]
    with pytest.raises(SnapshotError, match=r"public\.users\.phone"):
        anonymize(shop_dumps["directory"], tmp_path / "masked", policy=policy, schema=schema, keys=KEYS)
    assert list(tmp_path.iterdir()) == []


SECRET = "anna.ito@example.org"
PLANTED = f"""
CREATE TABLE users (id int PRIMARY KEY, email text, extra jsonb, note text DEFAULT 'ask {SECRET}', label text);
COMMENT ON COLUMN users.email IS 'such as {SECRET}';
CREATE VIEW vips AS SELECT id FROM users WHERE email = '{SECRET}';
CREATE FUNCTION owner() RETURNS text LANGUAGE sql AS $$ SELECT '{SECRET}' $$;
INSERT INTO users SELECT i, 'user' || i || '@example.org', '{{}}', 'none', 'none' FROM generate_series(1, 50) AS i;
UPDATE users SET email = '{SECRET}' WHERE id = 7;
UPDATE users SET extra = '{{"contact": {{"mail": ["{SECRET}"]}}}}', label = 'for <{SECRET}>, soon' WHERE id = 9;
"""


@pytest.mark.parametrize("kind", ["d", "p"])
def test_a_secret_planted_in_a_real_database_is_caught_wherever_it_is(
    kind: str, empty_server: Server, make_dump: Callable[..., Path], tmp_path: Path
) -> None:
    with connect(empty_server.conninfo(application_name="rehearse/harness")) as connection:
        connection.execute(PLANTED.encode())
    dump = make_dump(empty_server, tmp_path / "dump", kind)
    schema = schema_of(dump, tmp_path)
    policy = policy_for(schema, note=Class.KEEP)
    given = {"policy": policy, "schema": schema, "keys": KEYS}
    with pytest.raises(SnapshotError) as caught:
        anonymize(dump, tmp_path / "masked", **given)  # type: ignore[arg-type]
    found = str(caught.value)
    # The default stands in CREATE TABLE.
    places = ["COMMENT public.COLUMN users.email", "VIEW public.vips", "FUNCTION public.owner()", "TABLE public.users"]
    assert [place for place in places if f"schema: {place}: original values of public.users.email" not in found] == []
    policy.allowed_leaks["schema"] = ["public.users.email"]
    with pytest.raises(SnapshotError) as caught:
        anonymize(dump, tmp_path / "masked", **given)  # type: ignore[arg-type]
    found += str(caught.value)
    for column in ("extra", "label"):
        assert f"public.users.{column}: original values of public.users.email (1 times)" in found
    assert SECRET not in found
    assert not (tmp_path / "masked").exists()
    policy.tables["public.users"]["label"] = ColumnPolicy(class_=Class.UNCLASSIFIED, type="text")
    with pytest.raises(SnapshotError, match=r"public\.users\.label"):
        anonymize(dump, tmp_path / "masked", **given)  # type: ignore[arg-type]
