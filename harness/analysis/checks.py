"""A check: one number against one limit."""

from harness.analysis.judgement import Check
from harness.model.verdict import Verdict


def check(
    id_: str, label: str, *, limit: str, found: str, verdict: Verdict = Verdict.PASS, blame: str = "", note: str = ""
) -> Check:
    """A check; passing unless it says otherwise."""
    return Check(id=id_, label=label, limit=limit, found=found, verdict=verdict, blame=blame, note=note)


def judged(*, up: bool, down: bool) -> tuple[Verdict, str]:
    """The verdict where a limit is exceeded going up, or only on the way back, and what to say about it.

    A stall on the way back is a warning: it happens once, in an incident, and the alternative is worse.
    """
    if up:
        return Verdict.FAIL, ""
    return (Verdict.WARN, "on the way back only") if down else (Verdict.PASS, "")


def format_limit(text: str) -> str:
    """A duration limit as the author wrote it, with the space that people expect.

    >>> format_limit("500ms"), format_limit("2s")
    ('500 ms', '2 s')
    """
    digits = text.strip().rstrip("abcdefghijklmnopqrstuvwxyzµ ")
    return f"{digits} {text.strip()[len(digits) :].strip()}".strip()
