"""[[traffic.antagonist]]: what each kind needs, and where it may be placed."""

from harness.model.units import NS_PER_MS
from harness.spec.checks.refuse import Refuse
from harness.spec.scenario import AntagonistSpec, Placement, Scenario

ANTAGONISTS = (
    "long_reader", "idle_in_transaction", "bulk_writer", "batch", "vacuum", "analyze", "wraparound_vacuum",
    "held_snapshot", "pg_dump", "sql",
)  # fmt: skip
"""The kinds of antagonist."""

ANTAGONISTS_WITHOUT_TABLE = ("vacuum", "analyze", "held_snapshot", "pg_dump", "sql")
"""Those that need no table: they work on the whole database, or hold no table at all."""

_HOLD_NO_TABLE = ("held_snapshot",)
_HAVE_ROWS = ("batch", "bulk_writer")
_MAX_ROWS = 1_000_000
_DEFAULT = AntagonistSpec(kind="sql")


def check_antagonists(scenario: Scenario, refuse: Refuse) -> None:
    """Refuse antagonists that lack something, or are told something they do not use."""
    for index, antagonist in enumerate(scenario.traffic.antagonist):
        key = f"traffic.antagonist[{index}]"
        _check_kind(antagonist, key, refuse)
        refuse.duration(antagonist.every, f"{key}.every", least_ns=NS_PER_MS)
        for name in ("hold", "start", "lead"):
            refuse.duration(getattr(antagonist, name), f"{key}.{name}")
        if antagonist.before_migration:
            refuse.duration(antagonist.before_migration, f"{key}.before_migration")
        _check_placement(antagonist, key, refuse)


def _check_kind(antagonist: AntagonistSpec, key: str, refuse: Refuse) -> None:
    kind = antagonist.kind
    refuse.word(kind, ANTAGONISTS, f"{key}.kind")
    needs_table = kind not in ANTAGONISTS_WITHOUT_TABLE
    refuse.unless(bool(antagonist.table) or not needs_table, f"{key}.table", f"{kind} needs a table",
                  hint='add table = "…"')  # fmt: skip
    refuse.unless(kind not in _HOLD_NO_TABLE or not antagonist.table, f"{key}.table", f"{kind} takes no table",
                  hint="leave it out, or take a long_reader")  # fmt: skip
    is_sql = kind == "sql"
    refuse.unless(not is_sql or bool(antagonist.sql.strip()), f"{key}.sql", "an antagonist of kind sql needs sql")
    refuse.unless(is_sql or not antagonist.sql, f"{key}.sql", f"sql is not used by {kind}",
                  hint='write kind = "sql"')  # fmt: skip
    refuse.unless(1 <= antagonist.rows <= _MAX_ROWS, f"{key}.rows", f"must be 1 to {_MAX_ROWS}")
    refuse.unless(kind in _HAVE_ROWS or antagonist.rows == _DEFAULT.rows, f"{key}.rows", f"rows is not used by {kind}",
                  hint='write kind = "batch" or kind = "bulk_writer"')  # fmt: skip


def _check_placement(antagonist: AntagonistSpec, key: str, refuse: Refuse) -> None:
    aimed = bool(antagonist.before)
    across = bool(antagonist.before_migration)
    at_random = antagonist.placement is Placement.RANDOM
    one = "one antagonist has one placement: write two"
    refuse.unless(not (aimed and across), f"{key}.before", "before and before_migration exclude each other", hint=one)
    refuse.unless(not (aimed and at_random), f"{key}.placement", "before says when it acts, not the random", hint=one)
    refuse.unless(not (across and at_random), f"{key}.placement", "before_migration says when it acts", hint=one)
    refuse.unless(aimed or antagonist.lead == _DEFAULT.lead, f"{key}.lead", "lead is used with before only",
                  hint='add before = "S1", a step, or the beginning of a statement')  # fmt: skip
    for name in ("every", "start"):
        given = getattr(antagonist, name) != getattr(_DEFAULT, name)
        refuse.unless(not (aimed and given), f"{key}.{name}", f"{name} is not used with before",
                      hint="it acts once before each statement that is named so")  # fmt: skip
