"""Progress as lines: what a log gets, and what it does not."""

import io

from harness.cli.narrator import Narrator
from harness.events.migration import StatementStarted
from harness.events.run import EngineChosen, PhaseEnded, PhaseStarted, QualityNoted
from harness.model.units import NS_PER_MS
from harness.model.words import Direction, Pass, PhaseKind
from harness.spec.scenario import Scenario

ENGINE = EngineChosen(
    at_ns=0, requested="auto", engine="embedded", reason="no Docker", description="", version="18.4", version_num=180004
)
STARTED = PhaseStarted(at_ns=0, pass_=Pass.LOAD, phase=PhaseKind.MIGRATE, name="expand")
ENDED = PhaseEnded(at_ns=1507 * NS_PER_MS, pass_=Pass.LOAD, phase=PhaseKind.MIGRATE, name="expand", ok=False)
NOTED = QualityNoted(at_ns=0, subject="log", message="was cut", inconclusive=True, remedy="")


class GoneReader(io.StringIO):
    """A pipe whose reader went away."""

    def write(self, _text: str) -> int:
        """As the kernel says it."""
        raise BrokenPipeError(32, "Broken pipe")


def _narrated(*, verbose: bool) -> str:
    stream = io.StringIO()
    with Narrator(Scenario(name="x"), verbose=verbose, stream=stream) as narrator:
        for event in (ENGINE, STARTED, ENDED, NOTED):
            narrator.event(event)
    return stream.getvalue()


def test_a_line_a_phase_when_it_ends() -> None:
    assert _narrated(verbose=False).splitlines() == [
        "rehearsing x",
        "engine    embedded: no Docker; PostgreSQL 18.4",
        "migrate expand       failed  1,507 ms",
        "note      log: was cut",
    ]


def test_verbose_says_the_beginning_too() -> None:
    assert "migrate expand …" in _narrated(verbose=True).splitlines()


def test_a_reader_that_went_away_does_not_end_the_rehearsal() -> None:
    with Narrator(Scenario(name="x"), verbose=True, stream=GoneReader()) as narrator:
        narrator.event(ENGINE)


def test_a_statement_is_one_short_line() -> None:
    stream = io.StringIO()
    started = StatementStarted(
        at_ns=0, pass_=Pass.LOAD, direction=Direction.UP, statement="S1", sql="SELECT\n  1,\n  '" + "x" * 200 + "'",
        step="up", attempt=1, file="up.sql", line=1, column=1, tag="SELECT", fingerprint="f", transaction=1,
        autocommit=True, pid=1,
    )  # fmt: skip
    with Narrator(Scenario(name="x"), verbose=True, stream=stream) as narrator:
        narrator.event(started)
    line = stream.getvalue().splitlines()[1]
    assert line.startswith("  S1 load SELECT 1, 'xxx")
    assert len(line) < 100
