"""What must change alike, and how copies are numbered: without a server."""

from harness.snapshot.amplify.catalog import Column, Reference, Table, Unique
from harness.snapshot.amplify.changes import Mark, Rekey, Renumber, Shift, base36, expression
from harness.snapshot.amplify.links import domains_of

ID = Column("id", "bigint", "int8", "N")


def table(name: str, *columns: str, references: tuple[Reference, ...] = ()) -> Table:
    made = (ID, *(Column(column, "bigint", "int8", "N") for column in columns))
    return Table("s", name, made, uniques=(Unique(f"{name}_pkey", ("id",)),), references=references)


def test_foreign_keys_join_columns_position_by_position() -> None:
    tables = {
        "s.a": table("a", "x", "y"),
        "s.b": table("b", "p", "q", references=(Reference("f", ("p", "q"), "s.a", ("y", "x")),)),
        "s.c": table("c", "up", references=(Reference("self", ("up",), "s.c", ("id",)),)),
        "s.d": table("d", "soft", references=(Reference("gone", ("soft",), "s.elsewhere", ("id",)),)),
    }
    named = {"s.d": (Reference("", ("soft",), "s.b", ("p",)),)}
    domains = domains_of(tables, named)
    assert domains["s.a", "y"] == {("s.a", "y"), ("s.b", "p"), ("s.d", "soft")}
    assert domains["s.d", "soft"] == domains["s.a", "y"]
    assert domains["s.b", "q"] == {("s.b", "q"), ("s.a", "x")}
    assert domains["s.c", "id"] == {("s.c", "id"), ("s.c", "up")}
    assert domains["s.b", "id"] == {("s.b", "id")}


def test_copies_are_numbered_without_repeats() -> None:
    assert len({base36(number) for number in range(1_000)}) == 1_000
    assert max(len(base36(number)) for number in range(1_000)) == 2


def test_each_change_is_written_with_the_columns_own_type() -> None:
    text = Column("t", "character varying(9)", "varchar", "S", max_length=9)
    key = Column("k", "uuid", "uuid", "U")
    assert expression(ID, None, copy=2).as_string(None) == '"id"'
    assert expression(ID, Shift(10), copy=2).as_string(None) == '("id" + 20)::bigint'
    assert expression(text, Mark("-"), copy=37).as_string(None).endswith("|| '-11' END)::character varying(9)")
    assert "+ 21)::text, 4, '0'" in expression(text, Renumber(4, 7), copy=3).as_string(None)
    assert "':5'" in expression(key, Rekey(), copy=5).as_string(None)


def test_kinds() -> None:
    assert [
        Column("c", base, base, category).kind for base, category in (("int2", "N"), ("uuid", "U"), ("citext", "S"))
    ] == [
        "number",
        "uuid",
        "text",
    ]
    assert Column("c", "date", "date", "D").kind == ""
    assert Column("c", "float8", "float8", "N").kind == ""
