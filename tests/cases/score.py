"""What was found against what is true: per case, per word, and over all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.cases.corpus import OBSERVATIONS, Case, Truth, closure, telling
from tests.cases.rehearsed import Found

STYLE_RULES = frozenset(
    {
        "prefer-robust-stmts",
        "prefer-text-field",
        "prefer-bigint-over-int",
        "prefer-bigint-over-smallint",
        "prefer-identity",
        "prefer-timestamptz",
        "ban-char-field",
        "require-statement-timeout",
    }
)
"""Rules of the linter that say nothing about what a migration does to a running application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One case: what was found and is not so (`extra`), what is so and was not found (`missing`)."""

    case: Case
    truth: Truth
    found: Found

    @property
    def missing(self) -> frozenset[str]:
        """Hazard words of the truth that the rehearsal does not say."""
        return self.truth.hazards - closure(self.found.hazards)

    @property
    def extra(self) -> frozenset[str]:
        """Hazard words that the rehearsal says and the truth does not, nor implies."""
        return self.found.hazards - closure(self.truth.hazards)

    @property
    def missing_observations(self) -> frozenset[str]:
        """Observations that were not made."""
        return self.truth.observations - self.found.observations

    @property
    def hazardous_right(self) -> bool:
        """Whether safe and unsafe were told apart."""
        return bool(self.found.hazards) is not self.truth.safe

    @property
    def locks_right(self) -> bool:
        """Whether the strongest lock of every relation is the one that the truth has."""
        return telling(self.found.locks) == telling(self.truth.locks)

    @property
    def rewrites_right(self) -> bool:
        """Whether the rewritten relations are those of the truth."""
        return frozenset(self.found.rewrites) == self.truth.rewrites

    @property
    def rollback_right(self) -> bool:
        """Whether the way back ended as the truth says; a column that only stands elsewhere is no drift there."""
        return {"column_order": "ok"}.get(self.found.rollback, self.found.rollback) == self.truth.rollback

    @property
    def after_new_writes_right(self) -> bool:
        """Whether the way back after writes of both versions ended as the truth says."""
        return self.found.rollback_after_new_writes == self.truth.rollback_after_new_writes

    @property
    def verdict_right(self) -> bool:
        """Whether the verdict fits: a safe migration passes (a warning may be of the way back), an unsafe one not."""
        return self.found.verdict in (("pass", "warn") if self.truth.safe else ("fail", "warn"))

    @property
    def wrong(self) -> tuple[str, ...]:
        """In words, everything that is not as the truth has it."""
        said = []
        if self.missing:
            said.append("missing " + ", ".join(sorted(self.missing)))
        if self.extra:
            said.append("extra " + ", ".join(sorted(self.extra)))
        if not self.hazardous_right:
            said.append("safe" if self.truth.safe else "unsafe")
        if not self.locks_right:
            said.append(f"locks {telling(self.found.locks)} ≠ {telling(self.truth.locks)}")
        if not self.rewrites_right:
            said.append(f"rewrites {self.found.rewrites} ≠ {sorted(self.truth.rewrites)}")
        if not self.rollback_right:
            said.append(f"rollback {self.found.rollback} ≠ {self.truth.rollback}")
        if not self.after_new_writes_right:
            said.append(
                f"after writes {self.found.rollback_after_new_writes or '–'} ≠ {self.truth.rollback_after_new_writes}"
            )
        if not self.verdict_right:
            said.append(f"verdict {self.found.verdict} ({'; '.join(self.found.checks) or self.found.sentence})")
        return tuple(said)


@dataclass(frozen=True, slots=True)
class Rate:
    """Precision and recall from counts; None where nothing was to be found, or nothing was."""

    right: int
    extra: int
    missing: int

    @property
    def precision(self) -> float | None:
        """Of what was said, the part that is so."""
        return self.right / (self.right + self.extra) if self.right + self.extra else None

    @property
    def recall(self) -> float | None:
        """Of what is so, the part that was said."""
        return self.right / (self.right + self.missing) if self.right + self.missing else None


def rates(scored: Sequence[Scored]) -> Mapping[str, Rate]:
    """Precision and recall of each hazard word that occurs."""
    right: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for one in scored:
        right.update(one.truth.hazards & closure(one.found.hazards))
        extra.update(one.extra)
        missing.update(one.missing)
    return {word: Rate(right[word], extra[word], missing[word]) for word in sorted(right | extra | missing)}


def observation_rates(scored: Sequence[Scored]) -> Mapping[str, Rate]:
    """Recall of observations; one that the truth does not have is no error."""
    return {
        word: Rate(
            sum(word in one.truth.observations & one.found.observations for one in scored),
            sum(word in one.found.observations - one.truth.observations for one in scored),
            sum(word in one.missing_observations for one in scored),
        )
        for word in sorted(OBSERVATIONS)
    }


def told_apart(scored: Sequence[Scored]) -> Rate:
    """Hazardous against safe, as the rehearsals say."""
    return _told_apart([(bool(one.found.hazards), one.truth.safe) for one in scored])


def told_apart_by_linter(scored: Sequence[Scored]) -> Rate:
    """Hazardous against safe, as squawk says of the same files: any rule that is not one of style."""
    said = [(one.case.squawk_rules() or frozenset(), one.truth.safe) for one in scored]
    return _told_apart([(bool(rules - STYLE_RULES), safe) for rules, safe in said])


def _told_apart(said: Sequence[tuple[bool, bool]]) -> Rate:
    return Rate(
        sum(hazardous and not safe for hazardous, safe in said),
        sum(hazardous and safe for hazardous, safe in said),
        sum(not hazardous and not safe for hazardous, safe in said),
    )
