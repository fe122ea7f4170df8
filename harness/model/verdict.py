"""The verdict lattice: pass < warn < inconclusive < fail."""

from collections.abc import Iterable
from enum import Enum


class Verdict(Enum):
    """One judgement; verdicts merge to the worst.

    >>> Verdict.merge([Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.WARN]).value
    'inconclusive'
    """

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"

    @property
    def rank(self) -> int:
        """Position in the lattice, 0 (pass) to 3 (fail)."""
        return list(Verdict).index(self)

    @staticmethod
    def merge(verdicts: Iterable["Verdict"]) -> "Verdict":
        """The worst of `verdicts`; pass when there are none."""
        return max(verdicts, key=lambda v: v.rank, default=Verdict.PASS)

    def exit_code(self, *, strict: bool = False) -> int:
        """0 pass or warn (strict: warn is 1), 1 fail, 3 inconclusive."""
        codes = {Verdict.PASS: 0, Verdict.WARN: int(strict), Verdict.INCONCLUSIVE: 3, Verdict.FAIL: 1}
        return codes[self]
