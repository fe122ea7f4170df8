"""The proofs before a run: what stops it is named with its column, and nothing that holds is called wrong."""

import pytest

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.check_expressions import Columns, judge_check
from harness.snapshot.anonymize.check_policy import check_policy, counts, judge_policy
from harness.snapshot.anonymize.findings import Level
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.schema_read import schema_of_statements


def policy_for(schema: Schema, **classes: str) -> Policy:
    """Every column of table t kept, but for those named: the word of a class, or a domain after a colon."""
    columns = {}
    for column in schema.tables["public.t"].columns:
        word, _, domain = classes.get(column.name, "keep").partition(":")
        if not column.generated:
            provider = "company" if word == "faker" else ""
            columns[column.name] = ColumnPolicy(class_=Class(word), domain=domain, type=column.type, provider=provider)
    return Policy(tables={"public.t": columns})


def level_of(statement: str, column: str, **classes: str) -> tuple[str, str]:
    schema = schema_of_statements(statement.split(";"))
    found = [one for one in judge_policy(policy_for(schema, **classes), schema) if one.column == column]
    top = max(found, key=lambda one: one.level.rank)
    return top.level.value, top.reason


@pytest.mark.parametrize(
    ("statement", "classes", "level", "word"),
    [
        ("CREATE TABLE t (a text UNIQUE)", {"a": "identifier"}, "ok", "identifier"),
        ("CREATE TABLE t (a text UNIQUE)", {"a": "email"}, "ok", ""),
        ("CREATE TABLE t (a text UNIQUE)", {"a": "text"}, "warn", "one to one"),
        ("CREATE TABLE t (a text UNIQUE)", {"a": "faker"}, "error", "unique key (a)"),
        ("CREATE TABLE t (a text UNIQUE)", {"a": "null"}, "ok", ""),
        ("CREATE TABLE t (a text, b int UNIQUE, UNIQUE (a, b))", {"a": "faker"}, "ok", ""),
        ("CREATE TABLE t (a text); CREATE UNIQUE INDEX i ON t (lower(a))", {"a": "email"}, "ok", ""),
        ("CREATE TABLE t (a text); CREATE UNIQUE INDEX i ON t (left(a, 3))", {"a": "email"}, "warn", "unique index"),
        ("CREATE TABLE t (a text); CREATE UNIQUE INDEX i ON t (lower(a))", {"a": "faker"}, "error", "unique index"),
        ("CREATE TABLE t (a date UNIQUE)", {"a": "date"}, "ok", ""),
        ("CREATE TABLE t (a numeric UNIQUE)", {"a": "number"}, "ok", ""),
        ("CREATE TABLE t (a real UNIQUE)", {"a": "number"}, "error", "two values one"),
        ("CREATE TABLE t (a text NOT NULL)", {"a": "null"}, "error", "NOT NULL"),
        ("CREATE TABLE t (a int)", {"a": "email"}, "error", "does not suit integer"),
        ("CREATE TABLE t (a int[])", {"a": "number"}, "ok", ""),
        ("CREATE TYPE m AS ENUM ('x'); CREATE TABLE t (a m)", {"a": "email"}, "error", "these do: keep, null"),
        ("CREATE TYPE m AS ENUM ('x'); CREATE TABLE t (a m)", {"a": "identifier"}, "ok", ""),
        ("CREATE TYPE m AS ENUM ('x'); CREATE TABLE t (a m)", {}, "ok", ""),
        ("CREATE TABLE t (a tsrange, EXCLUDE USING gist (a WITH &&))", {}, "ok", ""),
        ("CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =))", {"a": "number"}, "ok", ""),
        ("CREATE TABLE t (a text, EXCLUDE USING gist (a WITH =))", {"a": "text"}, "error", "exclusion"),
        ("CREATE TABLE t (a text DEFAULT 'Anna')", {"a": "text"}, "warn", "default"),
        ("CREATE TABLE t (a text DEFAULT '')", {"a": "text"}, "ok", ""),
        (
            "CREATE TABLE t (a date) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t FOR VALUES IN ('x')",
            {"a": "date"}, "error", "partitioned",
        ),
        (
            "CREATE TABLE t (a date) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t DEFAULT",
            {"a": "date"}, "ok", "",
        ),
        ("CREATE DOMAIN d AS text CHECK (VALUE ~ '^[A-Z]+$'); CREATE TABLE t (a d)", {"a": "identifier"}, "ok", ""),
        ("CREATE DOMAIN d AS text CHECK (VALUE ~ 'x'); CREATE TABLE t (a d)", {"a": "identifier"}, "error", "pattern"),
        ("CREATE TABLE t (a text, b text GENERATED ALWAYS AS (lower(a)) STORED)", {"a": "text"}, "ok", ""),
    ],
)  # fmt: skip
def test_constraints_are_proven_before(statement: str, classes: dict[str, str], level: str, word: str) -> None:
    found, reason = level_of(statement, "a", **classes)
    assert (found, word in reason) == (level, True), reason


@pytest.mark.parametrize(
    ("expression", "classes", "level"),
    [
        ("a ~~ '%_@_%'::text", {"a": "email"}, "ok"),
        ("a LIKE '%@example.org'", {"a": "email"}, "error"),
        ("a LIKE '%-%'", {"a": "name"}, "warn"),
        ("a ~ '^[A-Z]{2}[0-9]+$'", {"a": "identifier"}, "ok"),
        ("a ~ '^[A-F0-9]+$'", {"a": "identifier"}, "error"),
        ("a ~* ('^' || b)", {"a": "identifier", "b": "identifier"}, "warn"),
        ("a ~ '^x'", {"a": "null"}, "ok"),
        ("lower(a) ~ '^[a-z]+$'", {"a": "identifier"}, "ok"),
        ("a ~ '^[0-9]+$'", {"a": "number"}, "warn"),
        ("a IN ('x', 'y')", {"a": "identifier"}, "error"),
        ("(a)::text = ANY ((ARRAY['new'::character varying])::text[])", {"a": "identifier"}, "error"),
        ("a = 'x'", {"a": "identifier"}, "error"),
        ("a <> 'x'", {"a": "identifier"}, "warn"),
        ("a <> ''", {"a": "text"}, "ok"),
        ("btrim(a) <> ''", {"a": "text"}, "ok"),
        ("char_length(a) <= 5", {"a": "text"}, "ok"),
        ("length(a) <= 5", {"a": "faker"}, "warn"),
        ("a > 'm'", {"a": "text"}, "error"),
        ("a IS NOT NULL OR b IS NULL", {"a": "text", "b": "text"}, "ok"),
        ("a IS NOT NULL", {"a": "null"}, "error"),
        ("n > 0", {"n": "number"}, "ok"),
        ("0 <= n", {"n": "number"}, "ok"),
        ("n < 1000 AND n >= 10 AND n > 9 AND n <= 99", {"n": "number"}, "ok"),
        ("n <= 100", {"n": "number"}, "error"),
        ("n BETWEEN 0 AND 99", {"n": "number"}, "ok"),
        ("n BETWEEN 1 AND 5", {"n": "number"}, "error"),
        ("n BETWEEN 1 AND m", {"n": "number"}, "warn"),
        ("n >= 18", {"n": "ordered"}, "ok"),
        ("n <= 18", {"n": "ordered"}, "error"),
        ("n <= -5", {"n": "ordered"}, "ok"),
        ("n > -5", {"n": "ordered"}, "error"),
        ("n < m", {"n": "ordered:d", "m": "ordered:d"}, "ok"),
        ("n < m", {"n": "ordered", "m": "ordered"}, "warn"),
        ("n <> m", {"n": "number:d", "m": "number:d"}, "ok"),
        ("n < m", {"n": "number:d", "m": "number:d"}, "warn"),
        ("n < m", {"n": "null", "m": "number"}, "ok"),
        ("d1 <= d2", {"d1": "date:x", "d2": "date:x"}, "ok"),
        ("d1 <= d2", {"d1": "date", "d2": "date"}, "warn"),
        ("d1 > '1900-01-01'", {"d1": "date"}, "warn"),
        ("is_fine(a)", {"a": "text"}, "warn"),
        ("is_fine(k)", {"a": "text"}, "ok"),
        ("NOT (a <> '' AND k = 'x')", {"a": "text"}, "ok"),
        ("not understood at all", {"a": "text"}, "warn"),
        ("a || b <> 'x'", {"a": "text"}, "warn"),
        ("f", {"f": "identifier"}, "error"),
    ],
)
def test_checks(expression: str, classes: dict[str, str], level: str) -> None:
    words = {name: word.partition(":") for name, word in classes.items()}
    policies = {name: ColumnPolicy(class_=Class(word)) for name, (word, _, _) in words.items()}
    columns = Columns(
        {"k": ColumnPolicy(class_=Class.KEEP), **policies},
        dict.fromkeys("abk", "text") | dict.fromkeys("nm", "integer") | {"d1": "date", "d2": "date", "f": "boolean"},
        {name: domain for name, (_, _, domain) in words.items()},
    )  # fmt: skip
    judged = judge_check(expression, columns)
    assert judged.level.value == level, judged.reason


def test_every_column_that_stops_the_run_is_named_with_the_way_out() -> None:
    schema = schema_of_statements(
        [
            "CREATE TABLE t (new text, kind text, changed bigint, undecided text, doc jsonb)",
            "CREATE TABLE other (x int)",
        ]
    )
    keep = ColumnPolicy(class_=Class.KEEP)
    undecided = ColumnPolicy(class_=Class.UNCLASSIFIED)
    policy = Policy(
        tables={
            "public.t": {
                "kind": keep,
                "changed": ColumnPolicy(class_=Class.KEEP, type="integer"),
                "undecided": undecided,
                "gone": keep,
                "doc": ColumnPolicy(class_=Class.JSON, paths={"a.b": undecided}),
            },
            "public.nowhere": {"x": keep},
        }
    )
    with pytest.raises(SnapshotError) as caught:
        check_policy(policy, schema)
    text = str(caught.value)
    for part in ("no data has been read", "public.t.new: is new", "public.t.undecided: is unclassified",
                 "public.t.changed: its type was integer", "public.t.gone", "public.other.x", "public.nowhere.x",
                 "public.t.doc:a.b: is unclassified", "policy diff"):  # fmt: skip
        assert part in text, text
    assert "public.t.kind" not in text


def test_columns_that_refer_to_one_another_must_agree() -> None:
    schema = schema_of_statements(["CREATE TABLE t (id int PRIMARY KEY)", "CREATE TABLE u (t int REFERENCES t)"])
    keep, number = ColumnPolicy(class_=Class.KEEP), ColumnPolicy(class_=Class.NUMBER)
    with pytest.raises(SnapshotError, match=r"public.t.id: must map like public.u.t, but keep and number"):
        check_policy(Policy(tables={"public.t": {"id": keep}, "public.u": {"t": number}}), schema)
    findings = check_policy(Policy(tables={"public.t": {"id": number}, "public.u": {"t": number}}), schema)
    assert [(one.level, one.table, one.column) for one in findings] == [
        (Level.OK, "public.t", "id"),
        (Level.OK, "public.u", "t"),
    ]
    assert counts(findings) == {Level.OK: 2}


def test_a_class_s_own_keys_are_checked() -> None:
    schema = schema_of_statements(["CREATE TABLE t (a text, at date, j json, k json)"])
    policy = Policy(
        tables={
            "public.t": {
                "a": ColumnPolicy(class_=Class.FAKER, paths={"x": ColumnPolicy(class_=Class.KEEP)}),
                "at": ColumnPolicy(class_=Class.DATE, subject="nobody"),
                "j": ColumnPolicy(class_=Class.JSON),
                "k": ColumnPolicy(class_=Class.JSON, paths={"x": ColumnPolicy(class_=Class.KEEP)}),
            }
        }
    )
    reasons = {one.reason for one in judge_policy(policy, schema)}
    assert 'the class faker needs provider = "…"' in reasons
    assert 'has paths, which belong to class = "json"' in reasons
    assert 'the class json needs paths, "*" for the rest: every path stops the run' in reasons
    assert 'the class json needs paths, "*" for the rest: a path that is not named stops the run' in reasons
    assert "its subject 'nobody' is no column of the table" in reasons


def test_a_date_per_subject_is_no_key() -> None:
    schema = schema_of_statements(["CREATE TABLE t (who int, at date UNIQUE)"])
    at = ColumnPolicy(class_=Class.DATE, subject="who")
    findings = judge_policy(Policy(tables={"public.t": {"who": ColumnPolicy(class_=Class.KEEP), "at": at}}), schema)
    assert [one.level for one in findings if one.column == "at"] == [Level.ERROR]


def test_long_lists_are_cut() -> None:
    names = ", ".join(f"c{number} text" for number in range(40))
    schema = schema_of_statements([f"CREATE TABLE t ({names})"])
    with pytest.raises(SnapshotError, match="and 10 more"):
        check_policy(Policy(), schema)
