"""Statistics without data out of a real server: the right numbers, not one value; side by side; plans compared."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.commands import command_line
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.snapshot.fidelity import fidelity, fidelity_json, fidelity_text
from harness.snapshot.plans import compare_plans
from harness.snapshot.production import counted, size_notes
from harness.snapshot.statistics import export_statistics, read_statistics, statistics_json

pytestmark = pytest.mark.postgres

PLANTED = ("Waldtraut", "zebrafish", "1777-03-05", "424242")
SCHEMA = """
CREATE TABLE people (id int PRIMARY KEY, name text, born date DEFAULT '1777-03-05', wage int, bio text);
COMMENT ON COLUMN people.name IS 'like Waldtraut';
INSERT INTO people
SELECT i, CASE WHEN i % 3 = 0 THEN 'Waldtraut' WHEN i % 7 <> 0 THEN 'p' || i END, '1777-03-05', 424242,
       repeat(md5(i::text), 100) FROM generate_series(1, 3000) AS i;
CREATE INDEX people_fish ON people (wage) WHERE name <> 'zebrafish';
CREATE TABLE visits (person int REFERENCES people, at date) PARTITION BY RANGE (at);
CREATE TABLE visits_a PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO visits SELECT i % 3000 + 1, '2025-02-02' FROM generate_series(1, 500) AS i;
UPDATE people SET wage = 424242 WHERE id <= 10;
DELETE FROM visits WHERE ctid IN (SELECT ctid FROM visits LIMIT 7);
ANALYZE;
"""


@pytest.fixture
def connection(module_server: Server) -> Iterator[Connection]:
    with connect(module_server.conninfo(application_name="rehearse/harness")) as connection:
        connection.execute(SCHEMA.encode())
        connection.execute("SELECT pg_stat_force_next_flush()")
        connection.execute("SELECT 1")
        yield connection
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def test_numbers_and_not_one_value(connection: Connection, module_server: Server, tmp_path: Path) -> None:
    made = export_statistics(connection)
    tables = {table.name: table for table in made.tables}
    people, visits = tables["people"], tables["visits_a"]
    assert (people.rows, people.inserted, people.updated) == (3000, 3000, 10)
    assert (visits.partition_of, visits.inserted, visits.deleted) == ("public.visits", 500, 7)
    assert people.heap_bytes == people.pages * 8192
    assert people.inserted_per_s is not None
    assert people.inserted_per_s > 0
    names = {column.name: column for column in people.columns}
    assert names["name"].frequencies[0] == pytest.approx(1 / 3, abs=0.01)
    assert names["name"].null_frac == pytest.approx(2 / 21, abs=0.01)
    assert names["id"].n_distinct == -1
    assert names["id"].correlation == pytest.approx(1, abs=0.05)
    assert {index.name for index in people.indexes} == {"people_pkey", "people_fish"}
    assert made.settings["wal_level"]
    assert counted(made)["public.visits"][2:] == (500, 0, 7)

    written = tmp_path / "prod.json"
    dsn = module_server.conninfo(application_name="x")
    result = CliRunner().invoke(command_line(), ["snapshot", "stats", "--dsn", dsn])
    assert result.exit_code == 0, result.output
    written.write_text(result.stdout)
    assert [table.columns for table in read_statistics(written).tables] == [table.columns for table in made.tables]
    for text in (result.stdout, statistics_json(made).decode()):
        for value in PLANTED:
            # A size may have these digits inside of it by chance.
            assert not re.search(rf"(?<![0-9]){value}(?![0-9])", text), value


def test_what_changed_is_marked_and_nothing_else(connection: Connection, tmp_path: Path) -> None:
    before = export_statistics(connection)
    assert fidelity(connection, connection).changed == ()
    plans = {"by key": "SELECT * FROM people WHERE id = $1", "by name": "SELECT id FROM people WHERE name = $1;  ",
             "none": "SELECT * FROM gone"}  # fmt: skip
    same = compare_plans(connection, connection, plans)
    assert [(one.same, one.before_error) for one in same] == [(True, ""), (True, ""), (False, "42P01")]
    assert same[0].before == "Index Scan people people_pkey Forward"

    connection.execute("UPDATE people SET name = 'x' || id, bio = 'short'")
    connection.execute("DELETE FROM people WHERE id > 2000 AND id NOT IN (SELECT person FROM visits)")
    connection.execute("ALTER TABLE people DROP CONSTRAINT people_pkey CASCADE")
    connection.execute("VACUUM FULL people")
    connection.execute("ANALYZE people")
    (tmp_path / "a.json").write_bytes(statistics_json(before))
    (tmp_path / "b.json").write_bytes(statistics_json(export_statistics(connection)))
    result = CliRunner().invoke(
        command_line(), ["snapshot", "fidelity", str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    )
    assert result.exit_code == 0, result.output
    marked = {tuple(line.split()[:3]) for line in result.stdout.splitlines() if line.endswith("changed")}
    assert ("public.people", "rows", "3,000") in marked
    assert {("public.people", "name", what) for what in ("null_frac", "n_distinct", "frequency")} <= marked
    assert not any(part == "born" for _, part, _ in marked)
    assert "collation order" in result.stdout
    assert "Waldtraut" not in result.stdout
    assert [note.split(":")[0] for note in size_notes(before, read_statistics(tmp_path / "b.json"))] == [
        note.split(":")[0] for note in size_notes(before, export_statistics(connection))
    ]
    assert "about 1.5 times" in size_notes(before, export_statistics(connection))[0]


def test_renderings_hold_the_same_figures(connection: Connection) -> None:
    report = fidelity(connection, connection)
    assert fidelity_text(report).startswith("0 of ")
    assert len(fidelity_text(report, everything=True).splitlines()) > len(report.differences)
    assert b'"null_frac"' in fidelity_json(report)
