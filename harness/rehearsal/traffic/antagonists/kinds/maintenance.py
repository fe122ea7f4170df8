"""VACUUM and ANALYZE by hand: ShareUpdateExclusiveLock, which does not make way for anybody."""

from typing import Final

import psycopg
from psycopg import sql

from harness.model.units import NS_PER_MS
from harness.rehearsal.traffic.antagonists.act import Act
from harness.rehearsal.traffic.antagonists.kinds.running import run_watched
from harness.rehearsal.traffic.antagonists.queries import text

# vacuum_cost_delay goes to 100 ms (manual, section 19.4.4); below 1 ms a rest is no rest.
_MOST_DELAY_MS: Final = 100
_LEAST_DELAY_MS: Final = 1


def vacuum(act: Act) -> None:
    """VACUUM, one as long as the time of the act if the table is large enough, else one after the other."""
    maintain(act, sql.SQL("VACUUM (DISABLE_PAGE_SKIPPING)"))


def analyze(act: Act) -> None:
    """ANALYZE, likewise."""
    maintain(act, sql.SQL("ANALYZE"))


def maintain(act: Act, command: sql.SQL) -> None:
    """Run a command of the VACUUM family on the table, or on all where none is named, until the time is over."""
    table = act.table() if act.plan.table else sql.SQL("")
    statement = sql.SQL("{} {}").format(command, table)
    _pace(act)
    pid = act.conn.info.backend_pid
    with act.connect_watch() as watch:

        def holds() -> bool:
            row = watch.execute(text("maintaining"), {"pid": pid, "table": act.plan.table}).fetchone()
            return bool(row and row[0])

        while not act.over:
            try:
                run_watched(act, act.conn, statement, is_in_place=holds)
            except psycopg.errors.QueryCanceled:
                if not act.over:
                    raise


def _pace(act: Act) -> None:
    """Rest after every page so long that going through all of them takes the time of the act.

    On the production's table the command takes minutes; the clone's may be small.
    """
    row = act.conn.execute(text("pages"), {"table": act.plan.table}).fetchone()
    per_page_ms = act.plan.hold_ns / NS_PER_MS / max(int(row[0]) if row else 0, 1)
    delay_ms = min(max(per_page_ms, _LEAST_DELAY_MS), _MOST_DELAY_MS)
    act.conn.execute("SET vacuum_cost_limit = 1")
    act.conn.execute("SELECT set_config('vacuum_cost_delay', %s, false)", (f"{delay_ms:.1f}ms",))
