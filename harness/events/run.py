"""Events of the run as a whole: engine, snapshot, clones, phases, clock anchors, quality, the end."""

from harness.events.base import Event
from harness.model.words import Pass, PhaseKind


class EngineChosen(Event, tag="engine_chosen", frozen=True, kw_only=True):
    """The disposable server's origin; `requested` is what the scenario asked for, `reason` why this one was taken."""

    requested: str
    engine: str
    reason: str
    description: str
    version: str
    version_num: int


class SnapshotReady(Event, tag="snapshot_ready", frozen=True, kw_only=True):
    """The data to clone from; `source` is the file's name without its folder ("" for an empty database)."""

    source: str
    digest: str
    cached: bool
    size_bytes: int
    duration_ns: int
    tables: int
    rows: int


class CloneMade(Event, tag="clone_made", frozen=True, kw_only=True):
    """A pass got its own copy of the snapshot."""

    pass_: Pass
    method: str
    size_bytes: int
    duration_ns: int


class PhaseStarted(Event, tag="phase_started", frozen=True, kw_only=True):
    """A phase began; `name` is the scenario's own name for it, "" for the built-in ones."""

    pass_: Pass
    phase: PhaseKind
    name: str = ""


class PhaseEnded(Event, tag="phase_ended", frozen=True, kw_only=True):
    """A phase ended; `ok` says whether it did what it was for."""

    pass_: Pass
    phase: PhaseKind
    name: str = ""
    ok: bool = True


class ClockAnchored(Event, tag="clock_anchored", frozen=True, kw_only=True):
    """The wall clock read at `at_ns` of the run's clock.

    Maps the server log's timestamps; `error_ns` bounds the reading.
    """

    wall_ns: int
    error_ns: int


class MixChanged(Event, tag="mix_changed", frozen=True, kw_only=True):
    """From now on new operations are drawn from these app versions, by these shares; {} means every version."""

    shares: dict[str, float]


class QualityNoted(Event, tag="quality_noted", frozen=True, kw_only=True):
    """Something limits what this run proves; `inconclusive` says that a pass must not be given on it."""

    subject: str
    message: str
    inconclusive: bool
    remedy: str = ""


class RunInterrupted(Event, tag="run_interrupted", frozen=True, kw_only=True):
    """The run was stopped from outside, or by an error of the environment."""

    reason: str


class RunEnded(Event, tag="run_ended", frozen=True, kw_only=True):
    """The last event of a run whose journal is whole; `complete` is false when it was interrupted."""

    complete: bool
