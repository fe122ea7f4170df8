"""Log files as entries: jsonlog, csvlog or stderr, plain or packed, read as they stream by."""

import codecs
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

import zstandard
from isal import igzip, isal_zlib

from harness.model.errors import SpecError
from harness.postgres.log_lines import LogDecoder, LogLine
from harness.workload.log_stderr import StderrDecoder, compile_prefix, likely_prefix, prefix_matches

_CHUNK_BYTES: Final = 1 << 20
_HEAD_BYTES: Final = 1 << 16  # enough for some hundred entries, from which the form is recognised
_LOOKED_AT: Final = 500  # lines of it
_MAX_LINE: Final = 16 << 20  # bytes or characters without a line break; what is longer is no log
# RFC 1952 section 2.3.1; RFC 8878 section 3.1.1.
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_DAMAGED: Final[tuple[Any, ...]] = (
    EOFError,
    zlib.error,
    zstandard.ZstdError,
    igzip.BadGzipFile,
    isal_zlib.error,
)


class LogForm(StrEnum):
    """The form of a server log; `auto` looks at its beginning."""

    AUTO = "auto"
    JSONLOG = "jsonlog"
    CSVLOG = "csvlog"
    STDERR = "stderr"


@dataclass(slots=True)
class LogReading:
    """What was read of log files so far."""

    entries: int = 0
    undecodable: int = 0
    cut_off: list[str] = field(default_factory=list)
    """Names of packed files that end in the middle."""


def read_entries(path: Path, *, form: LogForm, prefix: str, reading: LogReading) -> Iterator[LogLine]:
    """The entries of one file, in order; SpecError where it cannot be read or its form is not recognised.

    A packed file that is cut off gives what it has: a log is often copied while it is written.
    """
    with _opened(path) as file:
        source = _chunks(file, path, reading)
        head = b""
        for chunk in source:
            head += chunk
            if len(head) >= _HEAD_BYTES:
                break
        if not head.strip():
            return
        found = _form_of(head) if form is LogForm.AUTO else form
        pieces = _again(head, source)
        if found is LogForm.STDERR:
            yield from _plain(pieces, prefix or _prefix_of(head, path), path, reading)
        else:
            yield from _machine(pieces, found, reading)


def _machine(pieces: Iterable[bytes], form: LogForm, reading: LogReading) -> Iterator[LogLine]:
    decoder = LogDecoder(form.value, any_zone=True, max_entry=_MAX_LINE)
    lines = undecodable = 0
    for piece in chain(pieces, (b"\n",)):  # the last entry may lack its end
        yield from decoder.feed(piece)
        reading.entries += decoder.lines - lines
        reading.undecodable += decoder.undecodable - undecodable
        lines, undecodable = decoder.lines, decoder.undecodable


def _plain(pieces: Iterable[bytes], prefix: str, path: Path, reading: LogReading) -> Iterator[LogLine]:
    try:
        decoder = StderrDecoder(prefix)
    except ValueError as error:
        raise SpecError(str(error), path=path, hint="give the server's own: SHOW log_line_prefix") from None
    if not {"p", "c"} & compile_prefix(prefix).groupindex.keys():
        hint = "transactions cannot be told apart; log with %m [%p], or in jsonlog or csvlog"
        raise SpecError("log_line_prefix has neither %p nor %c", path=path, hint=hint)
    for line in _lines(pieces):
        yield from decoder.feed(line)
    yield from decoder.finish()
    reading.entries += decoder.lines
    reading.undecodable += decoder.undecodable


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + decode(piece)).split("\n")
        yield from (line.removesuffix("\r") for line in lines)
        rest = rest[:_MAX_LINE]
    if rest:
        yield rest


def _form_of(head: bytes) -> LogForm:
    """What most of the lines are: a csv entry may begin a line of another log, and the other way round."""
    if head.lstrip().startswith(b"{"):
        return LogForm.JSONLOG
    lines = head.split(b"\n")[:_LOOKED_AT]
    csv = len(LogDecoder(LogForm.CSVLOG.value, any_zone=True).feed(b"\n".join(lines) + b"\n"))
    plain = prefix_matches([line.decode(errors="replace") for line in lines])
    return LogForm.CSVLOG if csv > plain else LogForm.STDERR


def _prefix_of(head: bytes, path: Path) -> str:
    found = likely_prefix(head.decode(errors="replace").split("\n")[:_LOOKED_AT])
    if found is None:
        hint = "give --log-line-prefix as the server has it (SHOW log_line_prefix), or log in jsonlog or csvlog"
        raise SpecError("is no server log with a usual log_line_prefix", path=path, hint=hint)
    return found


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            if magic.startswith(_GZIP):
                with igzip.open(raw, "rb") as file:  # type: ignore[no-untyped-call] # isal has no types
                    yield file
            elif magic == _ZSTD:
                with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as file:
                    yield file
            else:
                yield raw
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", path=path) from None


def _chunks(file: IO[bytes], path: Path, reading: LogReading) -> Iterator[bytes]:
    while True:
        try:
            chunk = file.read(_CHUNK_BYTES)
        except _DAMAGED:
            reading.cut_off.append(path.name)
            return
        if not chunk:
            return
        yield chunk


def _again(head: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from source
