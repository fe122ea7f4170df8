"""A table's data divided into tasks: small files whole, byte ranges of large ones, blocks of what must be unpacked."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from harness.snapshot.anonymize.rewrite.archive import Part
from harness.snapshot.anonymize.rewrite.lines import BLOCK_BYTES, blocks, rows_region
from harness.snapshot.anonymize.rewrite.pack import SUFFIXES
from harness.snapshot.anonymize.rewrite.work import Task, cut_off
from harness.snapshot.formats import Dump

WHOLE_FILE_BYTES = 8 * 1024 * 1024
"""Data files up to this size are the work of one process from end to end; larger ones are divided."""


def part_name(part: Part, packing: str) -> str:
    """The name of the target's data file for a part, with the suffix of its packing."""
    return f"{part.entry.file.decode() or f'{part.entry.dump_id}.dat'}{SUFFIXES[packing]}"


def divided(part: Part, common: Task, *, dump: Dump, table: str) -> Iterator[Task]:
    """The tasks of a part, the first and last marked."""
    if part.file is not None and part.size_bytes <= WHOLE_FILE_BYTES:
        yield replace(common, file=(part.file, part.packed), weight=part.size_bytes, first=True, last=True)
        return
    path = part.file or dump.path
    try:
        tasks = _spans(part.region, common) if part.region else _blocks(part, common)
        yield from _marked(tasks, common)
    except EOFError as error:
        raise cut_off(path, table, error) from None


def _spans(region: tuple[Path, int, int], common: Task) -> Iterator[Task]:
    path, start, end = region
    rows = (start, rows_region(path, start, end))
    for begin in range(start, rows[1], BLOCK_BYTES):
        last = min(begin + BLOCK_BYTES, rows[1])
        yield replace(common, span=(path, rows, begin, last), weight=last - begin)


def _blocks(part: Part, common: Task) -> Iterator[Task]:
    for block in blocks(part.chunks()):
        yield replace(common, block=block)


def _marked(tasks: Iterable[Task], common: Task) -> Iterator[Task]:
    """The tasks with the first and the last marked; a table without rows is one task without any."""
    held, first = None, True
    for task in tasks:
        if held is not None:
            yield replace(held, first=first)
            first = False
        held = task
    yield replace(held or common, first=first, last=True)
