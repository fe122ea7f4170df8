"""Columns that must map alike share a domain, others do not, and what cannot is named."""

import pytest

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.domains import complete_policy, domain_conflicts, domain_of
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.schema_read import schema_of_statements

NUMBER = ColumnPolicy(class_=Class.NUMBER)
SCHEMA = schema_of_statements(
    [
        "CREATE TABLE a (x int, y int, z int, PRIMARY KEY (x, y))",
        "CREATE TABLE b (p int, q int, other int, FOREIGN KEY (q, p) REFERENCES a (x, y))",
        "CREATE TABLE c (p int REFERENCES b (p), x int) PARTITION BY LIST (p)",
        "CREATE TABLE c_1 (x int, p int)",
        "ALTER TABLE c ATTACH PARTITION c_1 FOR VALUES IN (1)",
        "CREATE TABLE d (more text) INHERITS (c)",
        'CREATE TABLE "odd.name" ("a.b" int, doc jsonb)',
    ]
)


def policy(**columns: dict[str, ColumnPolicy]) -> Policy:
    tables = {
        name: {column.name: NUMBER for column in table.columns}
        for name, table in SCHEMA.tables.items()
        if name not in ("public.c_1", "public.d")
    }
    for name, some in columns.items():
        tables[f"public.{name}"] = tables[f"public.{name}"] | some
    return Policy(tables=tables)


def with_(base: Policy, **references: str) -> Policy:
    return Policy(tables=base.tables, references={key.replace("__", "."): value for key, value in references.items()})


def test_keys_join_columns_by_position_and_on_through_partitions_and_inheritance() -> None:
    domains = domain_of(policy(), SCHEMA)
    assert domains["public.b", "q"] == domains["public.a", "x"] == "public.a.x"
    y = {("public.a", "y"), ("public.b", "p"), ("public.c", "p"), ("public.c_1", "p"), ("public.d", "p")}
    assert {place for place, name in domains.items() if name == "public.a.y"} == y
    assert domains["public.c_1", "x"] == domains["public.d", "x"] == domains["public.c", "x"] == "public.c.x"
    assert domains["public.b", "other"] == "public.b.other"


def test_written_domains_join_columns_and_name_the_whole_group() -> None:
    named = ColumnPolicy(class_=Class.NUMBER, domain="person")
    domains = domain_of(policy(b={"other": named}, a={"y": named}), SCHEMA)
    assert domains["public.c_1", "p"] == domains["public.b", "other"] == "person"


def test_a_domain_called_like_a_column_is_that_column_s() -> None:
    domains = domain_of(policy(b={"other": ColumnPolicy(class_=Class.NUMBER, domain="public.a.z")}), SCHEMA)
    assert domains["public.a", "z"] == domains["public.b", "other"] == "public.a.z"


def test_declared_references_join_columns_and_json_paths() -> None:
    doc = ColumnPolicy(class_=Class.JSON, paths={"user.id": NUMBER, "user.age": NUMBER})
    base = policy(**{"odd.name": {"doc": doc}})
    domains = domain_of(
        Policy(
            tables=base.tables,
            references={"public.odd.name.a.b": "public.a.z", "public.odd.name.doc:user.id": "public.b.other"},
        ),
        SCHEMA,
    )
    assert domains["public.odd.name", "a.b"] == "public.a.z"
    assert domains["public.odd.name", "doc:user.id"] == "public.b.other"
    assert domains["public.odd.name", "doc:user.age"] == "public.odd.name.doc:user.age"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (policy(b={"q": ColumnPolicy(class_=Class.KEEP)}), ("public.a.x", "public.b.q", "number", "keep")),
        (
            policy(a={"x": ColumnPolicy(class_=Class.NUMBER, domain="one")},
                   b={"q": ColumnPolicy(class_=Class.NUMBER, domain="two")}),
            ("public.a.x", "public.b.q", "'one' and 'two'"),
        ),
        (
            policy(a={"z": ColumnPolicy(class_=Class.NAME, domain="n", dictionary="city")},
                   b={"other": ColumnPolicy(class_=Class.NAME, domain="n", dictionary="job")}),
            ("public.a.z", "public.b.other", "name city and name job"),
        ),
        (with_(policy(), public__a__z="public.b.othr"), ("'public.b.othr' is no column", "public.b.other")),
        (with_(policy(), public__a__z="nowhere"), ("'nowhere' is no column",)),
    ],
)  # fmt: skip
def test_what_cannot_map_alike_is_named(given: Policy, words: tuple[str, ...]) -> None:
    with pytest.raises(SnapshotError) as caught:
        domain_of(given, SCHEMA)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_null_on_the_referring_side_and_undecided_columns_are_no_conflict() -> None:
    null, undecided = ColumnPolicy(class_=Class.NULL), ColumnPolicy(class_=Class.UNCLASSIFIED)
    assert domain_conflicts(policy(b={"q": null}, a={"y": undecided}), SCHEMA) == ()
    assert len(domain_conflicts(policy(a={"x": null}), SCHEMA)) == 1


def test_the_complete_policy_has_a_line_for_every_column_with_its_domain() -> None:
    whole = complete_policy(policy(), SCHEMA)
    assert set(whole.tables["public.c_1"]) == {"x", "p"}
    assert whole.tables["public.c_1"]["p"].domain == "public.a.y"
    assert set(whole.tables["public.d"]) == {"p", "x"}
    assert all(one.domain for columns in whole.tables.values() for one in columns.values())
