"""The scale factor of pgbench's own tables, which its scripts read as `:scale`."""

from harness.postgres.connect import Connection


def pgbench_scale(conn: Connection) -> int:
    """The number of rows of pgbench_branches, one for each unit of scale, as pgbench finds it out; 1 without them."""
    (there,) = conn.execute("SELECT to_regclass('pgbench_branches') IS NOT NULL").fetchall()
    if not there[0]:
        return 1
    ((rows,),) = conn.execute("SELECT count(*) FROM pgbench_branches").fetchall()
    return max(1, int(rows))
