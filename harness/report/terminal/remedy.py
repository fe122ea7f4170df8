"""The safer migration beside this one, for the terminal."""

from harness.report.terminal.canvas import Canvas, columns
from harness.report.view.model import RemedyRow, RemedyView
from harness.report.view.status import Status

_FIGURE = 24
"""Columns of a figure: "1,507 ms ± 0.1 ms" and its mark."""


def remedy_lines(remedy: RemedyView | None, canvas: Canvas) -> list[str]:
    """Figures in two columns, then what is gone, left and new; nothing where no alternative was asked for."""
    if remedy is None:
        return []
    label = min(46, canvas.width - 2 * (_FIGURE + 2) - 2)
    lines = [canvas.bold(canvas.text("The safer migration"))]
    lines += [f"  {line}" for line in canvas.wrap(remedy.sentence, canvas.width - 2)]
    if remedy.rows:
        head = f"  {canvas.fit('', label)}  {canvas.fit('as it is', _FIGURE)}  {canvas.fit('safer', _FIGURE)}"
        lines.append(canvas.bold(head.rstrip()))
        for row in remedy.rows:
            lines += _row(row, canvas, label)
    for title, texts in (("gone", remedy.gone), ("left", remedy.remaining), ("new", remedy.new)):
        for text in texts:
            first, *rest = canvas.wrap(text, canvas.width - 11)
            lines += [f"  {title:<7}  {first}", *(" " * 11 + line for line in rest)]
    for statement, hazard, why in remedy.kept:
        first, *rest = canvas.wrap(f"{statement} {hazard}: {why}".strip(), canvas.width - 11)
        lines += [f"  {'as it is':<8} {first}", *(" " * 11 + line for line in rest)]
    lines += [f"  {name:<8} {canvas.text(path)}" for name, path in _paths(remedy)]
    return lines


def _row(row: RemedyRow, canvas: Canvas, label: int) -> list[str]:
    first, *more = canvas.wrap(row.label, label)
    before, after = _figure(row.before_status, row.before, canvas), _figure(row.after_status, row.after, canvas)
    head = f"  {first}{' ' * (label - columns(first))}  {before}  {after}"
    return [head.rstrip(), *(f"  {line}" for line in more)]


def _figure(state: Status, text: str, canvas: Canvas) -> str:
    mark = " " if state is Status.NOTE else state.mark
    return canvas.paint(canvas.fit(f"{mark} {text}", _FIGURE), state)


def _paths(remedy: RemedyView) -> list[tuple[str, str]]:
    found = [("sql", path) for path in remedy.files]
    return [*found, ("report", remedy.after_report)] if remedy.after_report else found
