"""A run as it is read back: the run's own description, all events in order of time, and the operation records."""

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from harness.events.codec import AnyEvent
from harness.events.operations import OperationRecords
from harness.spec.scenario import Scenario


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """run.json.

    What is needed to repeat the run and to judge it on another machine; holds no credentials and no data.
    """

    schema_version: str
    run_id: str
    tool_version: str
    started_at: str
    """ISO 8601, UTC."""
    command: tuple[str, ...]
    scenario_file: str
    """Path as given, relative where it was."""
    scenario: Scenario
    sources: dict[str, str]
    """Text of every migration file by its path relative to the scenario, for excerpts in reports."""
    digests: dict[str, str]
    """SHA-256 of the scenario, dump, setup and migration files."""
    commit: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """Everything a run wrote down."""

    info: RunInfo
    events: tuple[AnyEvent, ...]
    operations: OperationRecords

    def of(self, kind: type["E"]) -> tuple["E", ...]:
        """The events of one type, in order of time."""
        return tuple(event for event in self.events if isinstance(event, kind))


E = TypeVar("E")
