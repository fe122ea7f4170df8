"""The larger of two tables predicted from the smaller, on a real server."""

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import StatementFacts
from harness.events.state import ProductionSized, ProductionTable
from harness.postgres.ports import Server
from tests.postgres.migration.conftest import Rehearse, make_database
from tests.unit.analysis.histories import Builder

pytestmark = pytest.mark.postgres

SMALL, LARGE = 50_000, 200_000
SETUP = """
CREATE TABLE t (id integer, a integer, note text);
INSERT INTO t SELECT g, g % 1000, repeat('n', 200) FROM generate_series(1, {rows}) AS g;
VACUUM ANALYZE t;
"""
UP = """
ALTER TABLE t ALTER id TYPE bigint;
CREATE INDEX ON t (note, a);
"""
# Other processes may take a core away for a while.
ATTEMPTS = 3


def measured(server: Server, rehearse: Rehearse, *, rows: int, sized: int) -> tuple[tuple[StatementFacts, ...], int]:
    """The statements with what is expected for a heap of `sized` bytes, and this heap's bytes."""
    database = make_database(server)
    with database.connect() as connection:
        for statement in SETUP.format(rows=rows).strip().splitlines():
            connection.execute(statement.encode())
        row = connection.execute("SELECT pg_relation_size('t')").fetchone()
    run = rehearse(database, {"up.sql": UP}, trace=True)
    table = ProductionTable(relation="public.t", partition_of="", rows=LARGE, heap_bytes=sized)
    builder = Builder(events=[*run.events])  # type: ignore[list-item]
    builder.add(ProductionSized(at_ns=0, tables=(table,), settings={}))
    return analyse(builder.history()).statements, int(row[0]) if row else 0


def test_the_larger_table_is_predicted_from_the_smaller(module_server: Server, rehearse: Rehearse) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        large, size = measured(module_server, rehearse, rows=LARGE, sized=0)
        small, _ = measured(module_server, rehearse, rows=SMALL, sized=size)
        assert [s.work for s in small] == ["rewrite", "index"]
        wrong = [_prediction(one, other) for one, other in zip(small, large, strict=True)]
        if not any(wrong) or attempt == ATTEMPTS:
            break
    assert not any(wrong), wrong


def _prediction(small: StatementFacts, large: StatementFacts) -> str:
    """ "" where the large one took what was expected, else both."""
    expected, took = small.at_production, large.trace_duration_ns
    assert expected is not None
    assert took is not None
    assert not expected.reason
    low, high = expected.duration_low_ns, expected.duration_high_ns
    assert low is not None
    assert high is not None
    return "" if low <= took <= high else f"{large.sql}: {took} ns, expected {low} to {high}"
