"""From a run directory to its reports: read, analyse, judge, render, write. Needs no server."""

from dataclasses import dataclass
from pathlib import Path

from harness.analysis.analyse import analyse
from harness.analysis.judge import judge
from harness.model.errors import JournalError
from harness.model.verdict import Verdict
from harness.rehearsal.journal.reader import read_history
from harness.report.view import View, build_view


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A judged run: its directory, its view for every renderer, its verdict."""

    directory: Path
    view: View
    verdict: Verdict


def conclude(directory: Path, *, write: bool = True) -> Conclusion:
    """Judge the run in `directory`; when `write`, make report.html, rehearsal.json and the other reports anew."""
    history = read_history(directory)
    facts = analyse(history)
    judgement = judge(facts, history.info.scenario)
    view = build_view(history.info, facts, judgement)
    if write:
        # Imported here: its charting library takes a second, and `judge` does without.
        from harness.report.render import render_all

        for name, content in render_all(view).items():
            _write(directory / name, content)
    return Conclusion(directory=directory, view=view, verdict=judgement.verdict)


def _write(path: Path, content: bytes) -> None:
    """Write beside and rename, so that a reader never sees half a report."""
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        raise JournalError(
            f"{path}: cannot be written ({error.strerror})",
            hint="the run itself is kept: make room, then rehearse report",
        ) from None
