"""The policy file: what is wrong is named with file and key; what is written reads back; changes of the schema show."""

import re
from pathlib import Path

import pytest

from harness.model.errors import SpecError
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.policy_changes import Changed, PolicyDiff, diff_policy, diff_text, update_policy
from harness.snapshot.anonymize.policy_file import policy_toml, read_policy
from harness.snapshot.anonymize.schema_read import schema_of_statements

GOOD = """
version = 1
[tables."public.users"]
id = { class = "keep", type = "bigint" }
email = { class = "email", type = "text", domain = "email", reason = "98 % look like e-mail", confidence = 0.98 }
data = { class = "json", paths = { "name.first" = { class = "name", dictionary = "first_name" } } }
[references]
"public.logs.user" = "public.users.id"
[allowed_leaks]
schema = ["public.users.email"]
"""


def read(text: str, tmp_path: Path) -> Policy:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return read_policy(path)


def test_a_policy_is_read_whole(tmp_path: Path) -> None:
    policy = read(GOOD, tmp_path)
    users = policy.tables["public.users"]
    assert users["email"] == ColumnPolicy(
        class_=Class.EMAIL, type="text", domain="email", reason="98 % look like e-mail", confidence=0.98
    )
    assert users["data"].paths["name.first"].dictionary == "first_name"
    assert policy.references == {"public.logs.user": "public.users.id"}
    assert policy.allowed_leaks == {"schema": ["public.users.email"]}


def test_the_policy_of_the_documentation_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs" / "snapshots.md").read_text(encoding="utf-8")
    (example,) = (text for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[tables." in text)
    policy = read(example, tmp_path)
    assert policy.tables["public.users"]["data"].paths["*"].class_ is Class.TEXT
    assert [one.value for one in Class if f"`{one.value}`" not in page] == []


def test_it_is_written_one_line_a_column_and_reads_back_the_same(tmp_path: Path) -> None:
    policy = read(GOOD, tmp_path)
    text = policy_toml(policy)
    assert read(text, tmp_path) == policy
    assert [line.partition(" ")[0] for line in text.splitlines() if " = { " in line] == ["id", "email", "data"]
    assert policy_toml(read(text, tmp_path)) == text


def test_undecided_columns_are_counted_above_their_table() -> None:
    undecided = ColumnPolicy(class_=Class.UNCLASSIFIED)
    text = policy_toml(Policy(tables={"public.t": {"a": undecided, "b": ColumnPolicy(class_=Class.KEEP)}}))
    assert '# 1 of 2 columns to decide\n[tables."public.t"]' in text


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("version = 1", "version = 2", "version", "version 2 is not known"),
        ("version = 1", "versoin = 1", "versoin", "did you mean 'version'?"),
        ('class = "email"', 'class = "emial"', 'tables."public.users".email.class', "did you mean 'email'?"),
        ("domain =", "domian =", 'tables."public.users".email.domian', "did you mean 'domain'?"),
        ("confidence = 0.98", 'confidence = "high"', 'tables."public.users".email.confidence', "got `str`"),
        ("confidence = 0.98", "confidence = 98", 'tables."public.users".email.confidence', "between 0 and 1"),
        ('{ class = "keep", type = "bigint" }', '"keep"', 'tables."public.users".id', "expected a table"),
        ('class = "keep", ', "", 'tables."public.users".id', "the key 'class' is missing"),
        ('{ class = "name"', '{ klass = "name"', 'tables."public.users".data.paths."name.first".klass', "'class'?"),
        ('[tables."public.users"]', "[tables]", "tables.id.class", "expected a table"),
        ('= "public.users.id"', "= 7", "references[...]", "got `int`"),
        ("[references]", "[references", "", "TOML syntax error"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, key: str, words: str, tmp_path: Path) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(SpecError) as caught:
        read(GOOD.replace(old, new), tmp_path)
    assert caught.value.key == key
    assert words in str(caught.value)
    assert "policy.toml" in str(caught.value)


def test_a_policy_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="--init"):
        read_policy(tmp_path / "none.toml")
    with pytest.raises(SpecError, match="cannot be read"):
        read_policy(tmp_path)


SCHEMA = schema_of_statements(
    [
        "CREATE TABLE t (id int, a text, b int, twice int GENERATED ALWAYS AS (b * 2) STORED) PARTITION BY LIST (b)",
        "CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1)",
        "CREATE TABLE child (own text) INHERITS (u)",
        "CREATE TABLE u (x text)",
    ]
)
KEEP = ColumnPolicy(class_=Class.KEEP)
FITTING = Policy(
    tables={
        "public.t": {"id": KEEP, "a": ColumnPolicy(class_=Class.TEXT, type="text"), "b": KEEP},
        "public.child": {"own": KEEP},
        "public.u": {"x": KEEP},
    },
    references={"public.t.id": "public.t.b"},
)


def test_partitions_inherited_and_generated_columns_need_no_line() -> None:
    assert not diff_policy(FITTING, SCHEMA)
    assert diff_text(diff_policy(FITTING, SCHEMA)) == ""
    assert update_policy(FITTING, SCHEMA) == FITTING


def test_a_changed_schema_is_told_column_by_column() -> None:
    policy = Policy(
        tables={
            "public.t": {"id": ColumnPolicy(class_=Class.NUMBER, type="bigint"), "b": KEEP, "old": KEEP},
            "public.gone": {"x": KEEP},
            "public.u": {"x": KEEP},
            "public.t_1": {"a": KEEP},
        },
        references={"public.t.old": "public.u.x", "public.u.x:a.b": "public.gone.x", "public.t.b": "public.u.x"},
    )
    diff = diff_policy(policy, SCHEMA)
    assert diff == PolicyDiff(
        new=(("public.child", "own"), ("public.t", "a")),
        gone=(("public.gone", "x"), ("public.t", "old")),
        changed=(Changed("public.t", "id", "bigint", "integer"),),
    )
    assert diff_text(diff).splitlines() == [
        "new      public.child.own",
        "new      public.t.a",
        "gone     public.gone.x",
        "gone     public.t.old",
        "changed  public.t.id: was bigint, is integer",
    ]
    updated = update_policy(policy, SCHEMA)
    assert not diff_policy(updated, SCHEMA)
    assert {place: one.class_ for place, one in updated.tables["public.t"].items()} == {
        "id": Class.UNCLASSIFIED, "a": Class.UNCLASSIFIED, "b": Class.KEEP,
    }  # fmt: skip
    assert updated.tables["public.t"]["id"].reason == "was bigint and classed number"
    assert updated.tables["public.t_1"] == {"a": KEEP}
    assert "public.gone" not in updated.tables
    assert updated.references == {"public.t.b": "public.u.x"}
