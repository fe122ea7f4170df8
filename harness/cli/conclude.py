"""From a run directory to its reports: read, analyse, judge, render, write. Needs no server."""

from dataclasses import dataclass
from pathlib import Path

from harness.analysis.analyse import analyse
from harness.analysis.facts import Facts
from harness.analysis.judge import judge
from harness.analysis.judgement import Judgement
from harness.analysis.remedy.record import FOLDER, RUN
from harness.cli.alternatives import read_alternative
from harness.model.errors import JournalError
from harness.model.verdict import Verdict
from harness.rehearsal.journal.reader import read_history
from harness.report.view import View, build_view
from harness.report.view.model import RemedyView
from harness.report.view.remedy import Judged, remedy_view

REPORT = "report.html"


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
    view = build_view(history.info, facts, judgement, remedy=_remedy(directory, facts, judgement))
    if write:
        # Imported here: its charting library takes a second, and `judge` does without.
        from harness.report.render import render_all

        for name, content in render_all(view).items():
            _write(directory / name, content)
    return Conclusion(directory=directory, view=view, verdict=judgement.verdict)


def _remedy(directory: Path, facts: Facts, judgement: Judgement) -> RemedyView | None:
    """The safer migration's run beside this one, where `--try-remedy` left one."""
    record = read_alternative(directory)
    if record is None:
        return None
    folder = directory / FOLDER
    after = None if record.why_not else _judged(folder / RUN)
    before = Judged(facts=facts, judgement=judgement, report=str(directory / REPORT))
    return remedy_view(record, before=before, after=after, folder=str(folder))


def _judged(directory: Path) -> Judged | None:
    try:
        history = read_history(directory)
    except JournalError:
        return None
    facts = analyse(history)
    return Judged(facts=facts, judgement=judge(facts, history.info.scenario), report=str(directory / REPORT))


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
