"""Statements with constants to what they have in common; values apart."""

import pytest

from harness.workload.catalog import Catalog, Column, ForeignKey, Index, Table
from harness.workload.literals import template_of
from harness.workload.outline import UnsuitedError
from harness.workload.parameter_use import Role
from harness.workload.recorded import StatementReader

ORDERS = Table(
    "public",
    "orders",
    (Column("id", "bigint", "int8", "N"), Column("user_id", "bigint", "int8", "N"), Column("due", "date", "date", "D")),
    rows=10.0,
    indexes=(Index("pk", ("id",), unique=True, primary=True),),
    foreign_keys=(ForeignKey("fk", ("user_id",), "public.users", ("id",)),),
)
CATALOG = Catalog((ORDERS,))


def text(
    sql: str, parameters: dict[int, str | None] | None = None, catalog: Catalog | None = None
) -> tuple[str, tuple[str | None, ...]]:
    recorded = StatementReader(catalog).read(sql, parameters or {})
    return recorded.variant.text, recorded.values


@pytest.mark.parametrize(
    ("sql", "template", "values"),
    [
        ("SELECT 'a''b', E'c\\'d\\n', $t$e$t$, 1.5e3, x1 FROM t2",
         "SELECT '?', '?', '?', ?, x1 FROM t2", ["a'b", "c'd\n", "e", "1.5e3"]),
        ('SELECT "a\'1" -- 5\n, /* 6 /* 7 */ */ $8', 'SELECT "a\'1"  ,   $8', []),
        ("SELECT U&'d', b'1', 0x1F, 1_000",
         "SELECT '?', '?', ?, ?", ["d", "1", "0x1F", "1000"]),
    ],
)  # fmt: skip
def test_templates(sql: str, template: str, values: list[str]) -> None:
    found = template_of(sql)
    assert " ".join(found.text.replace("\0", "?").split()) == " ".join(template.split())
    assert [literal.value for literal in found.literals] == values


@pytest.mark.parametrize(
    ("sql", "normal", "values"),
    [
        ("SELECT * FROM t WHERE a = 'é' AND b = -5",
         "SELECT * FROM t WHERE a = $1 AND b = $2", ("é", "-5")),
        ("SELECT 1, round(x, 2), date_trunc('day', d) FROM t GROUP BY 1, 2 ORDER BY 3 LIMIT 10",
         "SELECT 1, round(x, 2), date_trunc('day', d) FROM t GROUP BY 1, 2 ORDER BY 3 LIMIT $1", ("10",)),
        ("SELECT f('anna', 4711) FROM t",
         "SELECT f($1, $2::int) FROM t", ("anna", "4711")),
        ("SELECT j ->> 'name' FROM t WHERE d > now() - interval '7 days'",
         "SELECT j ->> 'name' FROM t WHERE d > (now() - '7 days'::interval)", ()),
        ("UPDATE t SET n = n + 1, s = 'x', ok = true, z = NULL WHERE id = 7",
         "UPDATE t SET n = n + $1::int, s = $2, ok = true, z = NULL WHERE id = $3", ("1", "x", "7")),
        ("INSERT INTO t (a, b) VALUES (1, 'x'), (2, DEFAULT) ON CONFLICT (a) DO UPDATE SET b = 'y'",
         "INSERT INTO t (a, b) VALUES ($1, $2), ($3, DEFAULT) ON CONFLICT (a) DO UPDATE SET b = $4",
         ("1", "x", "2", "y")),
        ("SELECT x::varchar(20) FROM t WHERE s LIKE 'a%' AND n BETWEEN 1 AND 2",
         "SELECT x::varchar(20) FROM t WHERE s LIKE $1 AND n BETWEEN $2 AND $3", ("a%", "1", "2")),
    ],
)  # fmt: skip
def test_constants_become_parameters(sql: str, normal: str, values: tuple[str, ...]) -> None:
    assert text(sql) == (normal, values)


def test_a_term_needs_no_cast_where_the_column_is_a_number() -> None:
    assert (
        text("UPDATE orders SET user_id = user_id + 1", catalog=CATALOG)[0]
        == "UPDATE orders SET user_id = user_id + $1"
    )
    assert text("UPDATE orders SET due = due + 1", catalog=CATALOG)[0] == "UPDATE orders SET due = due + $1::int"


def test_bound_values_keep_their_numbers_and_nulls_are_code() -> None:
    normal, values = text("SELECT * FROM t WHERE a = $2 AND b = $1 OR a = $2 AND c = 'x'", {1: None, 2: "7"})
    assert (normal, values) == ("SELECT * FROM t WHERE (a = $1 AND b = NULL) OR (a = $1 AND c = $2)", ("7", "x"))


def test_arrays_become_their_elements() -> None:
    assert text("SELECT 1 FROM t WHERE id = ANY($1)", {1: "{4,5}"}) == (
        "SELECT 1 FROM t WHERE id = ANY(ARRAY[$1, $2]::bigint[])",
        ("4", "5"),
    )
    assert text('SELECT 1 FROM t WHERE s = ANY(\'{a,"b \\"c"}\'::text[])')[1] == ("a", 'b "c')


def identity(sql: str, parameters: dict[int, str | None] | None = None) -> str:
    return StatementReader().read(sql, parameters or {}).variant.identity


def test_what_differs_in_values_only_is_one_statement() -> None:
    assert identity("SELECT * FROM t WHERE a = 1 -- x") == identity("SELECT *  FROM t WHERE a = $1", {1: "9"})
    assert identity("SELECT * FROM t WHERE a = 1") != identity("SELECT * FROM t WHERE b = 1")
    assert identity("SELECT * FROM t WHERE a IN (1, 2)") != identity("SELECT * FROM t WHERE a IN (1, 2, 3)")
    long = ["SELECT * FROM t WHERE a IN (" + ", ".join(map(str, range(n))) + ")" for n in (50, 51)]
    assert identity(long[0]) == identity(long[1])
    assert identity("SELECT * FROM t WHERE a = ANY($1)", {1: "{1}"}) != identity(
        "SELECT * FROM t WHERE a = ANY($1)", {1: "{1,2}"}
    )


def test_words_that_differ_often_are_data() -> None:
    reader = StatementReader()
    texts = {reader.read(f"SELECT j ->> 'user_{name}' FROM t", {}).variant.text for name in "abcdefghijklmnop"}
    assert len(texts) == 9  # the first eight might be code; then it is clear that they are not
    assert "SELECT j ->> $1 FROM t" in texts


def test_elements_of_a_list_share_a_distribution() -> None:
    variant = StatementReader().read("INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')", {}).variant
    assert variant.ordinals == (0, 1, 0, 1)
    assert [slot.use.role for slot in variant.slots] == [Role.INSERTED] * 4


@pytest.mark.parametrize(
    ("sql", "reason", "shown"),
    [
        ("COPY t (secret) FROM STDIN", "COPY", "COPY T"),
        ("SET app.name = 'anna'", "setting", "SET APP"),
        ("CREATE ROLE anna PASSWORD 'hunter2'", "utility", "CREATE ROLE"),
        ("SELECT * FROM t WHERE name = 'ann", "refuses", "SELECT …"),
        ("DO $$ BEGIN PERFORM 'anna'; END $$", "DO", "DO"),
        ("SELECT * INTO x FROM t", "utility", "SELECT INTO"),
        ("EXPLAIN SELECT 'anna'", "EXPLAIN", "EXPLAIN SELECT"),
        ("", "no statement", ""),
        ("SELECT " + "1," * 200_000 + "1", "longer", "SELECT …"),
    ],
)
def test_what_nothing_can_stand_for_is_told_without_data(sql: str, reason: str, shown: str) -> None:
    reader = StatementReader()
    for _ in range(2):  # also from the cache
        with pytest.raises(UnsuitedError, match=reason) as raised:
            reader.read(sql, {})
        assert raised.value.statement == shown
