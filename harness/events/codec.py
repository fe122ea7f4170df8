"""The closed union of events, and its lines: events.ndjson is a header line, then one event a line."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from harness.events import migration, observation, opinion, probes, run, state, tables, traffic, verification, versions
from harness.model.errors import JournalError

SCHEMA_VERSION = "1.0"
"""Version of events.ndjson and operations.bin: the major number changes when an old reader would go wrong."""

AnyEvent = (
    run.EngineChosen
    | run.SnapshotReady
    | run.CloneMade
    | run.PhaseStarted
    | run.PhaseEnded
    | run.ClockAnchored
    | run.MixChanged
    | run.QualityNoted
    | run.RunInterrupted
    | run.RunEnded
    | migration.StepStarted
    | migration.StepEnded
    | migration.StatementStarted
    | migration.StatementEnded
    | migration.TransactionEnded
    | migration.MigrationPaused
    | migration.LocksTaken
    | migration.WorkDone
    | migration.WalWritten
    | migration.ToolEnded
    | observation.SessionSeen
    | observation.RelationSeen
    | observation.LockWaited
    | observation.WaitSeen
    | observation.BlockerSeen
    | observation.DeadlockReported
    | observation.DdlLogged
    | observation.LockHeld
    | observation.ServerErrorLogged
    | observation.ServerSampled
    | observation.ObserverMeasured
    | observation.StateSeen
    | traffic.OperationDeclared
    | traffic.TrafficPlanned
    | traffic.RateChanged
    | traffic.TrafficBegan
    | traffic.ActorConnected
    | traffic.OperationFailed
    | traffic.OperationMissed
    | traffic.AntagonistActed
    | traffic.TrafficEnded
    | traffic.TrafficLost
    | traffic.WorkloadDerived
    | verification.SchemaCompared
    | verification.RowsCompared
    | verification.LedgerChecked
    | verification.InvariantChecked
    | verification.DestroyedByUp
    | probes.QueueProbed
    | probes.DeadlockProbed
    | versions.StateReached
    | versions.OperationProbed
    | versions.PreparedRefused
    | versions.PlanCompared
    | versions.SessionCompared
    | versions.ChangeSeen
    | state.StateMeasured
    | state.SchemaChanged
    | state.DiskUsed
    | state.LockSlotsUsed
    | state.ProductionSized
    | probes.LockTimeoutTried
    | tables.TableSeen
    | opinion.OpinionGiven
)
"""Every event there is."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of events.ndjson."""

    schema_version: str
    run_id: str
    tool: str


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyEvent)
_header_decoder = msgspec.json.Decoder(Header)


def encode_line(item: Any) -> bytes:
    """One event or the header as a line."""
    return _encoder.encode(item) + b"\n"


def decode_header(line: bytes, *, path: str) -> Header:
    """The header; JournalError where it is not one or was written by a newer version."""
    try:
        header = _header_decoder.decode(line)
    except msgspec.MsgspecError as error:
        raise JournalError(f"{path}: the first line is not the header of a journal ({error})") from None
    if int(header.schema_version.split(".")[0]) > int(SCHEMA_VERSION.split(".")[0]):
        raise JournalError(
            f"{path}: written in format {header.schema_version}, this rehearse reads {SCHEMA_VERSION}",
            hint=f"use {header.tool} or newer",
        )
    return header


def decode_events(lines: Iterable[bytes], *, path: str) -> Iterator[AnyEvent]:
    """The events of whole lines; a last line that was cut off is left out, any other bad line is a JournalError."""
    for number, line in enumerate(lines, start=2):
        if not line.endswith(b"\n"):
            return
        try:
            yield _decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise JournalError(f"{path}: line {number} is not an event ({error})") from None
