"""Errors by who felt them, and whether the figures can be trusted, in lines."""

from collections.abc import Iterator, Sequence

from harness.report.terminal.canvas import Canvas
from harness.report.view.model import View
from harness.report.view.status import Status
from harness.report.view.traffic_model import ErrorRow

_FELT = ("users saw", "absorbed", "expected")
_MOST = 8
"""More rows would push the verdict off the screen; the HTML report has all."""


def error_lines(rows: Sequence[ErrorRow], canvas: Canvas) -> list[str]:
    """The table of errors: numbers first, then what it was, then its first text."""
    if not rows:
        return []
    numbers = [(row.seen, row.absorbed, row.expected) for row in rows]
    widths = [max(len(head), *(len(cell[i]) for cell in numbers)) for i, head in enumerate(_FELT)]
    heads = "  ".join(f"{head:>{width}}" for head, width in zip(_FELT, widths, strict=True))
    lines = [canvas.bold(f"{'Errors':<8}{heads}")]
    indent = " " * (8 + sum(widths) + 2 * len(widths))
    for row, cells in list(zip(rows, numbers, strict=True))[:_MOST]:
        felt = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        mark = canvas.paint(canvas.fit(row.status.mark, 6), row.status)
        room = canvas.width - len(indent)
        first, *rest = canvas.wrap(f"{row.sqlstate} {row.error_class}: {row.operation}", room)
        lines += [f"  {mark}{felt}  {first}", *(indent + line for line in rest)]
        lines += [indent + canvas.dim(line) for line in (canvas.wrap(row.message, room) if row.message else [])]
    if len(rows) > _MOST:
        lines.append(f"  and {len(rows) - _MOST} more, in the report")
    return lines


def trust_texts(view: View) -> Iterator[str]:
    """What stands in the way or limits the figures; what is sound, in one; the noise floor; what was noted."""
    for row in view.trust.rows:
        if row.status is not Status.OK:
            yield f"{row.status.mark} {row.status.value}: {row.label}: {row.found}, needed {row.limit} ({row.note})"
    sound = [f"{row.label} ({row.found})" for row in view.trust.rows if row.status is Status.OK]
    if sound:
        yield f"{Status.OK.mark} {', '.join(sound)}"
    yield from _noise(view.trust.noise)
    yield from (_quality(*one) for one in view.quality)


def _noise(rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    if len(rows) < 3:
        yield from (f"{label.lower()} {text}" for label, text in rows)
        return
    (_, what), *parts, (_, how) = rows
    yield f"noise floor, {what}: {', '.join(f'{label.lower()} {text}' for label, text in parts)} ({how})"


def _quality(status: Status, text: str, remedy: str) -> str:
    said = text if status is Status.NOTE else f"{status.mark} {status.value}: {text}"
    return said + (f" ({remedy})" if remedy else "")
