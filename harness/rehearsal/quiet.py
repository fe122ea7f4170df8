"""The quiet moment right after going up: has anything changed, is it as asked for, do the session and the data hold?"""

from dataclasses import dataclass
from typing import Final

from harness.events.versions import ChangeSeen
from harness.model.words import Pass
from harness.postgres.connect import Connection
from harness.rehearsal.migration.own_session import OwnSession, compare_session, read_session
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.runner import SqlRunner
from harness.rehearsal.migration.work import flush
from harness.rehearsal.migrator import Migrator
from harness.rehearsal.stage import Stage
from harness.rehearsal.verification.beginning import Contents
from harness.rehearsal.verification.change import Stamp, has_changed, is_meant_to_change, stamp
from harness.rehearsal.verification.shapes import Existing, other_shapes, read_existing

_PASS: Final = Pass.TRACE
AFTER_UP: Final = "after_up"
"""The moment: everything is applied, and no application has written since the migration began."""


@dataclass(frozen=True, slots=True)
class QuietBefore:
    """What the moment is compared with; `session` is None for a tool, which has sessions of its own."""

    stamp: Stamp | None
    contents: Contents
    existing: Existing
    session: OwnSession | None


def begin_quiet(
    stage: Stage, change: Migrator, *, connection: Connection, plan: MigrationPlan, contents: Contents
) -> QuietBefore:
    """Before the first step, on the clone of the trace pass; `contents` have just been read."""
    _check_invariants(stage, connection, moment="before")
    return QuietBefore(
        stamp(connection) if is_meant_to_change(plan) else None,
        contents,
        read_existing(connection),
        read_session(change.session) if isinstance(change, SqlRunner) else None,
    )


def tell_quiet(
    stage: Stage,
    change: Migrator,
    *,
    connection: Connection,
    plan: MigrationPlan,
    before: QuietBefore,
    contents: Contents,
) -> None:
    """After the last step, which succeeded; `contents` have just been read."""
    changed = None
    if before.stamp is not None:
        changed = has_changed((before.stamp, before.contents), (stamp(connection), contents))
    shapes = other_shapes(connection, plan, before=before.existing)
    stage.emit(ChangeSeen(at_ns=stage.clock.now_ns(), pass_=_PASS, changed=changed, other_shapes=shapes))
    if before.session is not None and isinstance(change, SqlRunner):
        compared = compare_session(change.session, before.session, harness=connection, pass_=_PASS, clock=stage.clock)
        if compared is not None:
            stage.emit(compared)
    _check_invariants(stage, connection, moment=AFTER_UP, due="end")


def _check_invariants(stage: Stage, connection: Connection, *, moment: str, due: str = "") -> None:
    stage.check_invariants(connection, pass_=_PASS, moment=moment, due=due)
    # What was read here would be reported later, and pass for the migration's.
    flush(connection)
