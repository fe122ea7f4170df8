"""Which column each parameter belongs to, and in what role."""

import pytest

from harness.workload.catalog import Catalog, Column, Table
from harness.workload.inference import InferenceError, infer_parameters
from harness.workload.parameter_use import ParameterUse, Role, main_use


def column(name: str) -> Column:
    return Column(name, "integer", "int4", "N")


CATALOG = Catalog(
    (
        Table("public", "orders", (column("id"), column("user_id"), column("status"))),
        Table("public", "users", (column("id"), column("email"))),
        Table("sales", "Odd", (column("Key"),), visible=False),
    )
)


def found(sql: str, catalog: Catalog | None = None) -> list[tuple[int, str, str, Role]]:
    return [(use.number, use.table, use.column, use.role) for use in infer_parameters(sql, catalog)]


@pytest.mark.parametrize(
    ("sql", "uses"),
    [
        ("SELECT 1 FROM t WHERE a = $1 AND $2 = b", [(1, "t", "a", Role.EQUAL), (2, "t", "b", Role.EQUAL)]),
        ("SELECT 1 FROM t WHERE a > $1 AND $2 > b", [(1, "t", "a", Role.LOWER), (2, "t", "b", Role.UPPER)]),
        ("SELECT 1 FROM t WHERE a BETWEEN $1 AND $2", [(1, "t", "a", Role.LOWER), (2, "t", "a", Role.UPPER)]),
        ("SELECT 1 FROM t WHERE a IN ($1, $2)", [(1, "t", "a", Role.IN), (2, "t", "a", Role.IN)]),
        ("SELECT 1 FROM t WHERE a IN ($1 /*, ... */)", [(1, "t", "a", Role.IN)]),
        ("SELECT 1 FROM t WHERE a = ANY ($1)", [(1, "t", "a", Role.ANY)]),
        ("SELECT 1 FROM t WHERE a = ANY (ARRAY[$1, $2])", [(1, "t", "a", Role.IN), (2, "t", "a", Role.IN)]),
        ("SELECT 1 FROM t WHERE a ILIKE $1", [(1, "t", "a", Role.LIKE)]),
        ("SELECT 1 FROM t WHERE (a, b) = ($1, $2)", [(1, "t", "a", Role.EQUAL), (2, "t", "b", Role.EQUAL)]),
        ("SELECT 1 FROM t WHERE (a, b) > ($1, $2)", [(1, "t", "a", Role.LOWER), (2, "t", "b", Role.LOWER)]),
        ("SELECT 1 FROM t WHERE (a, b) IN (($1, $2))", [(1, "t", "a", Role.IN), (2, "t", "b", Role.IN)]),
        ("SELECT 1 FROM t WHERE lower(a) = lower($1)", [(1, "t", "a", Role.EQUAL)]),
        ("SELECT 1 FROM t WHERE a::text = $1::text", [(1, "t", "a", Role.EQUAL)]),
        ("SELECT 1 FROM t LIMIT $1 OFFSET $2", [(1, "", "", Role.LIMIT), (2, "", "", Role.OFFSET)]),
        ("SELECT 1 FROM t WHERE data ->> $1 = 'x'", [(1, "", "", Role.OTHER)]),
        ("SELECT 1 FROM t WHERE a - $1 > b", [(1, "t", "a", Role.TERM)]),
        ("SELECT 1 FROM t, u WHERE a = $1", [(1, "", "", Role.EQUAL)]),
        ('SELECT 1 FROM s."Odd" AS o WHERE o."Key" = $1', [(1, 's."Odd"', "Key", Role.EQUAL)]),
        ("INSERT INTO t (a, b) VALUES ($1, $2), ($3, 4)",
         [(1, "t", "a", Role.INSERTED), (2, "t", "b", Role.INSERTED), (3, "t", "a", Role.INSERTED)]),
        ("INSERT INTO t (a, b) SELECT $1, c FROM u WHERE d = $2",
         [(1, "t", "a", Role.INSERTED), (2, "u", "d", Role.EQUAL)]),
        ("INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = $2 WHERE t.c = $3",
         [(1, "t", "a", Role.INSERTED), (2, "t", "b", Role.SET), (3, "t", "c", Role.EQUAL)]),
        ("UPDATE t SET a = $1, n = n + $2 WHERE id = $3",
         [(1, "t", "a", Role.SET), (2, "t", "n", Role.TERM), (3, "t", "id", Role.EQUAL)]),
        ("UPDATE t SET (a, b) = ($1, $2)", [(1, "t", "a", Role.SET), (2, "t", "b", Role.SET)]),
        ("UPDATE t SET (a, b) = (SELECT c, d FROM u WHERE e = $1)", [(1, "u", "e", Role.EQUAL)]),
        ("DELETE FROM t USING u WHERE t.a = u.a AND u.b = $1", [(1, "u", "b", Role.EQUAL)]),
        ("WITH w AS (SELECT id AS i FROM t WHERE a = $1) SELECT 1 FROM w WHERE w.i = $2",
         [(1, "t", "a", Role.EQUAL), (2, "t", "id", Role.EQUAL)]),
        ("SELECT 1 FROM (SELECT b.id FROM t b) q WHERE q.id = $1", [(1, "t", "id", Role.EQUAL)]),
        ("SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.b = $1)", [(1, "u", "b", Role.EQUAL)]),
        ("SELECT 1 FROM t WHERE a = $1 UNION SELECT 1 FROM u WHERE b = $2 LIMIT $3",
         [(1, "t", "a", Role.EQUAL), (2, "u", "b", Role.EQUAL), (3, "", "", Role.LIMIT)]),
    ],
)  # fmt: skip
def test_roles_by_the_text_alone(sql: str, uses: list[tuple[int, str, str, Role]]) -> None:
    assert found(sql) == uses


@pytest.mark.parametrize(
    ("sql", "uses"),
    [
        ("SELECT 1 FROM orders, users WHERE email = $1", [(1, "users", "email", Role.EQUAL)]),
        ("SELECT 1 FROM orders WHERE nothing = $1", [(1, "", "", Role.EQUAL)]),
        ("INSERT INTO users VALUES ($1, $2, $3)",
         [(1, "users", "id", Role.INSERTED), (2, "users", "email", Role.INSERTED), (3, "", "", Role.INSERTED)]),
        ("SELECT 1 FROM (SELECT * FROM orders) o WHERE status = $1", [(1, "orders", "status", Role.EQUAL)]),
        ('SELECT 1 FROM sales."Odd" WHERE "Key" = $1', [(1, 'sales."Odd"', "Key", Role.EQUAL)]),
    ],
)  # fmt: skip
def test_roles_with_a_catalog(sql: str, uses: list[tuple[int, str, str, Role]]) -> None:
    assert found(sql, CATALOG) == uses


def test_the_types_and_functions_around_a_parameter() -> None:
    (use,) = infer_parameters("SELECT now() - $1::interval")
    assert (use.role, use.type) == (Role.OTHER, "interval")
    (use,) = infer_parameters("SELECT date_trunc($1, at) FROM t")
    assert use.function == "date_trunc"
    assert infer_parameters("SELECT 1 FROM t WHERE a = ANY ($1::int[])")[0].type == "int4[]"


def test_what_does_not_parse() -> None:
    with pytest.raises(InferenceError):
        infer_parameters("SELECT FROM WHERE")


def test_the_use_that_says_most() -> None:
    uses = (
        ParameterUse(1, "", "", Role.LIMIT),
        ParameterUse(1, "t", "n", Role.TERM),
        ParameterUse(1, "t", "a", Role.EQUAL),
    )
    assert main_use(uses, 1).column == "a"
    assert main_use(uses, 2) == ParameterUse(2, "", "", Role.OTHER)
