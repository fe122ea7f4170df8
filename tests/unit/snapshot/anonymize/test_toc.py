"""The table of contents: what is read is written again, byte for byte; damage is an error."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.snapshot.anonymize.rewrite.toc import Entry, Toc, read_toc, write_toc
from harness.snapshot.header import TAR

SHOP = Path(__file__).parents[4] / "fixtures" / "shop" / "shop.dump"
TEXT = st.one_of(st.none(), st.binary(max_size=20))
ENTRY = st.builds(
    Entry, dump_id=st.integers(1, 10**6), has_data=st.booleans(), catalog=st.tuples(TEXT, TEXT), tag=TEXT,
    kind=st.binary(min_size=1, max_size=9), section=st.integers(0, 4), definition=TEXT, drop=TEXT, copy=TEXT,
    namespace=TEXT, tablespace=TEXT, method=TEXT, relkind=st.integers(0, 127), owner=TEXT, with_oids=TEXT,
    dependencies=st.lists(st.binary(max_size=5), max_size=3).map(tuple), file=st.binary(max_size=9),
)  # fmt: skip


@given(st.lists(ENTRY, max_size=5), st.sampled_from([(1, 12), (1, 14), (1, 15), (1, 16)]), st.sampled_from([4, 8]))
def test_what_is_written_reads_the_same(entries: list[Entry], version: tuple[int, int], int_size: int) -> None:
    kept = tuple(
        replace(
            entry,
            method=entry.method if version >= (1, 14) else None,
            relkind=entry.relkind if version >= (1, 16) else 0,
        )
        for entry in entries
    )
    toc = Toc(
        version=version, revision=0, int_size=int_size, offset_size=8, format=TAR, compression="gzip", level=6,
        date=(1, 2, 3, 4, 5, 126, 0), names=(b"db", b"18.4", None), entries=kept,
    )  # fmt: skip
    raw = write_toc(toc, compression="gzip")
    file = io.BytesIO(raw + b"behind")
    again = read_toc(file)
    assert again.entries == kept
    assert file.read() == b"behind"
    assert write_toc(again, compression="gzip") == raw
    for cut in (3, len(raw) // 2, len(raw) - 1):
        with pytest.raises(ValueError, match=r"ends too early|PGDMP"):
            read_toc(io.BytesIO(raw[:cut]))


def test_a_custom_archive_of_15_is_read_to_its_data() -> None:
    with SHOP.open("rb") as file:
        toc = read_toc(file)
        assert file.read(1) == b"\x01"
    assert (toc.version, toc.compression, len(toc.entries)) == ((1, 14), "gzip", 41)
    assert sorted(entry.table for entry in toc.entries if entry.has_data) == [
        "public.events", "public.items", "public.orders", "public.payments", "public.users",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [b"", b"PGDMP", b"GARBAGE!", b"PGDMP\x02\x00\x00\x04\x08\x03", b"PGDMP\x01\x10\x00\x04\x08\x09\x01" + b"\0" * 99],
)
def test_what_is_no_table_of_contents_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"PGDMP|too early|not known"):
        read_toc(io.BytesIO(raw))
