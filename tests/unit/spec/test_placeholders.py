"""Placeholders are found in code and nowhere else."""

import pytest

from harness.spec.placeholders import everywhere, named_sql, split_statements


@pytest.mark.parametrize(
    ("sql", "text", "names"),
    [
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT :a::int, x::text, ::y", "SELECT $1::int, x::text, ::y", ("a",)),
        ("SELECT ':a', '12:34', 'it''s :a'", "SELECT ':a', '12:34', 'it''s :a'", ()),
        ("SELECT E'\\':a', :b", "SELECT E'\\':a', $1", ("b",)),
        ('SELECT ":a", "x"":b"', 'SELECT ":a", "x"":b"', ()),
        ("SELECT $$ :a $$, $q$ $$ :b $q$, :c", "SELECT $$ :a $$, $q$ $$ :b $q$, $1", ("c",)),
        ("SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ("b",)),
        ("SELECT /* :a /* :b */ :c */ :d", "SELECT /* :a /* :b */ :c */ $1", ("d",)),
        ("SELECT a[1:2], f(x := :v)", "SELECT a[1:2], f(x := $1)", ("v",)),
        ("SELECT :größe", "SELECT $1", ("größe",)),
    ],
)
def test_named_sql(sql: str, text: str, names: tuple[str, ...]) -> None:
    found = named_sql(sql)
    assert (found.text, found.names) == (text, names)
    assert "".join(part if i % 2 == 0 else f":{part}" for i, part in enumerate(found.template)) == sql


def test_numbered_parameters_and_quoted_names_are_reported() -> None:
    assert named_sql("SELECT $1").numbered
    assert not named_sql("SELECT '$1', $$1$$, a$1").numbered
    assert named_sql("SELECT ':a', \":b\", $$:c$$").quoted == ("a", "b", "c")


def test_everywhere_cuts_in_literals_too() -> None:
    assert everywhere("SELECT ':a', :b::int") == ("SELECT '", "a", "', ", "b", "::int")


def test_statements_are_split_outside_of_quotes_comments_and_parentheses() -> None:
    assert split_statements("a; 'b;' ; -- ;\n (c;d);;") == ("a", "'b;'", "(c;d)")
    assert split_statements(" -- nothing\n ;") == ()
