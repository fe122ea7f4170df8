"""The way back: what it restored, what it did not, and the ledger of acknowledged writes."""

from harness.analysis.facts import Facts, RollbackFacts
from harness.model.catalog import Change, Difference
from harness.model.units import plural
from harness.report.view.model import DiffLine, RollbackView
from harness.report.view.status import Status
from harness.report.words import DASH, count, duration, relation

RESULTS: dict[str, tuple[str, str, Status]] = {
    "ok": ("Restored", "schema and rows as before", Status.OK),
    "column_order": ("Column order", "all is back, columns in another order", Status.WARN),
    "schema_drift": ("Schema drift", "the schema is not as before", Status.FAIL),
    "data_loss": ("Data loss", "rows or values are gone", Status.FAIL),
    "fails": ("Fails", "the way back stopped with an error", Status.FAIL),
    "none": ("None", "no way back was run", Status.NOTE),
}
"""Word, sentence and status for each result of a rollback."""


def rollback_view(facts: Facts) -> RollbackView:
    """Result, facts, residue as a diff, tables that changed, the ledger."""
    back = facts.rollback
    word, sentence, status = RESULTS.get(back.result, (back.result, "", Status.UNKNOWN))
    return RollbackView(
        result=word,
        status=status,
        sentence=sentence,
        facts=_facts(back),
        diff=tuple(line for difference in (*back.differences, *back.load_differences) for line in _diff(difference)),
        tables=tuple((relation(name), count(before), _after(after)) for name, before, after in back.changed_tables),
        ledger=_ledger(back),
    )


def _facts(back: RollbackFacts) -> tuple[tuple[str, str], ...]:
    if back.result == "none":
        return ()
    rows = [("Time under load", duration(back.duration_ns))]
    if back.failed_statement:
        rows.append(("Failed", f"{back.failed_statement} in the {back.fails_in} pass"))
    compared = f"{plural(back.tables_compared, 'table')}, {plural(back.rows_compared, 'row')}"
    rows.append(("Compared", compared if back.verified else "not compared: the way back did not run to its end"))
    if back.sequences_backwards:
        rows.append(("Sequences that went backwards", ", ".join(relation(name) for name in back.sequences_backwards)))
    return tuple(rows)


def _after(rows: int | None) -> str:
    return "table is gone" if rows is None else count(rows)


def _diff(difference: Difference) -> list[DiffLine]:
    what = f"{difference.kind} {relation(difference.identity)}"
    if difference.change is Change.MOVED:
        return [DiffLine(sign=" ", text=f"{what}: same definition, another position")]
    lines = [DiffLine(sign=" ", text=f"{what}: {difference.change.value}")]
    lines += [DiffLine(sign="-", text=line) for line in _text(difference.before)]
    return lines + [DiffLine(sign="+", text=line) for line in _text(difference.after)]


def _text(definition: str) -> list[str]:
    return [line.rstrip() for line in definition.splitlines() if line.strip()]


def _ledger(back: RollbackFacts) -> tuple[tuple[str, str], ...]:
    if back.ledger_acknowledged is None:
        return ()
    rows = [
        ("Acknowledged writes", count(back.ledger_acknowledged)),
        ("Kept", count(back.ledger_kept) if back.ledger_kept is not None else DASH),
    ]
    rows += [(f"Missing in {relation(name)}", count(number)) for name, number in sorted(back.ledger_missing.items())]
    if back.ledger_not_followed:
        rows.append(("Not followed", ", ".join(relation(name) for name in back.ledger_not_followed)))
    return tuple(rows)
