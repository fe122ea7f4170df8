"""Parameter expressions: whatever is written is read, or refused with a ValueError; what is read can be written."""

import string
from datetime import date
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from harness.spec.params import (
    FUNCTIONS,
    Choice,
    ColumnStatistics,
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
    Parameter,
    RandomText,
    RowValue,
    Sample,
    SampleColumn,
    Scale,
    Truth,
    ZipfRange,
    ZipfSample,
    parse_parameter,
    write_parameter,
)
from harness.spec.params.ranges import MAX_OFFSET_US
from harness.spec.params.statistics import statistics_draw

TEXT = st.text(max_size=12)
COLUMNS = st.builds(
    SampleColumn,
    st.sampled_from(["orders", "shop.orders", '"My ""T"", ab"."x.y"']),
    st.text(min_size=1, max_size=8).filter(lambda name: name == name.strip()),
)
SHARES = st.floats(0, 1)
NUMBERS = st.integers(-(2**63), 2**63)


def ordered(build: object, values: st.SearchStrategy[object]) -> st.SearchStrategy[Parameter]:
    return st.lists(values, min_size=2, max_size=2).map(lambda two: build(*sorted(two)))  # type: ignore[operator,type-var]


LEAVES: st.SearchStrategy[Parameter] = st.one_of(
    st.builds(Sample, COLUMNS),
    st.builds(Once, COLUMNS),
    st.builds(Fitted, COLUMNS),
    st.builds(FromStatistics, COLUMNS),
    st.builds(NewKey, COLUMNS),
    st.builds(Inserted, COLUMNS),
    st.builds(ZipfSample, COLUMNS, st.floats(1.001, 1000)),
    ordered(lambda a, b: ZipfRange(a, b, 1.5), NUMBERS),
    ordered(IntRange, NUMBERS),
    ordered(FloatRange, st.floats(-1e300, 1e300)),
    ordered(lambda a, b: FloatRange(a, b, 3), st.floats(-1e9, 1e9)),
    ordered(DateRange, st.dates()),
    st.builds(Truth, SHARES),
    st.just(NewUuid()),
    ordered(RandomText, st.integers(0, 1_000_000)),
    ordered(Now, st.integers(-MAX_OFFSET_US, MAX_OFFSET_US)),
    st.builds(
        FakerValue,
        st.just("text"),
        st.lists(st.one_of(TEXT, st.integers(-9, 9)), max_size=2).map(tuple),
        st.lists(st.tuples(st.just("ext_word_list"), st.one_of(TEXT, st.integers(-9, 9))), max_size=1).map(tuple),
    ),
    st.lists(TEXT, min_size=1, max_size=4).map(lambda values: Choice(tuple(values))),
    st.lists(st.tuples(TEXT, st.floats(0.01, 1e6)), min_size=1, max_size=4).map(
        lambda pairs: Choice(tuple(v for v, _ in pairs), tuple(w for _, w in pairs))
    ),
    st.builds(parse_parameter, st.sampled_from(["expr(1 + 2)", "expr(:a * (3 + random(1, 5)))"])),
)
INNER = st.recursive(
    st.one_of(LEAVES, st.builds(Fixed, TEXT)),
    lambda inner: st.one_of(
        st.builds(Nullable, SHARES, inner),
        st.dictionaries(TEXT.filter(lambda name: bool(name.strip())), inner, max_size=3).map(
            lambda members: JsonObject(tuple(members.items()))
        ),
    ),
    max_leaves=5,
)
OUTER = st.one_of(INNER, st.builds(RowValue, COLUMNS, TEXT))


@given(OUTER)
def test_what_is_written_is_read_back(parameter: Parameter) -> None:
    assume(not isinstance(parameter, Fixed))
    assert parse_parameter(write_parameter(parameter)) == parameter


ANY = st.one_of(
    st.text(max_size=60),
    st.builds(
        lambda name, inside: f"{name}({inside})",
        st.sampled_from(FUNCTIONS),
        st.text(alphabet=string.ascii_letters + string.digits + "'\"(),.:=+-* _é", max_size=40),
    ),
)


@given(ANY)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parameter = parse_parameter(text)
    except ValueError:
        return
    assert isinstance(parameter, Fixed) or parse_parameter(write_parameter(parameter)) == parameter


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=20, unique=True), st.integers())
def test_integers_of_a_histogram_stay_between_its_ends(numbers: list[int], seed: int) -> None:
    bounds = tuple(str(number) for number in sorted(numbers))
    draw = statistics_draw(ColumnStatistics(Scale.INTEGER, 0.0, bounds=bounds))
    random = Random(seed)
    assert all(min(numbers) <= int(draw(random) or 0) <= max(numbers) for _ in range(20))


@given(st.lists(st.dates(date(1, 1, 1)), min_size=2, max_size=9, unique=True), st.integers())
def test_dates_of_a_histogram_stay_between_its_ends(days: list[date], seed: int) -> None:
    draw = statistics_draw(ColumnStatistics(Scale.DATE, 0.0, bounds=tuple(day.isoformat() for day in sorted(days))))
    random = Random(seed)
    assert all(min(days) <= date.fromisoformat(draw(random) or "") <= max(days) for _ in range(20))
