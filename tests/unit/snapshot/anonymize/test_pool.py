"""Processes: results in order, errors without values, nothing left when one is killed or the caller gives up."""

import os
import time
from pathlib import Path

import pytest

from harness.model.errors import RestoreError, SnapshotError
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.rewrite.plan import ColumnPlan, TablePlan
from harness.snapshot.anonymize.rewrite.pool import Pool, ProcessEndedError, pool
from harness.snapshot.anonymize.rewrite.work import Done, Setup, Task, Work
from harness.snapshot.anonymize.schema import Column

HERE = Path(__file__)
COLUMN = Column(name="code", type="text", base="text")
TABLE = TablePlan("public.t", (ColumnPlan("code", 0, ColumnPolicy(class_=Class.LUHN, domain="d"), COLUMN, text=True),))
SETUP = Setup((TABLE,), Keys(bytes(32)), {}, "none", None)


def alive(processes: list[int]) -> list[int]:
    return [pid for pid in processes if Path(f"/proc/{pid}").exists()]


def ids(made: Pool[Task, Done]) -> list[int]:
    return [process.pid or 0 for process, _ in made._processes]


@pytest.fixture(scope="module")
def two() -> Pool[Task, Done]:
    return Pool(Work, SETUP, jobs=1)


def test_many_tasks_come_back_in_order_as_if_done_here(two: Pool[Task, Done]) -> None:
    tasks = [Task(0, block=b"4111111111111111\n" * (1 + n % 5 * 700)) for n in range(30)]
    with pool(Work, SETUP, jobs=2) as workers:
        started = ids(workers)
        found = list(workers.ordered(tasks))
        with pytest.raises(SnapshotError, match=r"public\.t\.code cannot be transformed as luhn") as caught:
            list(workers.ordered([Task(0, block=b"geheim\n")]))
        assert "geheim" not in str(caught.value)
        with pytest.raises(RestoreError, match="not a whole dump"):
            list(workers.ordered([Task(0, collect=True, file=(HERE, "none"))]))
    assert [task for task, _ in found] == tasks
    here = [done.rewritten.data for _, done in two.ordered(tasks)]
    assert [done.rewritten.data for _, done in found] == here
    assert alive(started) == []


def test_a_killed_process_is_an_error_that_says_so() -> None:
    with pool(Work, SETUP, jobs=2) as workers:
        started = ids(workers)
        os.kill(started[0], 9)
        with pytest.raises(ProcessEndedError, match="ended"):
            list(workers.ordered([Task(0, block=b"4111111111111111\n")] * 9))
    assert alive(started) == []


def test_giving_up_ends_the_processes_at_work() -> None:
    began = time.monotonic()
    with pool(Work, SETUP, jobs=2) as workers:
        started = ids(workers)
        tasks = (Task(0, block=b"4111111111111111\n" * 20_000) for _ in range(1000))
        next(iter(workers.ordered(tasks)))
    assert alive(started) == []
    assert time.monotonic() - began < 60
