"""A workload out of the catalog: reads, inserts, updates and deletes of every table, each proven by running it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import msgspec

from harness.spec.scenario import OperationSpec
from harness.workload.auto_reads import read_candidates
from harness.workload.auto_writes import write_candidates
from harness.workload.candidates import Candidate, Kind
from harness.workload.catalog import Catalog
from harness.workload.derived import CATALOG, Coverage, Derived, Uncovered
from harness.workload.trial import OperationTrial, Runner
from harness.workload.weights import counts_an_application, weigh

SOURCE: Final = "auto"
"""Name of the source in coverage and events."""
DRAWS: Final = 12
"""Times that each operation is tried: an error that one row in five gives shows with a probability of 93 %."""
_MOST: Final = 900  # operations; the workload takes 1,000, hand-written ones included


def derive_auto(catalog: Catalog, runner: Runner, *, counted_by: str = "") -> Derived:
    """Reads, writes and joins of every table that ran without an error; what did not is told in the coverage.

    `counted_by` says whose counters the catalog has, where they are not this server's ("production's").
    """
    found = list(chain.from_iterable(_candidates(catalog)))
    tried = _try_all(found, runner)
    kept = [(candidate, one.operation) for candidate, one in zip(found, tried, strict=True) if one.operation]
    weights = weigh([candidate for candidate, _ in kept], catalog)
    operations = tuple(
        msgspec.structs.replace(operation, weight=weight) for (_, operation), weight in zip(kept, weights, strict=True)
    )
    uncovered = tuple(
        Uncovered(statement=candidate.name, calls=1, time_ns=0, reason=one.reason)
        for candidate, one in zip(found, tried, strict=True)
        if one.operation is None
    )
    coverage = Coverage(CATALOG, len(found), len(operations), 0, 0, uncovered)
    return Derived(operations, None, coverage, notes=_notes(catalog, kept, counted_by=counted_by))


def _candidates(catalog: Catalog) -> list[list[Candidate]]:
    """Those of each table, tables with foreign keys and large ones first, until there are enough."""
    ranked = sorted(catalog.tables, key=lambda table: (not table.foreign_keys, -table.rows, table.qualified))
    found: list[list[Candidate]] = []
    for table in ranked:
        own = [*read_candidates(table, catalog), *write_candidates(table, catalog)]
        if sum(map(len, found)) + len(own) > _MOST:
            break
        found.append(own)
    return found


def _notes(catalog: Catalog, kept: Sequence[tuple[Candidate, OperationSpec]], *, counted_by: str) -> tuple[str, ...]:
    counted = counts_an_application(catalog)
    source = (
        f"{counted_by} pg_stat_user_tables".strip()
        if counted
        else "table sizes, four reads to a write: the server counted no application"
    )
    notes = [f"Weights are from {source}."]
    touched = {candidate.table.qualified for candidate, _ in kept}
    read = {candidate.table.qualified for candidate, _ in kept if not candidate.kind.writes}
    written = {candidate.table.qualified for candidate, _ in kept if candidate.kind.writes}
    for what, names in (
        ("Not touched", {table.qualified for table in catalog.tables} - touched),
        ("Read and never written", read - written),
    ):
        if names:
            notes.append(f"{what}: {', '.join(sorted(names))}.")
    return tuple(notes)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What became of a candidate: the version that runs, or why none does."""

    operation: OperationSpec | None
    reason: str


def _try_all(candidates: Sequence[Candidate], runner: Runner) -> list[_Tried]:
    """Each candidate's first version, then the second of those that failed, and so on."""
    results = [_Tried(None, candidate.reason) for candidate in candidates]
    for number in range(max((len(candidate.versions) for candidate in candidates), default=0)):
        left = [
            (at, candidate)
            for at, candidate in enumerate(candidates)
            if results[at].operation is None and len(candidate.versions) > number
        ]
        trials = runner.try_out([candidate.versions[number] for _, candidate in left], draws=DRAWS)
        for (at, candidate), trial in zip(left, trials, strict=True):
            problem = _problem(candidate, trial)
            if not problem:
                results[at] = _Tried(candidate.versions[number], "")
            elif number == 0:
                results[at] = _Tried(None, problem)
            else:
                results[at] = replace(results[at], reason=results[at].reason or problem)
    return results


def _problem(candidate: Candidate, trial: OperationTrial) -> str:
    """Why the version cannot be taken, "" where it can."""
    if not trial.ok:
        return f"{trial.reason} ({trial.sqlstate})" if trial.sqlstate else trial.reason
    if not candidate.kind.writes or not any(statement.calls for statement in trial.statements):
        return ""
    rows = [statement.rows for statement in trial.statements]
    if 0 in rows:
        return (
            "no row was changed: every new key is taken" if candidate.kind is not Kind.UPDATE else "no row was changed"
        )
    if candidate.kind is Kind.DELETE and rows[-1] != rows[0]:
        return "what was inserted could not be found again to delete it"
    return ""
