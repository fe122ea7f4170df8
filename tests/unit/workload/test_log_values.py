"""Values of a log as distributions; repetitions as loops."""

import random
from collections.abc import Iterable

import numpy as np
import pytest

from harness.model.units import NS_PER_S
from harness.spec.params import parse_parameter
from harness.workload.catalog import Catalog, Column, ForeignKey, Index, Table
from harness.workload.distribute import Place, UndrawableError, parameter_for
from harness.workload.observed import Observed, ValueKind
from harness.workload.parameter_use import ParameterUse, Role
from harness.workload.shapes import RepetitionCounts, collapse

NOW_NS = 1_763_805_600 * NS_PER_S  # 2025-11-22 10:00 UTC
KEY = Index("pk", ("id",), unique=True, primary=True)
USERS = Table(
    "public",
    "users",
    (
        Column("id", "bigint", "int8", "N"),
        Column("email", "character varying(20)", "varchar", "S", length=20),
        Column("active", "boolean", "bool", "B"),
        Column("name", "text", "text", "S"),
    ),
    rows=100.0,
    indexes=(KEY, Index("email", ("email",), unique=True)),
)
ORDERS = Table(
    "public",
    "orders",
    (
        Column("id", "bigint", "int8", "N"),
        Column("user_id", "bigint", "int8", "N"),
        Column("note", "text", "text", "S"),
    ),
    rows=0.0,
    indexes=(KEY,),
    foreign_keys=(ForeignKey("fk", ("user_id",), "public.users", ("id",)),),
)
CATALOG = Catalog((USERS, ORDERS))


def observed(values: Iterable[object], *, at_ns: int = NOW_NS) -> Observed:
    found = Observed()
    for value in values:
        found.add(None if value is None else str(value), at_ns=at_ns)
    return found


def drawn(
    role: Role,
    column: str,
    values: Iterable[object],
    *,
    keep: bool = False,
    catalog: Catalog | None = CATALOG,
    **more: object,
) -> str | int | float:
    table, _, name = column.rpartition(".")
    use = ParameterUse(1, table, name, role, function=str(more.get("function", "")))
    place = Place(use, deletes=bool(more.get("deletes")))
    parameter = parameter_for(place, observed(values), catalog=catalog, keep_common=keep)
    parse_parameter(parameter)  # the scenario understands it
    return parameter


@pytest.mark.parametrize(
    ("s", "calls"), [(0.0, 500), (0.0, 20_000), (0.4, 5_000), (1.2, 500), (1.2, 8_000), (1.6, 5_000)]
)
@pytest.mark.parametrize("size", [100, 20_000])
def test_skew_is_fitted(s: float, calls: int, size: int) -> None:
    weights = np.arange(1, size + 1.0) ** -s
    values = np.random.default_rng(5).choice(size, size=calls, p=weights / weights.sum())
    found = observed(values.tolist()).skew()
    assert found == 0 if s < 1 else found == pytest.approx(s, abs=0.21)


def test_few_calls_say_nothing_of_skew() -> None:
    assert observed([1] * 150 + list(range(40))).skew() == 0


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2"], ValueKind.INTEGER), (["1", "2.5"], ValueKind.NUMBER), (["t", "false"], ValueKind.TRUTH),
        (["2026-11-22"], ValueKind.DAY), (["2026-11-22 10:00:00.5+01"], ValueKind.MOMENT), (["1", "a"], ValueKind.TEXT),
        (["01234567-89ab-cdef-0123-456789abcdef"], ValueKind.UUID), ([], ValueKind.NONE),
    ],
)  # fmt: skip
def test_kinds(values: list[str], kind: ValueKind) -> None:
    assert observed(values).kind is kind


def test_moments_of_the_clock_are_told_in_any_time_zone() -> None:
    assert observed(["2025-11-22 10:00:02"]).is_now
    assert observed(["2025-11-22T15:30:01.5+05:30"]).is_now
    assert not observed(["2025-11-22 10:07:00", "1999-01-01 00:00:00"]).is_now


def test_what_is_compared_comes_from_the_column_or_the_key_it_refers_to() -> None:
    assert drawn(Role.EQUAL, "users.email", ["a@b.c"]) == "sample(users.email)"
    assert drawn(Role.EQUAL, "orders.user_id", [1, 2]) == "sample(users.id)"
    assert drawn(Role.EQUAL, "orders.user_id", [1, 2], catalog=None) == "sample(orders.user_id)"
    assert drawn(Role.LOWER, "orders.user_id", [1, 2]) == "sample(orders.user_id)"
    assert drawn(Role.EQUAL, "users.id", [1], deletes=True) == "once(users.id)"
    assert drawn(Role.EQUAL, "users.active", ["t", "t", "f", "t"]) == "bool(0.75)"
    assert drawn(Role.EQUAL, '"Odd Table".Col', ["x"]) == 'sample("Odd Table"."Col")'


def test_what_is_stored_is_new_where_it_must_not_repeat() -> None:
    assert drawn(Role.INSERTED, "users.id", range(9)) == "new_key(users.id)"
    assert drawn(Role.INSERTED, "users.email", ["anna@example.org", "b@c"]) == "text(12, 16)"
    assert drawn(Role.INSERTED, "t.id", range(9), catalog=None) == "new_key(t.id)"
    assert drawn(Role.INSERTED, "t.id", [5, 5, 6], catalog=None) == "int(5, 6)"
    assert drawn(Role.INSERTED, "t.id", ["01234567-89ab-cdef-0123-456789abcdef"], catalog=None) == "uuid()"
    assert drawn(Role.INSERTED, "orders.user_id", [7]) == "sample(users.id)"


def test_what_is_stored_is_like_what_is_there() -> None:
    assert drawn(Role.SET, "users.name", ["Anna"]) == "sample(users.name)"
    assert drawn(Role.SET, "orders.note", ["Anna", "Bo"]) == "text(2, 4)"
    assert drawn(Role.INSERTED, "t.at", ["2025-11-22 10:00:02"], catalog=None) == "now()"
    assert drawn(Role.INSERTED, "t.price", ["1234.56", "9.5"], catalog=None) == "float(9.5, 1300, 2)"
    assert drawn(Role.INSERTED, "t.phone", [5550123, 5550123, 5559876], catalog=None) == "int(5500000, 5600000)"


def test_counts_of_rows_are_told_as_they_are() -> None:
    assert drawn(Role.LIMIT, "", [10]) == 10
    assert drawn(Role.LIMIT, "", [10, 20, 10]) == "choice('10': 2, '20': 1)"
    assert drawn(Role.OFFSET, "", range(0, 5000, 20)) == "int(0, 5000)"
    assert drawn(Role.TERM, "t.n", [1, 1, -1], catalog=None) == "choice('1': 2, '-1': 1)"


@pytest.mark.parametrize("role", list(Role))
def test_no_text_is_kept_unless_asked_for(role: Role) -> None:
    for column in ("users.name", "orders.note", ""):
        for values in (["planted"] * 50, ["planted@example.org"] * 50, ["planted"] * 30 + ["secret"] * 5):
            try:
                parameter = drawn(role, column, values, function="f")
            except UndrawableError as error:
                parameter = str(error)
            assert "planted" not in str(parameter)


def test_common_words_are_kept_where_asked_for() -> None:
    words = ["new"] * 30 + ["paid"] * 20
    assert drawn(Role.EQUAL, "orders.note", words, keep=True) == "choice('new': 30, 'paid': 20)"
    for rare in (
        ["new"] * 30 + ["paid"] * 19,
        ["anna@x.org"] * 50,
        ["a" * 21] * 50,
        [f"w{'x' * n}" for n in range(30)] * 20,
    ):
        assert drawn(Role.EQUAL, "users.name", rare, keep=True) == "sample(users.name)"


def test_what_cannot_be_drawn_says_why() -> None:
    for role, column, values in (
        (Role.OTHER, "", ["anna"]), (Role.OTHER, "", []), (Role.LIMIT, "", []), (Role.ANY, "users.id", ["{1}"]),
    ):  # fmt: skip
        with pytest.raises(UndrawableError):
            drawn(role, column, values)


def test_loops_are_told_from_what_they_repeat() -> None:
    assert collapse("abbbcdcd") == ((("a",), ("b",), ("c", "d")), (1, 3, 2))
    assert collapse("") == ((), ())


def test_few_counts_stay_and_many_keep_their_mean() -> None:
    few = RepetitionCounts()
    for counts in [(1, 3)] * 5 + [(1, 4)]:
        few.add(counts)
    assert few.operations() == [((1, 3), 5.0), ((1, 4), 1.0)]
    many, dice = RepetitionCounts(), random.Random(1)
    vectors = [(1, dice.randint(1, 40), dice.randint(2, 4)) for _ in range(700)]
    for vector in vectors:
        many.add(vector)
    operations = many.operations()
    assert len(operations) <= 12
    assert sum(weight for _, weight in operations) == pytest.approx(700)
    for place in range(3):
        total = sum(vector[place] for vector in vectors)
        assert sum(counts[place] * weight for counts, weight in operations) == pytest.approx(total, rel=1e-4)
