"""Parameter expressions: what they mean, what they draw, what is refused."""

import json
import re
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from faker import Faker

from harness.spec.params import (
    Choice,
    DateRange,
    FakerValue,
    Fitted,
    Fixed,
    FloatRange,
    FromStatistics,
    Inserted,
    IntRange,
    JsonObject,
    NewKey,
    NewUuid,
    Now,
    Nullable,
    Once,
    RandomText,
    RowValue,
    Sample,
    SampleColumn,
    Samples,
    Sources,
    Truth,
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
        ("choice(12:30, 14:00)", Choice(("12:30", "14:00"))),
        ("choice(it's, 'it''s', 5 o'clock)", Choice(("it's", "it's", "5 o'clock"))),
        ("choice(new: 3, 'paid':1.5, sent)", Choice(("new", "paid", "sent"), (3.0, 1.5, 1.0))),
        ("once(orders.id)", Once(SampleColumn("orders", "id"))),
        ("row(items.order_id)", RowValue(SampleColumn("items", "order_id"))),
        ("row(items.order_id, second)", RowValue(SampleColumn("items", "order_id"), "second")),
        ("fitted(orders.customer_id)", Fitted(SampleColumn("orders", "customer_id"))),
        ("stats(orders.total)", FromStatistics(SampleColumn("orders", "total"))),
        ("new_key(orders.id)", NewKey(SampleColumn("orders", "id"))),
        ("inserted(orders.id)", Inserted(SampleColumn("orders", "id"))),
        ('sample(t."a.b")', Sample(SampleColumn("t", "a.b"))),
        ("float(0, 9.5)", FloatRange(0.0, 9.5)),
        ("float(0, 100, 2)", FloatRange(0.0, 100.0, 2)),
        ("date(2024-01-01, 2024-12-31)", DateRange(date(2024, 1, 1), date(2024, 12, 31))),
        ("bool()", Truth(0.5)),
        ("bool(0.2)", Truth(0.2)),
        ("now(-1 day)", Now(-86_400_000_000, -86_400_000_000)),
        ("now(-2 hours, 0)", Now(-7_200_000_000, 0)),
        ("null(0.1, int(1, 9))", Nullable(0.1, IntRange(1, 9))),
        ("null(0.1, 'int(1, 9)')", Nullable(0.1, Fixed("int(1, 9)"))),
        ("null(0.1, none)", Nullable(0.1, Fixed("none"))),
        ("json(kind: choice(a, b), 'n o': 'x, y')", JsonObject((("kind", Choice(("a", "b"))), ("n o", Fixed("x, y"))))),
        ("json()", JsonObject(())),
        (
            "faker(date_between, start_date='-1y, or so')",
            FakerValue("date_between", (), (("start_date", "-1y, or so"),)),
        ),
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
        ("choice(a: 0, b: 0)", "weights are all 0"),
        ("choice('a': many)", "weight 'many' is not a number"),
        ("choice('a' b)", "by commas"),
        ("choice('a)", "quote stays open"),
        ("choice(a, (b)", "parenthesis stays open"),
        ("row(orders.id, a, b)", "a name where an operation has two rows"),
        ("new_key(1)", "write table.column"),
        ("inserted()", "takes one column"),
        ("float(1)", "takes a range"),
        ("float(a, 2)", "must be numbers"),
        ("float(2, 1)", "is empty"),
        ("float(0, 1, 99)", "between 0 and 15"),
        ("date(1, 2)", "first and the last day"),
        ("date(2024-02-30, 2024-03-01)", "day is out of range"),
        ("date(2024-02-03, 2024-02-01)", "is empty"),
        ("bool(2)", "between 0 and 1"),
        ("bool(0, 1)", "takes the share"),
        ("now(-1 fortnight)", "the units are w, d, h"),
        ("now(1 day, -1 day)", "is empty"),
        ("now(9999999 days)", "a thousand years"),
        ("now(1, 2, 3)", "an offset or a range"),
        ("null(0.5)", "a share and what else"),
        ("null(x, 1)", "between 0 and 1"),
        ("null(0.5, row(a.b))", "stands by itself"),
        ("null(0.5, 'a': b)", "cannot read"),
        ("json(a)", "members with their values"),
        ("expr(1 +)", "ends too early"),
        ("expr(" + "(" * 5000 + ")" * 5000 + ")", "nested too deeply"),
        ("null(0, " * 40 + "1" + ")" * 40, "inside of more than"),
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


def test_numbers_days_and_times_stay_inside() -> None:
    assert {len(v.partition(".")[2]) for v in draws("float(1, 3, 2)")} == {2}
    assert all(1 <= float(v) < 3 for v in draws("float(1, 3)"))
    assert set(draws("date(2024-02-28, 2024-03-01)")) == {"2024-02-28", "2024-02-29", "2024-03-01"}
    assert set(draws("now(-1 day)")) == {"2026-01-01T03:04:05+00:00"}
    moved = [
        datetime.fromisoformat(v) - datetime.fromisoformat("2026-01-02T03:04:05+00:00") for v in draws("now(-1 h, 1 h)")
    ]
    assert min(moved) >= -timedelta(hours=1)
    assert max(moved) <= timedelta(hours=1)
    assert len(set(moved)) > 100


def test_weights_and_shares_are_kept() -> None:
    drawn = draws("choice(new: 3, paid: 1, never: 0)", 4_000)
    assert 2_850 < drawn.count("new") < 3_150
    assert "never" not in drawn
    assert 650 < draws("bool(0.2)", 4_000).count("true") < 950
    assert 250 < draws("null(0.1, x)", 4_000).count("None") < 550
    assert set(draws("null(0, x)") + draws("null(1, x)")) == {"x", "None"}


def test_json_quotes_what_is_text() -> None:
    objects = [
        json.loads(v) for v in draws("json(n: int(1, 3), ok: bool(), note: 'a \"b\"', gone: null(1, x), at: '7')")
    ]
    assert {o["n"] for o in objects} == {1, 2, 3}
    assert {o["ok"] for o in objects} == {True, False}
    assert objects[0]["note"] == 'a "b"'
    assert objects[0]["gone"] is None
    assert objects[0]["at"] == "7"


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
