"""Compiled loops against lists: the same rows, originals, findings and unchanged values, whatever stands in a block."""

import string
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.copytext import encode
from harness.snapshot.anonymize.kernels.sorting import COMPILED
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.leaks import Originals
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.rewrite.blocks import Blocks, Collected
from harness.snapshot.anonymize.rewrite.large_blocks import LargeBlocks
from harness.snapshot.anonymize.rewrite.plan import ColumnPlan, TablePlan
from harness.snapshot.anonymize.rewrite.work import compiler, leak_key
from harness.snapshot.anonymize.schema import Column
from harness.snapshot.anonymize.spill import BY_NUMPY, Sorting, Spill

_KEYS = Keys(bytes(range(32)))
_KEY = leak_key(_KEYS)
_PLAIN = string.ascii_letters + string.digits
_ANY = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
_WORDY = st.text(alphabet=_PLAIN + " -_.@,éÜß日\\\n\t", max_size=30)
_LONG = st.text(alphabet=_PLAIN + " .", min_size=60, max_size=400)
_TEXTS = st.one_of(_WORDY, _ANY, _LONG)
_NAMES = st.sampled_from(["Anna", "SMITH", "müller", "Anna Smith-Meier", "anna.smith@example.org", "Anna Maria Smith"])
_MAIL = st.one_of(
    st.builds("{}@{}.{}".format, *[st.text(alphabet=_PLAIN + ".-@", max_size=20)] * 3), _TEXTS, st.just("a@.org")
)
_NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.integers(-40_000, 40_000).map(str),
    st.sampled_from(["32767", "32768", "-32768", "2147483647", "-2147483648", "9223372036854775807", "0", "-1"]),
)
_DECIMALS = st.one_of(
    _NUMBERS,
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**8), max_value=10**8).map(
        "{:f}".format
    ),
    st.sampled_from(["0.00", "0.05", "-0.001", "NaN", "Infinity", "1e5", "10000000000000000000000000000.5"]),
)
_DAYS = st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31)).map(date.isoformat)
_MOMENTS = st.one_of(
    _DAYS,
    st.builds("{} {}{}".format, _DAYS, st.times().map(str), st.sampled_from(["", "+00", "-03:30", "Z", "+05:45:00"])),
    st.sampled_from(["infinity", "2020-02-29", "0044-03-15 BC", "12020-01-01", "2020-01-01T10:20"]),
)
_UUIDS = st.one_of(
    st.uuids().map(str), st.uuids(version=4).map(lambda one: str(one).upper()), st.sampled_from(["0" * 32, "f" * 32])
)
COLUMNS: Sequence[tuple[Class, str, st.SearchStrategy[str]]] = (
    (Class.IDENTIFIER, "text", st.one_of(_TEXTS, _NAMES)),
    (Class.EMAIL, "text", st.one_of(_MAIL, _NAMES)),
    (Class.NAME, "text", st.one_of(_NAMES, _TEXTS)),
    (Class.TEXT, "text", st.one_of(_NAMES, _TEXTS)),
    (Class.NUMBER, "bigint", _NUMBERS),
    (Class.NUMBER, "numeric", _DECIMALS),
    (Class.NUMBER, "double precision", st.floats(allow_nan=False, allow_infinity=False).map(repr)),
    (Class.ORDERED, "integer", st.integers(-(2**31), 2**31 - 1).map(str)),
    (Class.DATE, "timestamp with time zone", _MOMENTS),
    (Class.UUID, "uuid", _UUIDS),
    (Class.LUHN, "text", st.text(alphabet=string.digits, min_size=2, max_size=19)),
    (Class.NULL, "text", _TEXTS),
    (Class.KEEP, "text", st.one_of(_NAMES, _TEXTS)),
    (Class.KEEP, "integer", _NUMBERS),
)


def _plan(columns: Sequence[tuple[Class, str]], **policy: str) -> TablePlan:
    masked = iter(range(len(columns)))
    plans = [
        ColumnPlan(
            name=f"c{at}",
            number=-1 if class_ is Class.KEEP else next(masked),
            policy=ColumnPolicy(class_=class_, domain=f"d{at}", **(policy if class_ is Class.DATE else {})),  # type: ignore[arg-type]
            column=Column(name=f"c{at}", type=type_, base=type_),
            text=type_ in ("text", "uuid"),
        )
        for at, (class_, type_) in enumerate(columns)
    ]
    return TablePlan("public.t", tuple(plans))


def _rows(columns: Sequence[tuple[Class, str, st.SearchStrategy[str]]]) -> st.SearchStrategy[bytes]:
    fields = [st.one_of(st.none(), values.map(str.encode)).map(encode) for _, _, values in columns]
    return st.lists(st.tuples(*fields).map(b"\t".join), min_size=1, max_size=8).map(
        lambda rows: b"\n".join(rows) + b"\n"
    )


def _same(table: TablePlan, block: bytes, folder: Path) -> None:
    compile_ = compiler(_KEYS, {})
    slow, fast = Blocks(compile_, key=_KEY), LargeBlocks(compile_, key=_KEY)
    refused = _refused(slow, table, block)
    assert _refused(fast, table, block) == refused
    if refused:
        return
    collected, plain = slow.collect(table, block), slow.rewrite(table, block)
    fast = LargeBlocks(compile_, key=_KEY)  # it does not tell a second time what it has told
    assert _told(fast.collect(table, block)) == _told(collected)
    assert fast.rewrite(table, block) == plain
    originals = _stored(collected, folder)
    one, other = (kind(compile_, key=_KEY, originals=originals).rewrite(table, block) for kind in (Blocks, LargeBlocks))
    assert (other.data, other.rows, other.found) == (plain.data, one.rows, one.found)
    assert _sets(other.unchanged) == _sets(one.unchanged)


def _refused(blocks: Blocks, table: TablePlan, block: bytes) -> str:
    """Why a block is refused, nothing where it is not."""
    try:
        blocks.collect(table, block)
        blocks.rewrite(table, block)
    except SnapshotError as error:
        return str(error)
    return ""


def _stored(collected: Collected, folder: Path) -> Originals:
    for old in folder.glob("*"):
        old.unlink()
    spill = Spill(folder)
    for number, (hashes, phrase) in collected.originals.items():
        spill.add(number, hashes, phrase=phrase)
    return Originals(spill.finish(), key=_KEY, phrase=spill.phrase)


def _told(collected: Collected) -> object:
    return collected.rows, {n: (set(hashes.tolist()), phrase) for n, (hashes, phrase) in collected.originals.items()}


def _sets(unchanged: dict[int, np.ndarray[tuple[int], np.dtype[np.uint64]]]) -> dict[int, set[int]]:
    return {number: set(hashes.tolist()) for number, hashes in unchanged.items() if len(hashes)}


@pytest.mark.parametrize("column", COLUMNS, ids=lambda one: f"{one[0].value} {one[1]}")
def test_a_column_beside_a_kept_one(column: tuple[Class, str, st.SearchStrategy[str]], tmp_path: Path) -> None:
    table = _plan([column[:2], (Class.KEEP, "text")])

    @settings(max_examples=40)
    @given(_rows([column, (Class.KEEP, "text", st.one_of(_NAMES, column[2]))]))
    def check(block: bytes) -> None:
        _same(table, block, tmp_path)

    check()


def test_a_table_of_every_class(tmp_path: Path) -> None:
    table = _plan([column[:2] for column in COLUMNS])

    @settings(max_examples=40)
    @given(_rows(COLUMNS))
    def check(block: bytes) -> None:
        _same(table, block, tmp_path)

    check()


def test_dates_of_a_subject(tmp_path: Path) -> None:
    columns = [(Class.DATE, "date", _DAYS), (Class.IDENTIFIER, "text", st.sampled_from(["a", "b", "c\\d"]))]
    table = _plan([(class_, type_) for class_, type_, _ in columns], subject="c1")

    @settings(max_examples=40)
    @given(_rows(columns))
    def check(block: bytes) -> None:
        _same(table, block, tmp_path)

    check()


@pytest.mark.parametrize(
    "make", [lambda n: f"user{n}", lambda n: f"{n:04}@ex{n % 7}.org", lambda n: f"{n}{'xY9.' * (n % 60)}"]
)
def test_whole_blocks_of_identifiers_and_addresses(make: Callable[[int], str], tmp_path: Path) -> None:
    """More strings than a batch, of every length."""
    table = _plan([(Class.IDENTIFIER, "text"), (Class.EMAIL, "text"), (Class.NAME, "text"), (Class.KEEP, "text")])
    rows = ("\t".join([make(n), make(n * 7), make(n % 50), make(n // 3)]) + "\n" for n in range(700))
    _same(table, "".join(rows).encode(), tmp_path)


@pytest.mark.parametrize("class_", [Class.KEEP, Class.TEXT])
def test_fields_with_as_many_words_as_there_is_room_for(class_: Class, tmp_path: Path) -> None:
    """Every other byte is a word, in fields about as long as those that need more room."""
    table = _plan([(Class.IDENTIFIER, "text"), (class_, "text")])
    rows = (f"a a a a\t{('a ' * 600)[:size]}\n" for size in range(490, 530))
    _same(table, "".join(rows).encode(), tmp_path)


@pytest.mark.parametrize("block", [b"a\tb\nc\n", b"a\tb\tc\n", b"a\tb", b"a\nb\tc\td\n"])
def test_lines_that_do_not_fit_are_refused_as_ever(block: bytes) -> None:
    table = _plan([(Class.IDENTIFIER, "text"), (Class.KEEP, "text")])
    with pytest.raises(SnapshotError, match="does not fit its 2 columns"):
        LargeBlocks(compiler(_KEYS, {}), key=_KEY).rewrite(table, block)


@pytest.mark.parametrize("sorting", [BY_NUMPY, COMPILED], ids=["numpy", "compiled"])
def test_numbers_beyond_memory_are_sorted_in_parts(tmp_path: Path, sorting: Sorting) -> None:
    numbers = np.random.default_rng(5).integers(0, 2**64 - 1, 5000, dtype=np.uint64)
    spill = Spill(tmp_path, at_once=300)
    for part in np.split(numbers, 10):
        spill.add(3, part, phrase=2)
        spill.add(7, part[:5], phrase=1)
    file = spill.finish(sorting)
    originals = Originals(file, key=_KEY, phrase=spill.phrase)
    assert originals.distinct == {3: 5000, 7: 50}
    assert np.array_equal(np.fromfile(file, dtype=np.uint64)[:5000], np.sort(numbers))
    assert originals.count(numbers) == {3: 5000}
    assert originals.count(numbers + np.uint64(1)) == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["originals", "originals.columns", "originals.filter"]


_SPREAD = st.integers(0, 2**64 - 1)
_NUMBERS_64 = st.lists(st.one_of(_SPREAD, st.integers(0, 99), st.sampled_from([2**63, 2**64 - 1])), max_size=300)


@given(_NUMBERS_64, st.integers(0, 63))
def test_both_ways_of_sorting_and_marking(listed: list[int], shared: int) -> None:
    """Also where numbers are not spread: it takes longer then."""
    numbers = np.array(listed, dtype=np.uint64)
    if shared:  # the highest bits are alike
        numbers &= np.uint64((1 << 64 - shared) - 1)
    plain, compiled = BY_NUMPY.distinct(numbers, shared), COMPILED.distinct(numbers, shared)
    assert plain.tolist() == compiled.tolist() == sorted(set(numbers.tolist()))
    filters = np.zeros((2, 1024), dtype=np.uint64)
    BY_NUMPY.mark(filters[0], plain)
    COMPILED.mark(filters[1], compiled)
    assert np.array_equal(*filters)
