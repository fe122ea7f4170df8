"""Transforms by family, and a whole stream of COPY text with five masked columns, in CPU time of one core.

CPU time, because what is measured is work: other processes on the machine make it wait, which is not its cost.
"""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.snapshot.anonymize.copytext import block_of, columns_of, transform_fields
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.schema import Column
from harness.snapshot.anonymize.transform import Transform
from harness.snapshot.anonymize.transforms.compile import compile_transform
from harness.snapshot.anonymize.transforms.dictionaries import dictionary

ROWS = 2_000
"""Of a block: half a megabyte, so that a core's cache holds its fields while they are worked on."""

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


def test_a_stream_with_five_masked_columns(benchmark: BenchmarkFixture, ratio: Callable[[str, str], None]) -> None:
    """Customers with orders' notes: 12 columns, 5 of them masked, as text of COPY: split, transformed, joined."""
    chance = random.Random(5)  # noqa: S311
    blocks = ["".join(_row(chance, at * ROWS + row) for row in range(ROWS)).encode() for at in range(2 * BLOCKS)]
    masked = {1: Class.NAME, 2: Class.EMAIL, 3: Class.IDENTIFIER, 4: Class.DATE, 10: Class.TEXT}

    def made() -> dict[int, Transform]:
        transforms = {at: _transform(class_, "date" if at == 4 else "text") for at, class_ in masked.items()}
        # As in the middle of a large table: its words and days have been seen, its rows have not.
        rewrite(transforms, blocks[:BLOCKS])
        return transforms

    def rewrite(transforms: dict[int, Transform], some: Sequence[bytes]) -> list[bytes]:
        out = []
        for block in some:
            columns = columns_of(block, width=12)
            for at, transform in transforms.items():
                columns[at] = transform_fields(transform, columns[at])
            out.append(block_of(columns))
        return out

    def hashed(_: object) -> list[bytes]:
        out = []
        for block in blocks[BLOCKS:]:
            columns = columns_of(block, width=12)
            for at in masked:
                columns[at] = [blake2b(value, key=_KEY).hexdigest().encode()[: len(value)] for value in columns[at]]
            out.append(block_of(columns))
        return out

    assert list(map(len, rewrite(made(), blocks))) == list(map(len, blocks))
    took = _cpu_s(lambda transforms: rewrite(transforms, blocks[BLOCKS:]), made)
    plain = _cpu_s(hashed, lambda: None)
    benchmark.pedantic(lambda: rewrite(made(), blocks[BLOCKS:]), rounds=1)
    size = sum(map(len, blocks[BLOCKS:]))
    ratio("the same with a keyed hash of each value, in plain Python / ours", f"{plain / took:.2f}")
    benchmark.extra_info.update({"bytes": size, "bytes_per_cpu_second": size / took})
    ratio(f"5 of 12 columns masked, {size // ROWS // BLOCKS} bytes a row", f"{size / took / 1e6:.0f} MB/s")


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
