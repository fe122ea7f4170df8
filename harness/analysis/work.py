"""The class of work of a statement, and whether it grows with the table: independent of the snapshot's size."""

from collections.abc import Iterable

from postgast import pg_query_pb2 as pb

from harness.analysis.facts import LockFacts, WorkFacts
from harness.analysis.names import TABLE_KINDS
from harness.analysis.remedy.tree import constraints

BIG_ROWS = 1000
"""From this many rows on, work over half of a table counts fully: the definition the hazard words are measured by."""

_DML = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "DO", "CALL", "SELECT", "WITH"})


_KEYS = frozenset({pb.CONSTR_PRIMARY, pb.CONSTR_UNIQUE, pb.CONSTR_EXCLUSION})
"""Constraints that are made of an index."""
_INDEX_KINDS = frozenset({"i", "I"})


def class_of_work(tag: str, sql: str, works: Iterable[WorkFacts], *, locks: Iterable[LockFacts] = ()) -> str:
    """catalog, scan, rewrite, index or data.

    A rewrite outweighs the rest; building an index comes before the scan that it needs. `locks` show an index that
    was made inside a DO block or a function.
    """
    done = tuple(works)
    if any(work.rewritten and work.kind in TABLE_KINDS for work in done):
        return "rewrite"
    if builds_index(tag, sql) and (not done or any(reads_half(work) for work in done) or tag.startswith("REINDEX")):
        return "index"
    if _wrote_index(done, locks):
        return "index"
    if is_data(tag) and any(work.rows_changed for work in done):
        return "data"
    if any(reads_half(work) for work in done):
        return "scan"
    return "catalog"


def is_data(tag: str) -> bool:
    """Whether a command tag is that of a statement that reads or changes rows, or may run ones that do."""
    return tag.split(";")[0].split(" ")[0] in _DML


def builds_index(tag: str, sql: str) -> bool:
    """Whether the statement builds an index itself, by its tag or by a constraint that needs one."""
    if tag != "ALTER TABLE":
        return tag.startswith(("CREATE INDEX", "REINDEX"))
    return any(one.contype in _KEYS and not one.indexname for _, one in constraints(sql))


def _wrote_index(works: tuple[WorkFacts, ...], locks: Iterable[LockFacts]) -> bool:
    """Whether an index got a new file though its table did not, or a new one stands on a table that was read."""
    if any(work.rewritten and work.kind in _INDEX_KINDS for work in works):
        return not any(work.truncated for work in works)
    read = {work.relation for work in works if reads_half(work)}
    return any(lock.kind in _INDEX_KINDS and not lock.existed and lock.table in read for lock in locks)


def reads_half(work: WorkFacts) -> bool:
    """Whether at least half of the rows that were there were read, from heap or index."""
    return _of_half(work.rows_read, work.rows_before)


def changes_half(work: WorkFacts) -> bool:
    """Whether at least half of the rows that were there were changed."""
    return _of_half(work.rows_changed or 0, work.rows_before)


def grows(work: WorkFacts) -> bool:
    """Whether the work grows with the table: read or changed half of it or more, or gave it a new file."""
    if work.kind not in TABLE_KINDS or work.rows_before == 0:
        return False
    return work.rewritten or reads_half(work) or changes_half(work)


def is_big(work: WorkFacts) -> bool:
    """Whether the table held enough rows for the labelled cases' own definition; unknown counts as big."""
    return work.rows_before is None or work.rows_before >= BIG_ROWS


def _of_half(rows: int, before: int | None) -> bool:
    return before is not None and before > 0 and rows * 2 >= before


def work_text(work: WorkFacts) -> str:
    """What was done, for people: "rewrote public.orders (600,000 rows)"."""
    held = f" ({work.rows_before:,} rows)" if work.rows_before is not None else ""
    if work.rewritten:
        return f"rewrote {work.relation}{held}"
    if changes_half(work):
        return f"changed {work.rows_changed or 0:,} of {work.rows_before or 0:,} rows of {work.relation}"
    return f"read {work.rows_read:,} rows of {work.relation}{held}"
