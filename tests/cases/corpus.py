"""Labelled migrations: a folder each, with the truth that a live server showed."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.model.locks import LockMode

ENVIRONMENT = "REHEARSE_CASES"
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "cases"
"""Where the cases stand in a checkout of this project; `REHEARSE_CASES` names another folder."""

OBSERVATIONS = frozenset(
    {
        "wal_heavy",
        "disk_growth",
        "implicit_fk_lock_on_other_table",
        "concurrently_timeout_leftover",
        "cached_plan_error",
    }
)
"""Words that state a fact and make nothing unsafe: out of precision and recall."""

WAY_BACK = frozenset({"rollback_fails", "data_loss_on_rollback", "rollback_schema_drift"})
"""Hazards of the way back that make a case unsafe; other words seen going down do not."""

IMPLIED: Mapping[str, tuple[str, ...]] = {
    "table_rewrite": ("long_access_exclusive", "full_scan_under_lock"),
    "full_scan_under_lock": ("long_access_exclusive", "blocks_writes"),
    "lock_queue": ("missing_lock_timeout",),
    "unbounded_backfill": ("long_transaction",),
    "partition_attach_scan": ("full_scan_under_lock",),
    "grants_or_owner_lost": ("breaks_old_app",),
}
"""What a scorer accepts beside a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a live server did; `locks` the strongest mode by relation, as plain names."""

    hazards: frozenset[str]
    observations: frozenset[str]
    down_hazards: frozenset[str]
    safe: bool
    locks: Mapping[str, str]
    rewrites: frozenset[str]
    rollback: str
    rollback_after_new_writes: str


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled migration."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def has(self, file: str) -> bool:
        """Whether the case has this file."""
        return (self.folder / file).is_file()

    def truth(self, *, major: str) -> Truth:
        """The truth on a major version of PostgreSQL."""
        read: dict[str, Any] = json.loads((self.folder / "truth.json").read_text(encoding="utf-8"))
        read |= read.get("by_version", {}).get(major, {})
        return Truth(
            hazards=frozenset(read["hazards"]) - {"none"},
            observations=frozenset(read["observations"]),
            down_hazards=frozenset(read["down_hazards"]),
            safe=read["safe"],
            locks={plain(lock["relation"]): lock["mode"] for lock in read["locks"]},
            rewrites=frozenset(plain(relation) for relation in read["rewrites"]),
            rollback=read["rollback"],
            rollback_after_new_writes=read["rollback_after_new_writes"],
        )

    def squawk_rules(self) -> frozenset[str] | None:
        """What the linter said of up.sql with its default rules; None where it was not asked."""
        if not self.has("squawk.json"):
            return None
        read = json.loads((self.folder / "squawk.json").read_text(encoding="utf-8"))
        return frozenset(one["rule"] for one in read["default"])


def find_cases(folder: Path | None = None) -> tuple[Case, ...]:
    """The cases of a folder, by name; none where it does not exist."""
    root = folder or Path(os.environ.get(ENVIRONMENT) or BESIDE)
    return tuple(Case(path.parent) for path in sorted(root.glob("*/truth.json")))


def representatives(cases: Sequence[Case], *, major: str) -> tuple[Case, ...]:
    """In order, each case that has a word, or an outcome of the way back, that none before it has."""
    seen: set[str] = set()
    chosen = []
    for case in cases:
        truth = case.truth(major=major)
        words = {
            *truth.hazards,
            *truth.observations,
            *(f"down {word}" for word in truth.down_hazards),
            f"rollback {truth.rollback}",
            f"after new writes {truth.rollback_after_new_writes}",
            f"safe {truth.safe}",
        }
        if words - seen:
            chosen.append(case)
            seen |= words
    return tuple(chosen)


def plain(relation: str) -> str:
    """A relation's name as the truth writes it.

    >>> plain('public."orders"')
    'orders'
    """
    return relation.removeprefix("public.").replace('"', "")


def telling(locks: Mapping[str, str]) -> dict[str, str]:
    """Without modes weaker than ROW EXCLUSIVE: they depend on what else a statement looks at."""
    return {name: mode for name, mode in locks.items() if LockMode.from_pg(mode) >= LockMode.ROW_EXCLUSIVE}


def closure(words: frozenset[str]) -> frozenset[str]:
    """The words, and what each implies."""
    found = set(words)
    while True:
        more = {implied for word in found for implied in IMPLIED.get(word, ())} - found
        if not more:
            return frozenset(found)
        found |= more
