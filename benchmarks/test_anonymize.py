"""Transforms by family, and a whole stream of COPY text with five masked columns, in CPU time of one core.

CPU time, because what is measured is work: other processes on the machine make it wait, which is not its cost.
"""

import random
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.snapshot.anonymize.copytext import block_of, columns_of
from harness.snapshot.anonymize.kernels.changed import Changed
from harness.snapshot.anonymize.kernels.fields import fields_of
from harness.snapshot.anonymize.kernels.sorting import COMPILED
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.leaks import Originals
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.rewrite.large_blocks import LargeBlocks
from harness.snapshot.anonymize.rewrite.plan import ColumnPlan, TablePlan
from harness.snapshot.anonymize.rewrite.work import compiler
from harness.snapshot.anonymize.schema import Column
from harness.snapshot.anonymize.spill import Spill
from harness.snapshot.anonymize.transform import InPlace, Transform
from harness.snapshot.anonymize.transforms.compile import compile_transform
from harness.snapshot.anonymize.transforms.dictionaries import dictionary

ROWS = 2_000
"""Of a block: half a megabyte, so that a core's cache holds its fields while they are worked on."""

LARGE_ROWS = 8_000
"""Of a block of two megabytes, as archives are rewritten in."""

BLOCKS = 4
ROUNDS = 5

_KEY = bytes(range(32))
_KEYS = Keys(_KEY)
_WORDS = sorted(dictionary("word:en_US"))
_FIRST, _LAST = sorted(dictionary("first_name:en_US")), sorted(dictionary("last_name:en_US"))


def _transform(class_: Class, type_: str = "text", *, provider: str = "") -> Transform:
    policy = ColumnPolicy(class_=class_, provider=provider, paths={"*": ColumnPolicy(class_=Class.TEXT)})
    return compile_transform(policy, column=Column(name="c", type=type_, base=type_), domain="d", keys=_KEYS)


def _words(chance: random.Random, count: int) -> str:
    # Words of a language repeat: the n-th is used about 1/n as often as the first (Zipf).
    return " ".join(_WORDS[int(len(_WORDS) ** chance.random()) - 1] for _ in range(count))


def _moment(chance: random.Random) -> str:
    return str(datetime(2020, 1, 1) + timedelta(seconds=chance.randrange(10**8)))  # noqa: DTZ001


def _address(chance: random.Random) -> str:
    return ".".join(str(chance.randrange(256)) for _ in range(4))


Made = TypeVar("Made")
Maker = Callable[[random.Random, int], str]
FAMILIES: Sequence[tuple[Class, str, Maker]] = (
    (Class.IDENTIFIER, "text", lambda _, row: f"CUST-{row:08d}"),
    (
        Class.EMAIL,
        "text",
        lambda c, row: f"{c.choice(_FIRST)}.{c.choice(_LAST)}{row % 97}@example{row % 50}.com".lower(),
    ),
    (Class.NUMBER, "bigint", lambda c, _: str(c.randrange(10**9))),
    (Class.ORDERED, "numeric(12,2)", lambda c, _: f"{c.randrange(10**4)}.{c.randrange(100):02d}"),
    (Class.DATE, "timestamp with time zone", lambda c, _: f"{_moment(c)}+00"),
    (Class.UUID, "uuid", lambda c, _: str(uuid.UUID(int=c.getrandbits(128), version=4))),
    (Class.LUHN, "text", lambda c, _: f"{c.randrange(10**15, 10**16)}"),
    (Class.NAME, "text", lambda c, _: f"{c.choice(_FIRST)} {c.choice(_LAST)}"),
    (Class.TEXT, "text", lambda c, _: _words(c, 20)),
    (Class.JSON, "jsonb", lambda c, row: f'{{"note": "{_words(c, 4)}", "n": {row}, "tags": ["{c.choice(_WORDS)}"]}}'),
    (Class.INET, "inet", lambda c, _: _address(c)),
    (Class.BYTES, "bytea", lambda c, _: "\\x" + c.randbytes(64).hex()),
)


@pytest.mark.parametrize(("class_", "type_", "make"), FAMILIES, ids=lambda one: getattr(one, "value", None))
def test_family(
    benchmark: BenchmarkFixture, ratio: Callable[[str, str], None], class_: Class, type_: str, make: Maker
) -> None:
    chance = random.Random(5)  # noqa: S311
    blocks = [[make(chance, block * ROWS + row).encode() for row in range(ROWS)] for block in range(BLOCKS)]

    def work(transform: Transform) -> None:
        for values in blocks:
            transform.many(values)

    # Nothing may be remembered from an earlier round.
    took = _cpu_s(work, lambda: _transform(class_, type_))
    benchmark.pedantic(lambda: work(_transform(class_, type_)), rounds=1)
    size = sum(len(value) for values in blocks for value in values)
    ratio(f"{class_.value}: {ROWS * BLOCKS / took:,.0f} values/s", f"{size / took / 1e6:.0f} MB/s")
    transform, values = _transform(class_, type_), blocks[0]
    assert transform.many(values[:50]) == [transform(value) for value in values[:50]]


@pytest.mark.parametrize(
    "class_", [Class.IDENTIFIER, Class.EMAIL, Class.NUMBER, Class.DATE, Class.UUID, Class.NAME, Class.TEXT]
)
def test_family_in_place(benchmark: BenchmarkFixture, ratio: Callable[[str, str], None], class_: Class) -> None:
    """The same values as in `test_family`, changed in a block by compiled loops."""
    type_, make = next((type_, make) for one, type_, make in FAMILIES if one is class_)
    chance = random.Random(5)  # noqa: S311
    values = [make(chance, row).encode() for row in range(ROWS * BLOCKS)]
    fields = fields_of(b"".join(b"%s\n" % value for value in values), width=1)
    transform = _transform(class_, type_)
    assert fields is not None
    assert isinstance(transform, InPlace)

    def work(after: Changed) -> Changed:
        assert not len(transform.change_fields(fields, after.fields, 0))
        return after

    assert work(Changed(fields)).block().split(b"\n")[:50] == transform.many(values[:50])
    took = _cpu_s(work, lambda: Changed(fields))
    benchmark.pedantic(lambda: work(Changed(fields)), rounds=1)
    ratio(
        f"{class_.value}, compiled: {len(values) / took:,.0f} values/s",
        f"{sum(map(len, values)) / took / 1e6:.0f} MB/s",
    )


@pytest.mark.parametrize("check", [True, False], ids=["leak check", "no leak check"])
def test_a_stream_with_five_masked_columns(
    benchmark: BenchmarkFixture, ratio: Callable[[str, str], None], tmp_path: Path, check: bool
) -> None:
    """Customers with orders' notes: 12 columns, 5 of them masked, block by block: read, rewritten, looked through."""
    chance = random.Random(5)  # noqa: S311
    blocks = [
        "".join(_row(chance, at * LARGE_ROWS + row) for row in range(LARGE_ROWS)).encode() for at in range(BLOCKS)
    ]
    masked = {1: Class.NAME, 2: Class.EMAIL, 3: Class.IDENTIFIER, 4: Class.DATE, 10: Class.TEXT}
    types = dict.fromkeys(range(12), "text") | {
        0: "bigint",
        4: "date",
        6: "integer",
        7: "timestamptz",
        8: "timestamptz",
        9: "boolean",
    }
    table = _plan(masked, types)
    compile_ = compiler(_KEYS, {})

    def collect(_: object) -> Spill:
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        spill, collecting = Spill(tmp_path / "originals"), LargeBlocks(compile_, key=_KEY)
        for block in blocks:
            for number, (hashes, phrase) in collecting.collect(table, block).originals.items():
                spill.add(number, hashes, phrase=phrase)
        return spill

    originals = None
    took = 0.0
    if check:
        # Words of the notes are names as well: that is a leak, which costs as much as none.
        spill = collect(None)
        originals = Originals(spill.finish(COMPILED), key=_KEY, phrase=spill.phrase)
        took = _cpu_s(lambda _: collect(None).finish(COMPILED), lambda: None)
    rewriting = LargeBlocks(compile_, key=_KEY, originals=originals)

    def rewrite(_: object) -> list[bytes]:
        return [rewriting.rewrite(table, block).data for block in blocks]

    assert list(map(len, rewrite(None))) == list(map(len, blocks))
    took += _cpu_s(rewrite, lambda: None)
    plain = _cpu_s(lambda _: [_hashed(block, masked) for block in blocks], lambda: None)
    benchmark.pedantic(rewrite, args=(None,), rounds=1)
    size = sum(map(len, blocks))
    told = f"5 of 12 columns masked, {size // LARGE_ROWS // BLOCKS} bytes a row, leak check {'on' if check else 'off'}"
    ratio(told, f"{size / took / 1e6:.0f} MB/s")
    ratio("a keyed hash of each of these values, in plain Python / that", f"{plain / took:.2f}")
    benchmark.extra_info.update({"bytes": size, "bytes_per_cpu_second": size / took})


def _plan(masked: Mapping[int, Class], types: Mapping[int, str]) -> TablePlan:
    numbers = {at: number for number, at in enumerate(masked)}
    plans = [
        ColumnPlan(
            name=f"c{at}",
            number=numbers.get(at, -1),
            policy=ColumnPolicy(class_=masked.get(at, Class.KEEP), domain=f"d{at}"),
            column=Column(name=f"c{at}", type=type_, base=type_),
            text=type_ == "text",
        )
        for at, type_ in types.items()
    ]
    return TablePlan("public.customers", tuple(plans))


def _hashed(block: bytes, masked: Iterable[int]) -> bytes:
    columns = columns_of(block, width=12)
    for at in masked:
        columns[at] = [blake2b(value, key=_KEY).hexdigest().encode()[: len(value)] for value in columns[at]]
    return block_of(columns)


def _row(chance: random.Random, row: int) -> str:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    fields = (
        str(row),
        f"{first} {last}",
        f"{first}.{last}{row % 97}@example{row % 50}.com".lower(),
        f"+49 {chance.randrange(10**9, 10**10)}",
        f"{1940 + chance.randrange(65)}-{1 + chance.randrange(12):02d}-{1 + chance.randrange(28):02d}",
        chance.choice(("active", "closed", "pending")),
        str(chance.randrange(10**5)),
        f"{_moment(chance)}.123456+00",
        f"{_moment(chance)}.123456+00",
        "\\N" if row % 3 else "t",
        _words(chance, 12),
        str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    )
    return "\t".join(fields) + "\n"


def _cpu_s(work: Callable[[Made], object], make: Callable[[], Made]) -> float:
    """The least CPU time of some rounds of `work`, each with what `make` makes before."""
    times = []
    for _ in range(ROUNDS):
        made = make()
        began = time.process_time()
        work(made)
        times.append(time.process_time() - began)
    return min(times)
