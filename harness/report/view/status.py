"""The status of a row, whatever it is about."""

from enum import Enum

from harness.model.verdict import Verdict


class Status(Enum):
    """How a row stands: a character and a word, so that colour is never alone."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    UNKNOWN = "unknown"
    FAIL = "fail"

    @property
    def mark(self) -> str:
        """One character for the status.

        >>> Status.FAIL.mark
        '✗'
        """
        return {"ok": "✓", "note": "·", "warn": "!", "unknown": "?", "fail": "✗"}[self.value]

    @classmethod
    def of(cls, verdict: Verdict) -> "Status":
        """The status of a verdict; inconclusive is unknown."""
        return {
            Verdict.PASS: cls.OK,
            Verdict.WARN: cls.WARN,
            Verdict.INCONCLUSIVE: cls.UNKNOWN,
            Verdict.FAIL: cls.FAIL,
        }[verdict]
