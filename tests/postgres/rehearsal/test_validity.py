"""Whole rehearsals that must not be believed, or must be seen in full: a stall, a rate out of reach, a stuck pool."""

import resource
from pathlib import Path

import msgspec
import pytest

from harness.model.verdict import Verdict
from harness.report.rehearsal_json import render_json
from harness.report.view.status import Status
from tests.postgres.rehearsal.rehearsals import Rehearsals, said

pytestmark = [pytest.mark.postgres, pytest.mark.alone]

STALL = """
    [snapshot]
    setup = ["seed.sql"]
    [migration]
    up = "up.sql"
    transaction = "as-written"
    [rollback]
    run = false
    [traffic]
    rate = {rate}
    actors = {actors}
    pool_timeout = "{pool_timeout}"
    calibration = "{calibration}"
    baseline = "{baseline}"
    settle = "{settle}"
    [[traffic.operation]]
    name = "read account"
    sql = "{sql}"
    params = {{ id = "sample(accounts.id)" }}
    """
SEED = """
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
    INSERT INTO accounts SELECT i, 100 FROM generate_series(1, 1000) AS i;
    """
LOCK = "BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT;"
READ = "SELECT balance FROM accounts WHERE id = :id"
MOST_KB = 1_000_000
"""Memory of any process started here: a gigabyte."""


@pytest.fixture
def rehearsals(home: Path, tmp_path: Path) -> Rehearsals:
    """Rehearses on PostgreSQL 18, embedded."""
    return Rehearsals(home=home, folder=tmp_path)


def scenario(**changes: object) -> str:
    values: dict[str, object] = {
        "rate": 20, "actors": 4, "pool_timeout": "5s", "calibration": "0s", "baseline": "1s", "settle": "200ms",
        "sql": READ, **changes,
    }  # fmt: skip
    return STALL.format(**values)


def test_a_stall_of_one_second_at_2000_a_second_is_told_in_full(rehearsals: Rehearsals) -> None:
    """Through the journal, the facts and rehearsal.json; what a closed loop would have said is not the answer."""
    text = scenario(rate=2000, actors=16, calibration="1s", baseline="2s", settle="1500ms")
    done = rehearsals.run(text, {"seed.sql": SEED, "up.sql": LOCK})
    document = msgspec.json.decode(render_json(done.view))
    traffic, (operation,) = document["traffic"], document["operations"]
    assert traffic["migrate"]["p99_ms"] >= 900, said(done)
    assert operation["migrate"]["p99_ms"] >= 900
    assert traffic["migrate"]["max_ms"] >= 990
    # 2,000 are due in the second; those of its last 10 ms are not slow, the queue that drains afterwards is.
    assert 1_700 <= traffic["slow"] <= 3_500, said(done)
    assert traffic["outage_ms"] >= 900
    # Sixteen of them stood in the server's queue, the others in the pool's: service times alone look harmless.
    service, waited = traffic["migrate"]["service"], traffic["migrate"]["pool_wait"]
    assert service["p99_ms"] < traffic["migrate"]["p99_ms"] / 2
    assert service["max_ms"] >= 900
    assert waited["p99_ms"] >= 850
    # The answer is the response time: in the number at the top and in the check.
    p99 = next(one for one in document["checks"] if one["id"] == "p99")
    top = next(number for number in done.view.numbers if number.label.startswith("p99"))
    ratio = traffic["migrate"]["p99_ms"] / traffic["baseline"]["p99_ms"]
    assert float(p99["found"].rstrip(" ×").replace(",", "")) == pytest.approx(ratio, rel=0.06)
    assert "slow" in top.detail
    assert next(one for one in document["checks"] if one["id"] == "blocked")["verdict"] == "fail"
    # The A/A window came first, and is what the noise floor is at least.
    phases = [one.phase for one in done.view.facts.traffic.course] if done.view.facts.traffic else []
    assert phases[:3] == ["calibrate", "baseline", "migrate"]
    assert traffic["noise"]["calibrated"]
    aa = abs(traffic["calibrate"]["p99_ms"] - traffic["baseline"]["p99_ms"])
    assert traffic["noise"]["p99_ms"] >= aa - 0.001
    assert done.verdict is Verdict.FAIL


def test_a_rate_that_the_machine_cannot_reach(rehearsals: Rehearsals) -> None:
    done = rehearsals.run(
        scenario(rate=200_000, baseline="1s"), {"seed.sql": SEED, "up.sql": "CREATE TABLE marks (id int);"}
    )
    assert done.verdict is Verdict.INCONCLUSIVE, said(done)
    unsound = {row.id: row.note for row in done.view.trust.rows if row.status is Status.UNKNOWN}
    assert unsound.keys() & {"generator", "rate", "dispatch", "pool"}, said(done)
    assert any("lower traffic.rate" in note for note in unsound.values())
    assert "lower traffic.rate" in done.view.sentence
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MOST_KB


def test_all_actors_stuck(rehearsals: Rehearsals) -> None:
    """Nobody times out, the queue grows without end: said, with the way out, and not laid at the migration's door."""
    sql = "SELECT pg_sleep(20) FROM accounts WHERE id = :id"
    text = scenario(actors=2, rate=40, pool_timeout="60s", sql=sql)
    done = rehearsals.run(text, {"seed.sql": SEED, "up.sql": "CREATE TABLE marks (id int);"})
    pool = next(row for row in done.view.trust.rows if row.id == "pool")
    assert pool.status is Status.UNKNOWN, said(done)
    assert "all 2 actors were busy: raise traffic.actors" in pool.note
    assert done.verdict is Verdict.INCONCLUSIVE, said(done)
