"""A run directory written and read back, whole and broken."""

from pathlib import Path

import numpy as np
import pytest

from harness.events.codec import SCHEMA_VERSION
from harness.events.history import RunInfo
from harness.events.operations import OPERATION_DTYPE
from harness.events.run import QualityNoted, RunEnded
from harness.model.errors import JournalError
from harness.rehearsal.journal.layout import RunDirectory
from harness.rehearsal.journal.reader import read_history
from harness.rehearsal.journal.writer import JournalWriter
from harness.spec.scenario import MigrationSpec, Scenario, ToolCommand


def info(**changes: object) -> RunInfo:
    command = ToolCommand(up="tool --url postgresql://app:hunter2@db/shop up")
    fields: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "run_id": "r1",
        "tool_version": "0.1.0",
        "started_at": "2026-11-22T06:33:14+00:00",
        "command": ("rehearse", "run"),
        "scenario_file": "scenario.toml",
        "scenario": Scenario(name="s", migration=MigrationSpec(command=command)),
        "sources": {},
        "digests": {},
    }
    return RunInfo(**{**fields, **changes})  # type: ignore[arg-type]


def note(at_ns: int) -> QualityNoted:
    return QualityNoted(at_ns=at_ns, subject="x", message="y", inconclusive=False)


def test_a_run_comes_back_in_order_of_time(tmp_path: Path) -> None:
    with JournalWriter(RunDirectory(tmp_path / "run"), info()) as journal:
        for at_ns in (5, 3, 9):
            journal.emit(note(at_ns))
        for process in (1, 0):
            part = np.zeros(2, dtype=OPERATION_DTYPE)
            part["due_ns"] = process
            journal.directory.operations_part(process).write_bytes(part.tobytes())
        journal.join_operations()
    history = read_history(tmp_path / "run")
    assert [event.at_ns for event in history.of(QualityNoted)] == [3, 5, 9]
    assert list(history.operations["due_ns"]) == [0, 0, 1, 1]
    assert history.of(RunEnded) == ()
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["events.ndjson", "operations.bin", "run.json"]


def test_no_credentials_are_written(tmp_path: Path) -> None:
    with JournalWriter(RunDirectory(tmp_path / "run"), info()):
        pass
    text = (tmp_path / "run" / "run.json").read_text()
    assert "hunter2" not in text
    assert "postgresql://app:***@db/shop" in text


def test_a_killed_run_reads_up_to_its_last_whole_line(tmp_path: Path) -> None:
    with JournalWriter(RunDirectory(tmp_path / "run"), info()) as journal:
        journal.emit(note(1))
    events = tmp_path / "run" / "events.ndjson"
    events.write_bytes(events.read_bytes() + b'{"event":"quality_no')
    (tmp_path / "run" / "operations-0.bin").write_bytes(bytes(48 + 7))
    history = read_history(tmp_path / "run")
    assert len(history.events) == 1
    assert len(history.operations) == 1


def test_a_run_directory_is_never_overwritten(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="never overwritten"):
        JournalWriter(RunDirectory(tmp_path), info())


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written"):
        JournalWriter(RunDirectory(tmp_path / "file" / "run"), info())


def test_what_is_no_run_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"run\.json: cannot be read"):
        read_history(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(JournalError, match="not the description of a run"):
        read_history(tmp_path)
    with JournalWriter(RunDirectory(tmp_path / "run"), info()):
        pass
    (tmp_path / "run" / "events.ndjson").unlink()
    with pytest.raises(JournalError, match=r"events\.ndjson: cannot be read"):
        read_history(tmp_path / "run")


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    journal = JournalWriter(RunDirectory(tmp_path / "run"), info())
    journal.close()
    journal.emit(note(1))
    assert read_history(tmp_path / "run").events == ()
