"""The rows of the view model about the application: its operations, its errors, where it came from."""

from dataclasses import dataclass

from harness.report.view.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRow:
    """One operation against its own baseline; latencies are response times from due."""

    name: str
    version: str
    sql: str
    offered: str
    completed: str
    failed: str
    errors: str
    baseline_p50: str
    baseline_p99: str
    migrate_p50: str
    migrate_p99: str
    rollback_p99: str
    factor: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesRow:
    """Response time of one operation in one window, and apart from it the wait for a connection and the service."""

    operation: str
    window: str
    count: str
    p50: str
    p95: str
    p99: str
    top: str
    waited_p50: str
    waited_p99: str
    served_p50: str
    served_p99: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """Errors of one operation with one SQLSTATE: seen by users, absorbed by retries, expected by the operation."""

    operation: str
    version: str
    sqlstate: str
    error_class: str
    seen: str
    absorbed: str
    expected: str
    when: str
    message: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseRow:
    """The traffic of one phase of the load pass."""

    phase: str
    duration: str
    scheduled: str
    offered: str
    peak: str
    completed: str
    retried: str
    mix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RealismView:
    """One statement of a derived operation, as its source knows it and as it ran on the clone."""

    operation: str
    statement: str
    calls: str
    expected_rows: str
    found_rows: str
    expected_time: str
    found_time: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadView:
    """The workload: label and text, its course by phase, and what its source has that it does not stand for."""

    facts: tuple[tuple[str, str], ...]
    course: tuple[CourseRow, ...]
    uncovered: tuple[tuple[str, str, str], ...]
    """Statement, calls, reason."""
    realism: tuple[RealismView, ...]
    notes: tuple[str, ...]
