"""What the conductor and the antagonists' process say to each other."""

from dataclasses import dataclass

from harness.events.traffic import AntagonistActed


@dataclass(frozen=True, slots=True)
class Ready:
    """All are connected and prepared."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One could not connect or not be prepared; no credentials in `message`."""

    message: str


@dataclass(frozen=True, slots=True)
class Begin:
    """The baseline begins."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class MigrationAnnounced:
    """The migration will start."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Aim:
    """These antagonists, by number, act now, each before the statements it is told."""

    before: dict[int, str]


@dataclass(frozen=True, slots=True)
class InPlace:
    """An aimed antagonist holds what it holds since `at_ns`; or could not, and ended with `sqlstate`."""

    number: int
    at_ns: int
    sqlstate: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """Leave."""


@dataclass(frozen=True, slots=True)
class Left:
    """The last word: what was done."""

    acted: tuple[AntagonistActed, ...]
