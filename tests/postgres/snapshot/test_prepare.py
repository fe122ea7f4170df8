"""Preparing snapshots: once for each content, setup with variables, nothing left of what failed."""

import re
import threading
from pathlib import Path

import pytest

from harness.model.errors import RestoreError, SnapshotError, SpecError
from harness.postgres.connect import connect
from harness.postgres.ports import Home, Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.snapshot.prepare import PreparedSnapshot, prepare_snapshot
from harness.spec.load import load_scenario
from harness.spec.scenario import PostgresSpec

pytestmark = pytest.mark.postgres

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
SEED = """\\set more 1
CREATE TABLE filled AS SELECT i AS id, :'label' AS label FROM generate_series(1, :rows + :more) AS i;
\\ir sub/included.sql
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "up.sql").write_text("SELECT 1;\n")
    (tmp_path / "seed.sql").write_text(SEED)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "included.sql").write_text("CREATE TABLE included (a int);\n")
    return tmp_path


@pytest.fixture
def fresh_home(home: Path, tmp_path: Path) -> Path:
    place = home / f"prepare-{tmp_path.name}"
    place.mkdir(mode=0o711)
    return place


@pytest.fixture
def engine(fresh_home: Path) -> EmbeddedEngine:
    return EmbeddedEngine(PostgresSpec(version="18"), home=Home(fresh_home))


def prepare(engine: EmbeddedEngine, folder: Path, home: Path, snapshot: str, postgres: str = "") -> PreparedSnapshot:
    path = folder / "scenario.toml"
    path.write_text(f'[migration]\nup = "up.sql"\n[snapshot]\n{snapshot}\n[postgres]\n{postgres}\n')
    return prepare_snapshot(engine, load_scenario(path), home=home)


def rows(server: Server, text: str) -> list[tuple[object, ...]]:
    with connect(server.conninfo(application_name="rehearse/harness")) as connection:
        return connection.execute(text.encode()).fetchall()


def nothing_left(home: Path) -> bool:
    folders = (home / "snapshots", home / "servers", home / "clones")
    return not any(entry for folder in folders if folder.is_dir() for entry in folder.iterdir())


def test_setup_with_variables_is_frozen_vacuumed_analyzed_and_found_again(
    engine: EmbeddedEngine, folder: Path, fresh_home: Path
) -> None:
    spec = 'setup = ["seed.sql"]\nvariables = { rows = 499, label = "it\'s" }'
    first = prepare(engine, folder, fresh_home, spec)
    assert (first.cached, first.source_name, first.tables, first.rows) == (False, "", 2, 500)
    assert first.size_bytes > 0
    second = prepare(engine, folder, fresh_home, spec)
    assert second.cached
    assert second.duration_ns < first.duration_ns
    assert (second.digest, second.tables, second.rows, second.size_bytes) == (
        first.digest,
        first.tables,
        first.rows,
        first.size_bytes,
    )
    server = engine.clone(first.digest)
    try:
        assert rows(server, "SELECT count(*), min(label) FROM filled") == [(500, "it's")]
        state = "SELECT relallvisible = relpages, reltuples FROM pg_class WHERE relname = 'filled'"
        assert rows(server, state) == [(True, 500.0)]
        assert rows(server, "SELECT count(*) FROM pg_namespace WHERE nspname = 'rehearse_harness'") == [(0,)]
    finally:
        server.discard()


def test_notes_that_are_gone_are_read_from_a_clone(engine: EmbeddedEngine, folder: Path, fresh_home: Path) -> None:
    spec = 'setup = ["seed.sql"]\nvariables = { rows = 10, label = "x" }'
    first = prepare(engine, folder, fresh_home, spec)
    (fresh_home / "prepared" / f"{first.digest}.json").write_text("{")
    again = prepare(engine, folder, fresh_home, spec)
    assert (again.cached, again.tables, again.rows) == (True, first.tables, first.rows)
    assert not any((fresh_home / "clones").iterdir())


def test_an_empty_database(engine: EmbeddedEngine, folder: Path, fresh_home: Path) -> None:
    made = prepare(engine, folder, fresh_home, "", 'extensions = ["vector"]')
    assert (made.source_name, made.tables, made.rows) == ("", 0, 0)
    server = engine.clone(made.digest)
    try:
        assert rows(server, "SELECT extname FROM pg_extension WHERE extname = 'vector'") == [("vector",)]
    finally:
        server.discard()


@pytest.mark.parametrize(
    ("seed", "where", "message"),
    [
        ("SELECT 1;\nSELEC 2;\n", r"seed\.sql: line 2", "syntax error"),
        (
            "SELECT 1;\n\nINSERT INTO nowhere VALUES (:rows);\n",
            r"seed\.sql: line 3",
            'relation "nowhere" does not exist',
        ),
        ("\\ir sub/bad.sql\n", r"sub/bad\.sql: line 2", "division by zero"),
        ("\\ir sub/none.sql\n", r"seed\.sql", "No such file"),
        ("SELECT 'anna@example.org'::int;\n", r"seed\.sql: line 1", "invalid input syntax"),
    ],
)
def test_an_error_in_setup_names_file_and_line_and_leaves_nothing(
    seed: str, where: str, message: str, engine: EmbeddedEngine, folder: Path, fresh_home: Path
) -> None:
    (folder / "seed.sql").write_text(seed)
    (folder / "sub" / "bad.sql").write_text("SELECT 1;\nSELECT 1/0;\n")
    with pytest.raises(SpecError) as caught:
        prepare(engine, folder, fresh_home, 'setup = ["seed.sql"]\nvariables = { rows = 1 }')
    assert re.search(where, str(caught.value))
    assert message in caught.value.message
    assert "anna" not in str(caught.value)
    assert nothing_left(fresh_home)


def test_a_failed_restore_leaves_nothing(
    engine: EmbeddedEngine, folder: Path, fresh_home: Path, dumps: dict[str, Path]
) -> None:
    raw = dumps["custom"].read_bytes()
    (folder / "cut.dump").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(RestoreError, match="not a whole dump"):
        prepare(engine, folder, fresh_home, 'source = "cut.dump"')
    assert nothing_left(fresh_home)
    (folder / "cut.dump").write_bytes(raw)
    made = prepare(engine, folder, fresh_home, 'source = "cut.dump"')
    assert (made.cached, made.source_name, made.rows) == (False, "cut.dump", 7000)


def test_ctrl_c_in_a_restore_leaves_nothing(
    engine: EmbeddedEngine, folder: Path, fresh_home: Path, dumps: dict[str, Path]
) -> None:
    (folder / "scenario.toml").write_text(
        f'[migration]\nup = "up.sql"\n[snapshot]\nsource = "{dumps["custom"]}"\n', encoding="utf-8"
    )

    def interrupt(what: str, done: int, _total: int | None) -> None:
        if what == "restore" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_snapshot(engine, load_scenario(folder), home=fresh_home, on_progress=interrupt)
    assert nothing_left(fresh_home)


def test_of_two_runs_that_want_the_same_snapshot_one_makes_it(
    engine: EmbeddedEngine, folder: Path, fresh_home: Path
) -> None:
    (folder / "scenario.toml").write_text(
        '[migration]\nup = "up.sql"\n[snapshot]\nsetup = ["seed.sql"]\nvariables = { rows = 9, label = "x" }\n'
    )
    loaded = load_scenario(folder)
    made: list[PreparedSnapshot] = []

    def run() -> None:
        made.append(prepare_snapshot(engine, loaded, home=fresh_home))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.cached for one in made) == [False, True]
    assert len(list((fresh_home / "snapshots").iterdir())) == 1


@pytest.mark.parametrize("version", ["18", "16"])
@pytest.mark.parametrize(
    ("file", "tables", "table", "count"),
    [("pagila.sql", 21, "rental", 16044), ("chinook_serialpk.sql", 11, "track", 3503)],
)
def test_databases_nobody_here_designed(
    version: str, file: str, tables: int, table: str, count: int, folder: Path, fresh_home: Path
) -> None:
    if not (DATA / file).exists():
        pytest.skip(f"the sample database {file} is not on this machine")
    text = (DATA / file).read_text(encoding="utf-8")
    # Chinook's file makes its own database; the harness restores into one that is there.
    own = re.compile(r"^(?:DROP DATABASE|CREATE DATABASE|\\c )[^;]*;$", re.MULTILINE)
    (folder / file).write_text(own.sub("", text), encoding="utf-8")
    engine = EmbeddedEngine(PostgresSpec(version=version), home=Home(fresh_home))
    made = prepare(engine, folder, fresh_home, f'source = "{file}"', f'version = "{version}"')
    assert made.tables == tables
    server = engine.clone(made.digest)
    try:
        assert rows(server, f"SELECT count(*) FROM {table}") == [(count,)]
        assert rows(server, "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND reltuples < 0") == [(0,)]
    finally:
        server.discard()


POLICY = """version = 1
[tables."public.customers"]
id = { class = "keep", type = "integer" }
email = { class = "email", type = "text" }
note = { class = "text", type = "text" }
[tables."public.orders"]
id = { class = "number", type = "bigint" }
customer_id = { class = "keep", type = "integer" }
placed = { class = "keep", type = "date" }
[tables."public.events"]
id = { class = "keep", type = "integer" }
at = { class = "keep", type = "date" }
"""


@pytest.mark.parametrize("kind", ["directory", "custom"])
def test_a_policy_anonymizes_the_dump_on_its_way_in(
    kind: str, engine: EmbeddedEngine, folder: Path, fresh_home: Path, original: Server, dumps: dict[str, Path]
) -> None:
    (folder / "policy.toml").write_text(POLICY)
    snapshot = f'source = "{dumps[kind]}"\npolicy = "policy.toml"'
    made = prepare(engine, folder, fresh_home, snapshot)
    assert made.notes == ("anonymized on the way in: 3 columns masked by policy.toml, their key destroyed",)
    assert prepare(engine, folder, fresh_home, snapshot).cached
    server = engine.clone(made.digest)
    try:
        sizes = "SELECT count(*), sum(octet_length(email)), sum(octet_length(note)) FROM customers"
        assert rows(server, sizes) == rows(original, sizes)
        emails = "SELECT email FROM customers ORDER BY id"
        assert not set(rows(server, emails)) & set(rows(original, emails))
        assert rows(server, "INSERT INTO orders (placed) VALUES (now()) RETURNING id > 1000") == [(True,)]
    finally:
        server.discard()
    assert list(fresh_home.glob("anonymize-*")) == []
    (folder / "policy.toml").write_text(POLICY.replace('"number"', '"keep"'))
    assert not prepare(engine, folder, fresh_home, snapshot).cached


def test_a_policy_that_leaves_something_open_or_has_no_dump_stops_the_run(
    engine: EmbeddedEngine, folder: Path, fresh_home: Path, dumps: dict[str, Path]
) -> None:
    (folder / "policy.toml").write_text(POLICY.replace('note = { class = "text"', 'note = { class = "unclassified"'))
    with pytest.raises(SnapshotError, match=r"public\.customers\.note"):
        prepare(engine, folder, fresh_home, f'source = "{dumps["directory"]}"\npolicy = "policy.toml"')
    with pytest.raises(SnapshotError, match="anonymizes a dump, and there is none"):
        prepare(engine, folder, fresh_home, 'policy = "policy.toml"')
    with pytest.raises(SpecError, match="nowhere"):
        prepare(engine, folder, fresh_home, 'policy = "nowhere.toml"')
    assert nothing_left(fresh_home)
