"""Parameter expressions: what they mean, what they draw, what is refused."""

import re
from random import Random
from uuid import UUID

import pytest
from faker import Faker

from harness.spec.params import (
    Choice,
    FakerValue,
    Fixed,
    IntRange,
    NewUuid,
    Now,
    RandomText,
    Sample,
    SampleColumn,
    Samples,
    Sources,
    ZipfRange,
    ZipfSample,
    compile_parameter,
    needed_columns,
    parse_parameter,
)

SOURCES = Sources(Samples({SampleColumn("orders", "id"): ("7", "8", "9")}), lambda: "2026-01-02T03:04:05+00:00")


def draws(written: str | float, count: int = 200) -> list[str]:
    draw = compile_parameter(parse_parameter(written), sources=SOURCES)
    random = Random(1)
    return [str(draw(random)) for _ in range(count)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("sample(orders.id)", Sample(SampleColumn("orders", "id"))),
        ("sample(public.orders.ID)", Sample(SampleColumn("public.orders", "id"))),
        ('sample("My.Table"."Id")', Sample(SampleColumn('"My.Table"', "Id"))),
        ("zipf(orders.id)", ZipfSample(SampleColumn("orders", "id"), 1.07)),
        ("zipf(orders.id, 1.5)", ZipfSample(SampleColumn("orders", "id"), 1.5)),
        ("zipf(1, 10, 2)", ZipfRange(1, 10, 2.0)),
        ("int(-5, 5)", IntRange(-5, 5)),
        ("uuid()", NewUuid()),
        ("text(5)", RandomText(5, 5)),
        ("text(5, 9)", RandomText(5, 9)),
        ("now()", Now()),
        ("faker(text, max_nb_chars=80)", FakerValue("text", (), (("max_nb_chars", 80),))),
        ("choice(new, 'a, b', \"c\")", Choice(("new", "a, b", "c"))),
        ("a plain text", Fixed("a plain text")),
        ("", Fixed("")),
        (7, Fixed("7")),
        (1.5, Fixed("1.5")),
    ],
)
def test_parse(written: str | float, expected: object) -> None:
    assert parse_parameter(written) == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("smple(orders.id)", r"did you mean sample\(\)"),
        ("frobnicate(1)", "the functions are sample"),
        ("sample(id)", "write table.column"),
        ("sample()", "takes one column"),
        ("int(9, 1)", "is empty"),
        ("int(a, b)", "must be integers"),
        ("int(1)", "least and the greatest"),
        ("zipf(1, 9, 0.5)", "above 1"),
        ("zipf()", "a column or a range"),
        ("text(-1)", "between 0 and"),
        ("uuid(1)", "takes no arguments"),
        ("faker()", "takes a provider"),
        ("choice()", "at least one"),
    ],
)
def test_a_bad_expression_says_the_way_out(written: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_parameter(written)


def test_draws_stay_inside() -> None:
    assert set(draws("sample(orders.id)")) == {"7", "8", "9"}
    assert set(draws("zipf(orders.id, 3)")) <= {"7", "8", "9"}
    assert set(draws("int(1, 3)")) == {"1", "2", "3"}
    assert {int(v) for v in draws("zipf(5, 9)")} == {5, 6, 7, 8, 9}
    assert {len(v) for v in draws("text(2, 4)")} == {2, 3, 4}
    assert set(draws("choice(a, b)")) == {"a", "b"}
    assert set(draws("now()")) == {"2026-01-02T03:04:05+00:00"}
    assert {UUID(v).version for v in draws("uuid()")} == {4}


def test_zipf_prefers_the_first_values() -> None:
    drawn = draws("zipf(orders.id, 2)", 3_000)
    assert drawn.count("7") > 2 * drawn.count("8") > 2 * drawn.count("9")


def test_the_same_random_source_draws_the_same() -> None:
    assert draws("uuid()") == draws("uuid()")


def test_faker_is_asked_and_its_unknown_providers_are_named() -> None:
    faker = Faker()
    faker.seed_instance(1)
    sources = Sources(Samples(), lambda: "", faker)
    assert re.fullmatch(r"\S+@\S+", str(compile_parameter(parse_parameter("faker(email)"), sources=sources)(Random(1))))
    with pytest.raises(ValueError, match="did you mean email"):
        compile_parameter(parse_parameter("faker(emial)"), sources=sources)


def test_needed_columns_are_listed_once() -> None:
    parameters = [parse_parameter(p) for p in ("sample(b.x)", "zipf(a.y)", "sample(b.x)", "int(1, 2)")]
    assert needed_columns(parameters) == (SampleColumn("a", "y"), SampleColumn("b", "x"))
