"""Archives made by hand, anonymized: rows, the leak check on planted secrets, resuming, full disks, bad input."""

import gzip
import io
import os
import resource
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from harness.model.errors import HarnessError, RestoreError, SnapshotError
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.rewrite import divide, run
from harness.snapshot.anonymize.rewrite.account import Account
from harness.snapshot.anonymize.rewrite.anonymizing import anonymize
from harness.snapshot.anonymize.rewrite.toc import Entry, read_toc, write_toc
from harness.snapshot.anonymize.schema import Column, Schema
from harness.snapshot.anonymize.transforms.compile import compile_transform

KEYS = Keys(bytes(range(32)))
NAMES = ["anna.ito@example.org", "bert.olsen@example.net", "carla.mbeki@example.com", "dora.lindqvist@example.org"]
Tables = dict[str, tuple[dict[str, str], list[tuple[str, ...]]]]


@pytest.fixture(params=[False, True], ids=["lists", "compiled"], autouse=True)
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it by lists, as small dumps are, and by compiled loops, as large ones."""
    monkeypatch.setattr(run, "COMPILED_BYTES", 0 if request.param else 1 << 40)


def users(count: int = 40) -> Tables:
    rows: list[tuple[str, ...]] = [
        (str(n), f"{n}{NAMES[n % 4]}" if n % 7 else "\\N", f"line\\none of row {n}", "{}") for n in range(count)
    ]
    return {"users": ({"id": "integer", "email": "text", "note": "text", "extra": "jsonb"}, rows)}


class Shop:
    """One archive with its schema and policy."""

    def __init__(self, source: Path, schema: Schema, policy: Policy) -> None:
        self.source, self.schema, self.policy = source, schema, policy
        self.target = source.parent / "target"

    def run(self, *, keys: Keys = KEYS, **options: object) -> Account:
        return anonymize(
            self.source, self.target, policy=self.policy, schema=self.schema, keys=keys, **options  # type: ignore[arg-type]
        )  # fmt: skip

    def refused(self, *, keys: Keys = KEYS, **options: object) -> HarnessError:
        with pytest.raises(HarnessError) as caught:
            self.run(keys=keys, **options)
        assert not self.target.exists()
        text = str(caught.value)
        assert not any(name.split("@")[0] in text for name in NAMES), "a message quotes a value"
        return caught.value

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.source.parent.iterdir() if path != self.source)


@pytest.fixture
def shop(
    make_archive: Callable[..., Path], make_schema: Callable[..., Schema], make_policy: Callable[..., Policy]
) -> Callable[..., Shop]:
    def made(
        tables: Tables, *more: Entry, classes: dict[str, Class | ColumnPolicy] | None = None, **policy: object
    ) -> Shop:
        schema = make_schema(tables)
        given = {"users.email": Class.EMAIL} if classes is None else classes
        return Shop(make_archive(tables, *more), schema, make_policy(schema, given, **policy))

    return made


def rows_of(folder: Path, number: int = 100) -> list[list[str]]:
    raw = (folder / f"{number}.dat").read_bytes()
    assert raw.endswith(b"\\.\n\n\n")
    return [line.split("\t") for line in raw.decode().splitlines()[:-3]]


def test_rows_stay_in_order_and_only_masked_columns_change(shop: Callable[..., Shop]) -> None:
    one = shop(users())
    account = one.run()
    before, after = rows_of(one.source), rows_of(one.target)
    assert [[row[0], *row[2:]] for row in before] == [[row[0], *row[2:]] for row in after]
    assert all((old[1] == new[1]) == (old[1] == "\\N") for old, new in zip(before, after, strict=True))
    assert [len(row[1]) for row in before] == [len(row[1]) for row in after]
    assert (account.rows, account.masked, account.originals) == (40, ("public.users.email",), 34)
    assert (one.target / "toc.dat").read_bytes() == (one.source / "toc.dat").read_bytes()
    assert one.left == ["target"]
    assert stat.S_IMODE(one.target.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in one.target.iterdir()} == {0o600}


@pytest.mark.parametrize("block", [10, 50, 51, 52, 200, 5000])
def test_ranges_and_blocks_of_any_size_give_the_same(
    block: int, shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shop(users(), classes={"users.email": Class.EMAIL, "users.note": Class.TEXT})
    one.run()
    whole = (one.target / "100.dat").read_bytes()
    monkeypatch.setattr(divide, "WHOLE_FILE_BYTES", 0)
    monkeypatch.setattr(divide, "BLOCK_BYTES", block)
    one.target = one.target.with_name("ranges")
    assert one.run().rows == 40
    assert (one.target / "100.dat").read_bytes() == whole


@pytest.mark.parametrize("packing", ["none", "gzip", "zstd"])
def test_packed_sources_and_targets(packing: str, shop: Callable[..., Shop]) -> None:
    one = shop(users())
    file = one.source / "100.dat"
    plain = file.read_bytes()
    if packing == "gzip":
        (one.source / "100.dat.gz").write_bytes(gzip.compress(plain))
        file.unlink()
    elif packing == "zstd":
        (one.source / "100.dat.zst").write_bytes(zstandard.ZstdCompressor().compress(plain))
        file.unlink()
    one.run()
    suffix = {"none": "", "gzip": ".gz", "zstd": ".zst"}[packing]
    packed = (one.target / f"100.dat{suffix}").read_bytes()
    if packing == "gzip":
        packed = gzip.decompress(packed)
    elif packing == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed), read_across_frames=True) as reader:
            packed = reader.read()
    assert len(packed.splitlines()) == len(plain.splitlines())
    assert packed != plain


PLANTED = NAMES[1]


def planted(count: int = 40) -> Tables:
    """Users of whom one has exactly the planted address."""
    tables = users(count)
    columns, rows = tables["users"]
    rows[8] = ("8", PLANTED, "nothing", "{}")
    return {"users": (columns, rows)}


@pytest.mark.parametrize(
    ("kind", "tag", "definition", "place"),
    [
        ("COMMENT", "COLUMN users.email", f"COMMENT ON COLUMN public.users.email IS 'ask {PLANTED}.';", "COMMENT"),
        ("DEFAULT", "users note", f"ALTER TABLE users ALTER COLUMN note SET DEFAULT '{PLANTED}'::text;", "DEFAULT"),
        ("VIEW", "vips", f"CREATE VIEW public.vips AS SELECT 1 WHERE (email = '{PLANTED}'::text);", "VIEW"),
        ("FUNCTION", "f()", f"CREATE FUNCTION f() AS $$ -- it's {PLANTED} $$;", "FUNCTION"),
    ],
)  # fmt: skip
def test_a_secret_planted_in_the_schema_is_caught(
    kind: str, tag: str, definition: str, place: str, shop: Callable[..., Shop], make_entry: Callable[..., Entry]
) -> None:
    one = shop(planted(), make_entry(7, kind, tag, definition=definition))
    error = one.refused()
    assert f"schema: {place} public.{tag}: original values of public.users.email" in error.message
    assert one.left == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("note", PLANTED),
        ("note", f"please write to <{PLANTED}>, soon"),
        ("note", f"first line\\n{PLANTED}\\ttab"),
        ("extra", f'{{"contact": {{"mail": "{PLANTED}"}}}}'),
        ("extra", f'{{"list":["x","{PLANTED}"]}}'),
    ],
)
def test_a_secret_planted_in_a_kept_column_is_caught(column: str, value: str, shop: Callable[..., Shop]) -> None:
    tables = planted()
    columns, rows = tables["users"]
    row = list(rows[20])
    row[list(columns).index(column)] = value
    rows[20] = tuple(row)
    one = shop(tables)
    error = one.refused()
    assert f"public.users.{column}: original values of public.users.email (1 times)" in error.message
    assert one.left == []


def test_a_secret_in_an_array_and_a_phrase_in_a_text_are_caught(shop: Callable[..., Shop]) -> None:
    tables: Tables = {
        "people": ({"name": "text", "tags": "text[]"}, [("Anna Maria Ito", "{}"), ("Bert Olsen", '{a,"Bert Olsen"}')]),
        "notes": ({"body": "text"}, [("called Anna Maria Ito yesterday",), ("nobody",)]),
    }
    one = shop(tables, classes={"people.name": Class.IDENTIFIER})
    error = one.refused()
    assert "public.people.tags: original values of public.people.name (1 times)" in error.message
    assert "public.notes.body: original values of public.people.name (1 times)" in error.message


def test_what_the_policy_allows_is_no_leak_and_the_check_can_be_turned_off(shop: Callable[..., Shop]) -> None:
    tables = planted()
    tables["users"][1][20] = ("20", "x@example.org", PLANTED, "{}")
    one = shop(tables, allowed_leaks={"public.users.note": ["public.users.email"]})
    one.run()
    one.target = one.target.with_name("unchecked")
    one.policy = Policy(tables=one.policy.tables)
    assert one.run(check=False).originals is None


def test_short_values_and_numbers_are_not_looked_for(shop: Callable[..., Shop]) -> None:
    tables: Tables = {
        "t": ({"code": "text", "amount": "numeric", "note": "text"}, [("abcde", "1234567", "abcde 1234567")])
    }
    one = shop(tables, classes={"t.code": Class.IDENTIFIER, "t.amount": Class.NUMBER})
    assert one.run().originals == 0


def test_a_masked_column_whose_values_do_not_change_is_caught(shop: Callable[..., Shop]) -> None:
    # No class changes what has neither a letter nor a digit of its alphabets.
    rows = [(f"{chr(0x4E00 + n)}" * 7,) for n in range(20)]
    one = shop({"t": ({"name": "text"}, rows)}, classes={"t.name": Class.EMAIL})
    try:
        one.run()
    except HarnessError as error:
        assert "came out as they went in" in error.message or "cannot be transformed" in error.message  # noqa: PT017
    else:
        assert not {row[0] for row in rows} & {row[0] for row in rows_of(one.target)}


def test_statistics_are_left_out_and_large_objects_refused(
    shop: Callable[..., Shop], make_entry: Callable[..., Entry]
) -> None:
    values = make_entry(8, "STATISTICS DATA", "users", definition=f"SELECT '{{{PLANTED}}}'")
    one = shop(planted(), values, make_entry(9, "SUBSCRIPTION", "s", definition="CREATE SUBSCRIPTION s"))
    account = one.run()
    assert account.dropped == ("STATISTICS DATA public.users", "SUBSCRIPTION public.s")
    written = read_toc(io.BytesIO((one.target / "toc.dat").read_bytes()))
    assert [entry.kind for entry in written.entries] == [b"TABLE DATA"]
    one = shop_with_blobs(one, make_entry)
    assert "large objects" in one.refused().message
    assert one.run(large_objects="drop").dropped == ("BLOBS public.blobs",)


def shop_with_blobs(one: Shop, make_entry: Callable[..., Entry]) -> Shop:
    toc = read_toc(io.BytesIO((one.source / "toc.dat").read_bytes()))
    kept = [entry for entry in toc.entries if entry.kind == b"TABLE DATA"]
    blobs = make_entry(50, "BLOBS", "blobs", file="blobs.toc")
    (one.source / "toc.dat").write_bytes(write_toc(replace(toc, entries=(*kept, blobs)), compression="none"))
    one.target = one.target.with_name("objects")
    return one


def test_a_column_that_is_new_or_unclassified_stops_before_anything_is_written(shop: Callable[..., Shop]) -> None:
    one = shop(users())
    del one.policy.tables["public.users"]["note"]
    assert "public.users.note" in one.refused().message
    one.policy.tables["public.users"]["note"] = ColumnPolicy(class_=Class.UNCLASSIFIED)
    assert "public.users.note" in one.refused().message
    assert one.left == []


def test_a_truncated_data_file_is_named(shop: Callable[..., Shop]) -> None:
    one = shop(users())
    file = one.source / "100.dat"
    file.write_bytes(file.read_bytes()[:-4])
    error = one.refused()
    assert isinstance(error, RestoreError)
    assert "public.users ends too early" in error.message
    file.unlink()
    assert "100.dat of table public.users is missing" in one.refused().message
    assert one.left == []


def test_rows_with_other_columns_are_refused(shop: Callable[..., Shop]) -> None:
    one = shop(users())
    file = one.source / "100.dat"
    file.write_bytes(file.read_bytes().replace(b"\t{}\n", b"\n", 1).replace(b"\t{}\n", b"\t{}\tx\n", 1))
    assert "does not fit its 4 columns" in one.refused().message


def test_insert_statements_are_refused(shop: Callable[..., Shop], make_entry: Callable[..., Entry]) -> None:
    one = shop(users(), make_entry(60, "TABLE DATA", "users", file="60.dat"))
    (one.source / "60.dat").write_bytes(b"INSERT INTO public.users VALUES (1);\n")
    assert "INSERT" in one.refused().message


TWO: Tables = {
    **users(60),
    "orders": ({"id": "integer", "who": "text"}, [(str(n), f"{n}{NAMES[1]}") for n in range(900)]),
}
BOTH: dict[str, Class | ColumnPolicy] = {"users.email": Class.EMAIL, "orders.who": Class.EMAIL}


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """What a full disk looks like to a process: no file can grow beyond `size`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_after_a_full_disk_a_rerun_continues(shop: Callable[..., Shop]) -> None:
    one = shop(TWO, classes=BOTH)
    # Compiled loops are kept in files too: where they are new, they would be what there is no room for.
    one.run()
    shutil.rmtree(one.target)
    with files_up_to(20_000):
        error = one.refused()
    assert "no room on the disk" in error.message
    assert "continues" in error.hint
    assert one.left == ["target.partial"]
    partial = one.source.parent / "target.partial"
    assert stat.S_IMODE(partial.stat().st_mode) == 0o700
    assert sorted(path.name for path in partial.iterdir()) == [".journal", ".lock", "100.dat"]
    inode = (partial / "100.dat").stat().st_ino
    account = one.run()
    assert (account.continued, account.rows) == (1, 960)
    assert (one.target / "100.dat").stat().st_ino == inode
    assert one.left == ["target"]


@pytest.mark.parametrize("change", ["key", "policy", "source", "damage"])
def test_with_another_key_policy_or_source_a_rerun_starts_clean(change: str, shop: Callable[..., Shop]) -> None:
    one = shop(TWO, classes=BOTH)
    with files_up_to(20_000):
        one.refused()
    keys = KEYS
    if change == "key":
        keys = Keys(bytes(32))
    elif change == "policy":
        one.policy.tables["public.users"]["note"] = ColumnPolicy(class_=Class.TEXT)
    elif change == "source":
        os.utime(one.source / "100.dat", ns=(1, 1))
    else:
        file = one.source.parent / "target.partial" / "100.dat"
        file.write_bytes(file.read_bytes().replace(b"e", b"f", 1))
    assert one.run(keys=keys).continued == 0
    assert one.left == ["target"]


def test_an_interruption_keeps_what_is_finished_and_nothing_else(shop: Callable[..., Shop]) -> None:
    one = shop(TWO, classes=BOTH)

    def interrupt(what: str, done: int, total: int | None) -> None:
        if what == "anonymize" and (one.source.parent / "target.partial" / "100.dat").exists() and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one.run(on_progress=interrupt)
    partial = one.source.parent / "target.partial"
    assert sorted(path.name for path in partial.iterdir()) == [".journal", ".lock", "100.dat"]
    assert one.run().continued == 1


def test_a_target_that_is_there_is_not_touched(shop: Callable[..., Shop]) -> None:
    one = shop(users())
    one.target.mkdir()
    with pytest.raises(SnapshotError, match="is there already"):
        one.run()
    assert list(one.target.iterdir()) == []


def test_progress_grows_to_the_whole(shop: Callable[..., Shop]) -> None:
    one = shop(users())
    seen: list[tuple[str, int, int | None]] = []
    one.run(on_progress=lambda what, done, total: seen.append((what, done, total)))
    for what in ("read originals", "anonymize"):
        steps = [(done, total) for name, done, total in seen if name == what]
        assert [done for done, _ in steps] == sorted(done for done, _ in steps)
        assert steps[0][0] == 0
        assert steps[-1][0] == steps[-1][1]


def test_dates_move_with_their_subject(shop: Callable[..., Shop]) -> None:
    rows = [(who, f"2024-03-{day:02}") for who in ("anna.ito", "bert.olsen") for day in range(1, 20)]
    classes: dict[str, Class | ColumnPolicy] = {
        "visits.who": Class.IDENTIFIER,
        "visits.day": ColumnPolicy(class_=Class.DATE, type="date", subject="who"),
    }
    one = shop({"visits": ({"who": "text", "day": "date"}, rows)}, classes=classes)
    one.run()
    after = rows_of(one.target)
    months = {who: {day[:7] for name, day in after if name == who} for who in {row[0] for row in after}}
    assert len(months) == 2
    assert len({tuple(sorted(found)) for found in months.values()}) == 2


def test_a_word_that_became_another_of_the_same_row_is_no_leak(shop: Callable[..., Shop]) -> None:
    column = Column(name="body", type="text", base="text")
    transform = compile_transform(ColumnPolicy(class_=Class.TEXT), column=column, domain="public.notes.body", keys=KEYS)
    made = transform(b"person").decode()
    tables: Tables = {
        "searches": ({"query": "text"}, [(made,), ("another",)]),
        "notes": ({"body": "text"}, [(f"a person, and {made} again",), ("nothing",)]),
    }
    classes: dict[str, Class | ColumnPolicy] = {"searches.query": Class.IDENTIFIER, "notes.body": Class.TEXT}
    one = shop(tables, classes=classes)
    one.run()
    assert made in rows_of(one.target, 101)[0][0]
