"""Databases that nobody here designed, rehearsed: a rewrite and its rollback, and the change that is safe."""

import os
import re
from pathlib import Path

import pytest

from harness.model.words import Direction
from tests.postgres.rehearsal.rehearsals import Rehearsals, said, statement

_ENVIRONMENT = "REHEARSE_SAMPLE_DATA"
_DATA = Path(os.environ.get(_ENVIRONMENT) or Path(__file__).parents[4] / "shared" / "data")
_PAGILA, _CHINOOK = _DATA / "pagila.sql", _DATA / "chinook_serialpk.sql"

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.alone]
needs_pagila = pytest.mark.skipif(
    not _PAGILA.is_file(), reason=f"no pagila.sql here; name its folder in {_ENVIRONMENT}"
)
needs_chinook = pytest.mark.skipif(
    not _CHINOOK.is_file(), reason=f"no chinook_serialpk.sql here; name its folder in {_ENVIRONMENT}"
)

_RENTALS = """
    [migration]
    up = "up.sql"
    down = "down.sql"
    lock_timeout = "{lock_timeout}"
    retries = {retries}

    [traffic]
    rate = 120
    actors = 8
    baseline = "2s"
    settle = "1s"

    [[traffic.operation]]
    name = "view film"
    weight = 40
    sql = "SELECT title, rental_rate, length FROM film WHERE film_id = :film_id"
    params = {{ film_id = "sample(film.film_id)" }}

    [[traffic.operation]]
    name = "rentals of customer"
    weight = 25
    sql = '''SELECT r.rental_id, r.rental_date, f.title FROM rental r JOIN inventory i USING (inventory_id)
             JOIN film f USING (film_id) WHERE r.customer_id = :customer_id ORDER BY r.rental_date DESC LIMIT 10'''
    params = {{ customer_id = "sample(customer.customer_id)" }}

    [[traffic.operation]]
    name = "rent"
    weight = 15
    sql = '''INSERT INTO rental (rental_date, inventory_id, customer_id, staff_id)
             VALUES (clock_timestamp(), :inventory_id, :customer_id, 1)'''
    params = {{ inventory_id = "sample(inventory.inventory_id)", customer_id = "sample(customer.customer_id)" }}

    [[traffic.operation]]
    name = "return"
    weight = 10
    sql = "UPDATE rental SET return_date = clock_timestamp() WHERE rental_id = :rental_id"
    params = {{ rental_id = "sample(rental.rental_id)" }}

    [[traffic.operation]]
    name = "pay"
    weight = 10
    sql = '''INSERT INTO payment (customer_id, staff_id, rental_id, amount, payment_date)
             VALUES (:customer_id, 1, :rental_id, 2.99, '2022-05-15')'''
    params = {{ customer_id = "sample(customer.customer_id)", rental_id = "sample(rental.rental_id)" }}
    """


@pytest.fixture
def rehearsals(home: Path, tmp_path: Path) -> Rehearsals:
    """Rehearses on PostgreSQL 18, embedded."""
    return Rehearsals(home=home, folder=tmp_path)


@needs_pagila
def test_a_rewrite_of_rental_and_its_rollback(rehearsals: Rehearsals) -> None:
    up = "ALTER TABLE rental ALTER COLUMN staff_id TYPE bigint;"
    down = "ALTER TABLE rental ALTER COLUMN staff_id TYPE integer;"
    snapshot = f'\n    [snapshot]\n    source = "{_PAGILA}"\n'
    text = snapshot + _RENTALS.format(lock_timeout="0", retries=0)
    done = rehearsals.run(text, {"up.sql": up, "down.sql": down})

    facts, findings = done.view.facts, done.view.judgement.findings
    assert done.verdict.value == "fail", said(done)
    rewrites = {(f.relation, f.statement, f.direction) for f in findings if f.hazard.name == "table_rewrite"}
    assert ("public.rental", "S1", Direction.UP) in rewrites, said(done)
    assert {relation for relation, _, _ in rewrites} == {"public.rental"}
    assert {"missing_lock_timeout", "long_access_exclusive"} <= {f.hazard.name for f in findings}, said(done)
    assert {"breaks_old_app", "cached_plan_error", "migration_fails"}.isdisjoint({f.hazard.name for f in findings})
    alter = statement(facts, "ALTER TABLE rental")
    (work,) = [w for w in alter.relations if w.relation == "public.rental"]
    assert (work.rewritten, work.rows_before) == (True, 16_044)
    assert alter.locks[0].mode == "AccessExclusiveLock"
    back = statement(facts, "ALTER TABLE rental", direction=Direction.DOWN)
    assert [w.relation for w in back.relations if w.rewritten and w.kind == "r"] == ["public.rental"]
    rollback = facts.rollback
    assert (rollback.result, rollback.verified) == ("ok", True), said(done)
    assert (rollback.differences, rollback.changed_tables) == ((), ())
    assert rollback.rows_compared > 40_000
    assert rollback.ledger_acknowledged == rollback.ledger_kept
    assert (rollback.ledger_acknowledged or 0) > 0
    assert [o.failed for o in facts.operations if o.failed] == []


@needs_pagila
def test_the_safe_counterpart_passes(rehearsals: Rehearsals) -> None:
    up = "ALTER TABLE rental ADD COLUMN source text;"
    down = "ALTER TABLE rental DROP COLUMN source;"
    snapshot = f'\n    [snapshot]\n    source = "{_PAGILA}"\n'
    text = snapshot + _RENTALS.format(lock_timeout="200ms", retries=5)
    done = rehearsals.run(text, {"up.sql": up, "down.sql": down})

    weighty = [f for f in done.view.judgement.findings if f.level.value != "note"]
    assert weighty == [], said(done)
    assert done.view.facts.rollback.result == "ok"
    assert done.verdict.value == "pass", said(done)


@needs_chinook
def test_chinook(rehearsals: Rehearsals) -> None:
    unusable = re.compile(r"^\s*(?:DROP DATABASE|CREATE DATABASE|\\c)\b.*$", re.MULTILINE)
    chinook = unusable.sub("", _CHINOOK.read_text(encoding="utf-8"))
    text = """
    [snapshot]
    source = "chinook.sql"
    [migration]
    up = "up.sql"
    down = "down.sql"
    [traffic]
    rate = 100
    actors = 6
    baseline = "2s"
    settle = "1s"
    [[traffic.operation]]
    name = "invoice"
    weight = 3
    sql = "SELECT * FROM invoice_line WHERE invoice_id = :invoice_id"
    params = { invoice_id = "sample(invoice.invoice_id)" }
    [[traffic.operation]]
    name = "sell"
    sql = '''INSERT INTO invoice_line (invoice_id, track_id, unit_price, quantity)
             VALUES (:invoice_id, :track_id, 0.99, 1)'''
    params = { invoice_id = "sample(invoice.invoice_id)", track_id = "sample(track.track_id)" }
    """
    up = "CREATE INDEX invoice_line_price ON invoice_line (unit_price);"
    files = {"up.sql": up, "down.sql": "DROP INDEX invoice_line_price;", "chinook.sql": chinook}
    done = rehearsals.run(text, files)

    findings = {(f.hazard.name, f.relation, f.statement) for f in done.view.judgement.findings}
    assert ("blocks_writes", "public.invoice_line", "S1") in findings, said(done)
    assert done.verdict.value == "fail", said(done)
    assert done.view.facts.rollback.result == "ok"
    index = statement(done.view.facts, "CREATE INDEX")
    assert index.work == "index"
    assert [w.rows_scanned for w in index.relations if w.relation == "public.invoice_line"] == [2240]
