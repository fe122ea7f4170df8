"""Which deed belongs to which kind."""

from typing import Final

from harness.rehearsal.traffic.antagonists.kinds.deed import Deed
from harness.rehearsal.traffic.antagonists.kinds.dumps import dump, find_dump
from harness.rehearsal.traffic.antagonists.kinds.maintenance import analyze, vacuum
from harness.rehearsal.traffic.antagonists.kinds.snapshots import hold_snapshot
from harness.rehearsal.traffic.antagonists.kinds.transactions import idle, read_long, run_sql
from harness.rehearsal.traffic.antagonists.kinds.wraparound import age_table, vacuum_wraparound
from harness.rehearsal.traffic.antagonists.kinds.writers import run_batches, write_bulk
from harness.rehearsal.traffic.antagonists.plan import AntagonistKind

DEEDS: Final[dict[AntagonistKind, Deed]] = {
    AntagonistKind.LONG_READER: Deed(read_long),
    AntagonistKind.IDLE_IN_TRANSACTION: Deed(idle),
    AntagonistKind.BULK_WRITER: Deed(write_bulk),
    AntagonistKind.BATCH: Deed(run_batches),
    AntagonistKind.VACUUM: Deed(vacuum),
    AntagonistKind.ANALYZE: Deed(analyze),
    AntagonistKind.WRAPAROUND_VACUUM: Deed(vacuum_wraparound, prepare=age_table),
    AntagonistKind.HELD_SNAPSHOT: Deed(hold_snapshot),
    AntagonistKind.PG_DUMP: Deed(dump, prepare=find_dump),
    AntagonistKind.SQL: Deed(run_sql),
}
"""Every kind there is."""
