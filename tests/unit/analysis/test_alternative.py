"""The safer migration written from a run's findings."""

import postgast
import pytest

from harness.analysis.analyse import analyse
from harness.analysis.judge import judge
from harness.analysis.remedy.alternative import Alternative, Planned, alternative
from harness.events.tables import ColumnShape, TableSeen
from harness.model.words import Direction, Pass
from tests.unit.analysis.histories import STRONG, Builder, busy

SHARE = ("public.orders", "ShareLock")
AE = ("public.orders", "AccessExclusiveLock")
ORDERS = TableSeen(
    at_ns=0,
    pass_=Pass.TRACE,
    relation="public.orders",
    kind="r",
    columns=(ColumnShape(name="id", type="bigint", not_null=True),),
    primary_key=("id",),
)
INDEX = "CREATE INDEX orders_a ON orders (a)"
DROP = "DROP INDEX orders_a"
ADD = "ALTER TABLE orders ADD COLUMN a int"
FILL = "UPDATE orders SET a = 1"


def up(*texts: str, transaction: int | None = None, ties: frozenset[str] = frozenset()) -> list[Planned]:
    return [
        Planned(
            id="" if text in ("BEGIN", "COMMIT") else f"S{number}",
            direction=Direction.UP,
            step="up",
            text=text,
            transaction=transaction or number,
            ties=text in ties,
        )
        for number, text in enumerate((t for t in texts), start=1)
    ]


def down(text: str) -> Planned:
    return Planned(id="R1", direction=Direction.DOWN, step="up", text=text, transaction=1)


def written(builder: Builder, planned: list[Planned]) -> Alternative:
    history = builder.add(ORDERS).history()
    facts = analyse(history)
    made = alternative(planned, facts, judge(facts, history.info.scenario).findings)
    for script in (*made.up.values(), *made.down.values()):
        postgast.parse(script)
    return made


def index_build() -> Builder:
    builder = busy().statement("S1", INDEX, tag="CREATE INDEX", lock_timeout_ms=200, autocommit=True).locks("S1", SHARE)
    return builder.work("S1", "public.orders", rows_scanned=20_000)


def test_an_index_is_built_concurrently_and_the_way_back_stays() -> None:
    made = written(index_build(), [*up(INDEX), down(DROP)])
    assert made.up["up"] == (
        "SET lock_timeout = '0';\n"
        "DROP INDEX CONCURRENTLY IF EXISTS orders_a;  -- left by a failed attempt\n"
        "CREATE INDEX CONCURRENTLY orders_a ON orders (a);\n"
        "SET lock_timeout = '100ms';\n"
    )
    assert made.down["up"] == f"SET lock_timeout = '100ms';\n{DROP};\n"
    assert {one.why for one in made.handled} == {""}
    assert made.is_different
    assert made.ids == {"S1": "S2"}


def backfill(*, transaction: int = 1) -> Builder:
    builder = busy().statement("S1", ADD, lock_timeout_ms=200, transaction=transaction).locks("S1", AE)
    builder.statement("S2", FILL, tag="UPDATE", start=10_010, end=10_500, lock_timeout_ms=200, transaction=transaction)
    return builder.work("S2", "public.orders", rows_before=20_000, rows_updated=20_000, rows_scanned=20_000)


def test_a_transaction_with_a_backfill_is_taken_apart() -> None:
    made = written(backfill(), up(ADD, FILL, transaction=7))
    text = made.up["up"]
    assert text.startswith(f"SET lock_timeout = '100ms';\n{ADD};\n")
    assert "UPDATE orders SET a = 1 WHERE orders.id >= _from_1 AND orders.id <= _to_1;\n    COMMIT;" in text
    assert "BEGIN;\n" not in text
    assert made.ids == {"S1": "S2", "S2": "S3"}


def test_a_transaction_that_something_ties_together_is_kept() -> None:
    lock = "LOCK TABLE orders IN SHARE MODE"
    planned = up(ADD, FILL, lock, transaction=7, ties=frozenset({lock}))
    made = written(backfill(), planned)
    assert made.up["up"] == f"SET lock_timeout = '100ms';\nBEGIN;\n{ADD};\n{FILL};\n{lock};\nCOMMIT;\n"
    assert "LOCK TABLE ties its transaction together" in {one.why for one in made.handled if one.statement == "S2"}


def test_set_local_is_set_where_its_transaction_is_taken_apart() -> None:
    planned = up(ADD, FILL, "SET LOCAL work_mem = '64MB'", transaction=7)
    assert "\nSET work_mem = '64MB';" in written(backfill(), planned).up["up"]


def test_what_only_waits_is_bounded() -> None:
    made = written(busy().statement("S1", ADD).locks("S1", AE), up(ADD))
    assert made.up["up"] == f"SET lock_timeout = '100ms';\n{ADD};\n"
    assert {one.hazard for one in made.handled} >= {"lock_queue"}
    assert made.is_different


def test_what_has_no_other_form_says_so() -> None:
    sql = "ALTER TABLE orders SET UNLOGGED"
    builder = busy().statement("S1", sql, lock_timeout_ms=200).locks("S1", AE)
    made = written(builder.work("S1", "public.orders", rewritten=True), up(sql))
    assert made.up["up"] == f"SET lock_timeout = '100ms';\n{sql};\n"
    assert {one.why for one in made.handled} == {"SET UNLOGGED has no form that lets others through"}
    assert not made.is_different


def test_a_passing_migration_needs_nothing() -> None:
    made = written(busy().statement("S1", ADD, lock_timeout_ms=200).locks("S1", AE), up(ADD))
    assert made.handled == ()
    assert not made.is_different


@pytest.mark.parametrize("name", ["breaks_old_app", "destroys_data", "rollback_fails"])
def test_a_person_decides(name: str) -> None:
    from harness.analysis.remedy.reasons import NEEDS_A_PERSON, SPLITS, WAITS

    assert NEEDS_A_PERSON[name]
    assert name not in SPLITS | WAITS


@pytest.mark.parametrize(
    "setting",
    ["RESET lock_timeout", "SET lock_timeout = 0", "set session lock_timeout to '0ms'", "SET lock_timeout TO DEFAULT"],
)
def test_a_bound_is_not_taken_away_again(setting: str) -> None:
    builder = busy().statement("S1", setting, tag="RESET", autocommit=True)
    builder.statement("S2", ADD, start=10_100, end=10_200, lock_timeout_ms=0).locks("S2", STRONG)
    made = written(builder, up(setting, ADD))
    assert made.up["up"] == f"SET lock_timeout = '100ms';\nSET lock_timeout = '100ms';\n{ADD};\n"


def test_a_columns_type_and_its_default_stay_together() -> None:
    change = "ALTER TABLE orders ALTER COLUMN a TYPE bigint"
    texts = ("BEGIN", "ALTER TABLE orders ALTER COLUMN a DROP DEFAULT", change, "COMMIT")
    builder = busy().statement("S2", "ALTER TABLE orders ALTER COLUMN a DROP DEFAULT", transaction=7)
    builder.statement("S3", change, transaction=7).locks("S3", AE).work("S3", "public.orders", rewritten=True)
    made = written(builder, up(*texts, transaction=7))
    assert "BEGIN;\nALTER TABLE orders ALTER COLUMN a DROP DEFAULT;\nALTER TABLE" in made.up["up"]
    assert any("the type and the default of orders.a" in one.why for one in made.handled)


def test_resetting_everything_resets_the_bound_too() -> None:
    builder = busy().statement("S1", "RESET ALL", tag="RESET", autocommit=True)
    builder.statement("S2", INDEX, tag="CREATE INDEX", autocommit=True).locks("S2", SHARE)
    made = written(builder.work("S2", "public.orders", rows_scanned=20_000), up("RESET ALL", INDEX))
    assert "RESET ALL;\nSET lock_timeout = '100ms'" in made.up["up"]
