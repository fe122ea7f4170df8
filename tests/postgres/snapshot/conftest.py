"""A database with everything a restore has to carry over, and its dumps in every format."""

import gzip
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from harness.postgres.connect import connect
from harness.postgres.ports import Home, Server
from harness.sandbox.embedded import EmbeddedEngine
from harness.snapshot.clients import client, environment, newest_client
from harness.spec.scenario import PostgresSpec

SCHEMA = """
CREATE ROLE shop_owner NOLOGIN;
CREATE ROLE "Reader, 1" NOLOGIN;
CREATE TABLE customers (id int PRIMARY KEY, email text UNIQUE, note text);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id int REFERENCES customers, placed date NOT NULL);
CREATE TABLE events (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
ALTER TABLE orders OWNER TO shop_owner;
GRANT SELECT ON customers TO "Reader, 1";
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY reading ON customers FOR SELECT TO "Reader, 1" USING (id > 0);
INSERT INTO customers SELECT i, 'user' || i || '@example.org', E'tab\\t newline\\n backslash \\\\. ' || i
  FROM generate_series(1, 2000) AS i;
INSERT INTO orders (customer_id, placed) SELECT i, date '2025-01-01' + i % 365 FROM generate_series(1, 2000) AS i;
INSERT INTO events SELECT i, date '2025-01-01' + i % 365 FROM generate_series(1, 3000) AS i;
"""


def pg_dump(server: Server, target: Path, kind: str, *options: str, major: int = 0) -> Path:
    """A dump of the server's database in pg_dump's format `kind`, by the newest pg_dump or that of `major`."""
    program = client("pg_dump", least_major=major) if major else newest_client("pg_dump")
    command = [str(program), "-F", kind, "-f", str(target), *options]
    subprocess.run(command, env=environment(server), check=True)
    return target


@pytest.fixture(scope="session")
def engine16(home: Path) -> EmbeddedEngine:
    """The embedded engine with PostgreSQL 16."""
    return EmbeddedEngine(PostgresSpec(version="16"), home=Home(home))


@pytest.fixture(scope="session")
def original(embedded_engine: EmbeddedEngine) -> Iterator[Server]:
    """A server with the database that the dumps are made of."""
    server = embedded_engine.provision()
    with connect(server.conninfo(application_name="rehearse/harness")) as connection:
        connection.execute(SCHEMA.encode())
    yield server
    server.discard()


@pytest.fixture(scope="session")
def dumps(original: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every format and packing, under names that say nothing."""
    folder = tmp_path_factory.mktemp("dumps")
    made = {
        "custom": pg_dump(original, folder / "c", "c"),
        "custom plain": pg_dump(original, folder / "c0", "c", "-Z0"),
        "directory": pg_dump(original, folder / "d", "d"),
        "tar": pg_dump(original, folder / "t", "t"),
        "plain": pg_dump(original, folder / "p", "p"),
        "plain inserts": pg_dump(original, folder / "i", "p", "--inserts"),
    }
    for name in ("custom", "tar", "plain"):
        raw = made[name].read_bytes()
        made[f"{name}.gz"] = folder / f"{name}-g"
        made[f"{name}.gz"].write_bytes(gzip.compress(raw))
        made[f"{name}.zst"] = folder / f"{name}-z"
        made[f"{name}.zst"].write_bytes(zstandard.ZstdCompressor().compress(raw))
    return made


@pytest.fixture(scope="session")
def make_dump() -> Callable[..., Path]:
    """`pg_dump` for tests that dump a database of their own."""
    return pg_dump
