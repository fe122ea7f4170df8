"""The observer's cost: pgbench's throughput with it and without it, in turn on the same server."""

import re
from collections.abc import Callable
from statistics import median

from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.conftest import pgbench
from harness.events.codec import AnyEvent
from harness.model.clock import RunClock
from harness.model.words import Pass
from harness.postgres.ports import Server
from harness.rehearsal.observer.observer import Observer

CLIENTS, SECONDS, PAIRS = 100, 5, 4


def throughput(server: Server) -> float:
    """Transactions a second of pgbench's TPC-B-like script over 100 connections."""
    said = pgbench(server, "-n", "-c", str(CLIENTS), "-j", "1", "-T", str(SECONDS))
    found = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
    assert found is not None, said
    return float(found[1])


def watched(server: Server) -> float:
    """The same with the observer watching."""
    seen: list[AnyEvent] = []
    observer = Observer(server, clock=RunClock.start(), sink=seen.append, pass_=Pass.LOAD)
    observer.start()
    try:
        return throughput(server)
    finally:
        observer.stop()


def test_throughput_with_and_without(
    benchmark: BenchmarkFixture, server: Server, ratio: Callable[[str, str], None]
) -> None:
    throughput(server)
    pairs = [(watched(server), throughput(server)) for _ in range(PAIRS)]
    benchmark.pedantic(watched, args=(server,), rounds=1)
    ratios = [a / b for a, b in pairs]
    benchmark.extra_info["ratio"] = median(ratios)
    ratio(
        f"pgbench throughput watched / not, {CLIENTS} connections",
        f"{median(ratios):.3f}  ({min(ratios):.3f} to {max(ratios):.3f})",
    )
    assert min(ratios) > 0
