"""Growing a database: rows, keys, references, labels, sequences and distributions afterwards, and what is refused."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.errors import SnapshotError
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Home, Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.snapshot.amplify.catalog import read_tables
from harness.snapshot.amplify.grow import amplify
from harness.snapshot.prepare import prepare_snapshot
from harness.snapshot.restore import restore
from harness.spec.load import load_scenario
from harness.spec.scenario import PostgresSpec

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).resolve().parents[3]
SHOP = ROOT / "fixtures" / "shop" / "shop.dump"
PAGILA = ROOT.parent / "shared" / "data" / "pagila.sql"
ZOO = """
CREATE TABLE schema_migrations (version varchar(14) PRIMARY KEY);
INSERT INTO schema_migrations VALUES ('20240101000000');
CREATE TABLE countries (code char(2) PRIMARY KEY, name text UNIQUE);
INSERT INTO countries VALUES ('DE', 'Germany'), ('FR', 'France');
CREATE DOMAIN mail AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, token uuid NOT NULL UNIQUE, email mail UNIQUE,
    badge varchar(8) UNIQUE CHECK (badge ~ '^[A-Z]{3}-[0-9]{4}$'), country char(2) REFERENCES countries,
    boss bigint REFERENCES people, shout text GENERATED ALWAYS AS (upper(badge)) STORED UNIQUE);
INSERT INTO people (token, email, badge, country)
SELECT md5(i::text)::uuid, 'p' || i || '@example.org', 'ABC-' || lpad(i::text, 4, '0'),
       CASE i % 4 WHEN 0 THEN 'FR' ELSE 'DE' END
  FROM generate_series(1, 100) AS i;
UPDATE people SET boss = id - 1 WHERE id > 1;
CREATE UNIQUE INDEX ON people (lower(email));
CREATE TABLE profiles (person_id bigint PRIMARY KEY REFERENCES people ON DELETE CASCADE, bio text);
INSERT INTO profiles SELECT id, repeat('x', 50) FROM people WHERE id <= 50;
CREATE TABLE visits (person_id bigint, at timestamptz, token uuid REFERENCES people (token),
    PRIMARY KEY (person_id, at), FOREIGN KEY (person_id) REFERENCES people) PARTITION BY RANGE (at);
CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO visits SELECT id, timestamptz '2025-03-01' + id * interval '1 hour', token FROM people;
CREATE TABLE lines (person_id bigint, at timestamptz, number smallint, PRIMARY KEY (person_id, at, number),
    FOREIGN KEY (person_id, at) REFERENCES visits);
INSERT INTO lines SELECT person_id, at, n FROM visits, generate_series(1, 2) AS n;
CREATE TABLE stays (person_id bigint REFERENCES people, during tstzrange,
    EXCLUDE USING gist (int8range(person_id, person_id, '[]') WITH &&, during WITH &&));
CREATE TABLE log (id serial PRIMARY KEY, people_id bigint, what text);
INSERT INTO log (people_id, what) SELECT id, 'seen' FROM people;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS people FROM people;
"""


@pytest.fixture
def connection(module_server: Server) -> Iterator[Connection]:
    with connect(module_server.conninfo(application_name="rehearse/harness")) as connection:
        yield connection
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def one(connection: Connection, text: str) -> object:
    row = connection.execute(text.encode()).fetchone()
    return row[0] if row else None


def counts(connection: Connection) -> dict[str, int]:
    tables = read_tables(connection).values()
    return {
        table.name: connection.execute(b"SELECT count(*) FROM " + table.identifier.as_bytes(connection)).fetchall()[0][
            0
        ]
        for table in tables
    }


def validated_again(connection: Connection) -> int:
    """Foreign keys, each dropped and made again, which looks every row up."""
    keys = connection.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conparentid = 0"
    ).fetchall()
    for table, name, definition in keys:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition}".encode())
    return len(keys)


def statistics(connection: Connection) -> dict[tuple[str, str], tuple[float, float, list[float], float]]:
    connection.execute("ANALYZE")
    rows = connection.execute(
        "SELECT tablename, attname, null_frac, n_distinct, most_common_freqs, correlation FROM pg_stats"
        " WHERE schemaname = 'public' AND NOT inherited"
    ).fetchall()
    return {(table, column): (nulls, distinct, mcf or [], corr) for table, column, nulls, distinct, mcf, corr in rows}


def test_the_shop_three_times(module_server: Server, connection: Connection, tmp_path: Path) -> None:
    restore(SHOP, module_server, extensions=(), work=tmp_path, on_progress=None)
    before, stats = counts(connection), statistics(connection)
    seen: list[tuple[str, int, int | None]] = []
    made = amplify(connection, scale=3, on_progress=lambda *told: seen.append(told))
    assert counts(connection) == {name: 3 * rows for name, rows in before.items()}
    assert made.rows == 2 * sum(before.values())
    assert made.notes == ("copies of public.events.order_id follow public.orders.id, by name and values",)
    assert validated_again(connection) == 4
    # Joins of the copies are those of the original, also where no foreign key says so.
    assert one(connection, "SELECT count(*) FROM events e JOIN orders o ON o.id = e.order_id") == 3 * int(
        str(one(connection, "SELECT count(*) FROM events e JOIN orders o ON o.id = e.order_id AND e.id <= 20000"))
    )
    told = [done for what, done, _ in seen if what == "amplify"]
    assert len(told) == 2 * 5
    assert told == sorted(told)
    for key, (nulls, distinct, frequencies, correlation) in statistics(connection).items():
        nulls_before, distinct_before, frequencies_before, correlation_before = stats[key]
        assert nulls == pytest.approx(nulls_before, abs=0.02), key
        if frequencies_before and frequencies_before[0] > 0.05:
            assert frequencies[0] == pytest.approx(frequencies_before[0], abs=0.03), key
        if key[1] == "id":
            assert distinct == -1
            assert correlation == pytest.approx(correlation_before, abs=0.01)
        if 0 < distinct_before < 50:
            assert distinct == distinct_before, key
    resting = "SELECT count(*) FROM pg_index WHERE NOT (indisready AND indisvalid)"
    assert one(connection, resting) == 0
    # An application goes on: new rows get keys of their own.
    connection.execute(
        "INSERT INTO users (login, email, first_name, last_name, country) VALUES ('a', 'a@b.c', '', '', 'DE')"
    )
    connection.execute("INSERT INTO orders (user_id) SELECT max(id) FROM users")
    assert one(connection, "SELECT max(id) FROM orders") == 45_001


def test_pagila_three_times_on_an_older_server(engine16: EmbeddedEngine, home: Path, tmp_path: Path) -> None:
    if not PAGILA.exists():
        pytest.skip("the sample database pagila.sql is not on this machine")
    server = engine16.provision()
    try:
        restore(PAGILA, server, extensions=(), work=home, on_progress=None)
        with connect(server.conninfo(application_name="rehearse/harness")) as connection:
            before = counts(connection)
            assert amplify(connection, scale=3).notes == ()
            assert counts(connection) == {name: 3 * rows for name, rows in before.items()}
            assert validated_again(connection) > 20
            partitions = "SELECT count(DISTINCT tableoid) FROM payment"
            assert one(connection, partitions) == 7
            assert one(connection, "SELECT nextval('rental_rental_id_seq') > max(rental_id) FROM rental")
    finally:
        server.discard()


def test_keys_of_every_kind(connection: Connection) -> None:
    connection.execute(ZOO.encode())
    before = counts(connection)
    made = amplify(connection, scale=40)
    kept = {"public.schema_migrations", "public.countries"}
    assert counts(connection) == {name: rows if name in kept else 40 * rows for name, rows in before.items()}
    assert made.notes[:2] == (
        "public.countries was not amplified: a small table of labels, which all copies share",
        "public.schema_migrations was not amplified: a tool's own records",
    )
    assert made.notes[2:] == ("copies of public.log.people_id follow public.people.id, by name and values",)
    assert validated_again(connection) > 5
    assert one(connection, "SELECT people FROM totals") == 4_000
    # Texts and uuids keep their shape.
    assert one(connection, "SELECT count(DISTINCT badge) FROM people WHERE badge = shout") == 4_000
    assert one(connection, "SELECT count(*) FROM people WHERE email LIKE 'p7%@example.org' AND id % 100 = 7") == 40
    tokens = [row[0] for row in connection.execute("SELECT token FROM people")]
    assert len(set(tokens)) == 4_000
    versions = {uuid.UUID(int=token.int).hex[12] for token in tokens}
    assert versions == {uuid.UUID(int=token.int).hex[12] for token in tokens[:100]}
    # Everybody's boss is of the same copy, and a visit's line too.
    assert one(connection, "SELECT count(*) FROM people WHERE boss <> id - 1") == 0
    assert (
        one(connection, "SELECT count(*) FROM visits v JOIN people p ON p.id = v.person_id AND p.token = v.token")
        == 4_000
    )
    connection.execute("INSERT INTO people (token, email) VALUES (gen_random_uuid(), 'x@y')")
    assert one(connection, "SELECT max(id) FROM people") == 4_001


REFUSED = {
    r"scale = 2 does not fit into public\.t\.id: smallint ends at 32767, the greatest key would be 40000": """
        CREATE TABLE t (id smallint PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 20000);""",
    r"new values of id would break the check t_id_check": """
        CREATE TABLE t (id int PRIMARY KEY CHECK (id < 30)); INSERT INTO t SELECT generate_series(1, 20);""",
    r"public\.t is partitioned by id": """
        CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100); INSERT INTO t VALUES (1);""",
    r"public\.t cannot be amplified: t_day_key on day leaves no way": """
        CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
        CREATE TABLE t (p int REFERENCES p, day date UNIQUE); INSERT INTO t VALUES (1, now());""",
    r"the sequence public\.s ends before": """
        CREATE SEQUENCE s MAXVALUE 25; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s'));
        INSERT INTO t SELECT nextval('s') FROM generate_series(1, 20);""",
    r"no table can be amplified": "CREATE TABLE t (day date UNIQUE); INSERT INTO t VALUES (now());",
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_refused_by_name(message: str, connection: Connection) -> None:
    connection.execute(REFUSED[message].encode())
    with pytest.raises(SnapshotError, match=message) as caught:
        amplify(connection, scale=2)
    assert caught.value.hint


def test_a_scenario_asks_for_it(home: Path, tmp_path: Path) -> None:
    folder = home / f"amplify-{tmp_path.name}"
    folder.mkdir(mode=0o711)
    (tmp_path / "up.sql").write_text("SELECT 1;\n")
    (tmp_path / "seed.sql").write_text(
        "CREATE TABLE alembic_version (version_num text PRIMARY KEY); INSERT INTO alembic_version VALUES ('ab12');"
        " CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT i FROM generate_series(1, 700) AS i;\n"
    )
    (tmp_path / "scenario.toml").write_text('[migration]\nup = "up.sql"\n[snapshot]\nsetup = ["seed.sql"]\nscale = 5\n')
    engine = EmbeddedEngine(PostgresSpec(version="18", settings={"fsync": "off"}), home=Home(folder))
    made = prepare_snapshot(engine, load_scenario(tmp_path), home=folder)
    assert (made.rows, made.notes) == (3501, ("public.alembic_version was not amplified: a tool's own records",))
    again = prepare_snapshot(engine, load_scenario(tmp_path), home=folder)
    assert (again.cached, again.notes) == (True, made.notes)
