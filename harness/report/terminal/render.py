"""Put the terminal report together."""

from harness.report.terminal.canvas import Canvas, columns
from harness.report.terminal.findings import finding_lines
from harness.report.terminal.picture import picture
from harness.report.terminal.remedy import remedy_lines
from harness.report.terminal.traffic import error_lines, trust_texts
from harness.report.view.model import BudgetRow, PhaseRow, View
from harness.report.words import UNUSED_ACCEPTS

_INDENT = 12
"""Where the label of a budget begins: after the longest status."""

_SMALLEST = 60
"""Narrower terminals get lines of 60 columns, which they wrap themselves: tables cannot get any smaller."""

_WITH_NOTES = 84
"""Below this width the last column of the phase table would squeeze the others."""


def render_terminal(
    view: View,
    *,
    width: int = 100,
    ascii: bool = False,  # noqa: A002 - named as the option
    color: bool = False,
    report_path: str = "",
) -> str:
    """The whole report in at most `width` columns (60 at least), ending in a newline."""
    canvas = Canvas(width=max(width, _SMALLEST), ascii=ascii, color=color)
    blocks = [
        [canvas.dim(line) for line in canvas.wrap(view.header, canvas.width)],
        _phases(view.phases, canvas),
        picture(view.timeline, canvas) if view.timeline else [],
        *(finding_lines(finding, canvas) for finding in view.findings),
        _budgets("Budgets", view.budgets, canvas),
        _budgets("Invariants", view.invariants, canvas),
        error_lines(view.errors, canvas),
        _bullets("At production's size (estimated from the quiet pass by bytes)", _expected(view), canvas),
        _opinion(view, canvas),
        _bullets("Can these figures be trusted?", tuple(trust_texts(view)), canvas),
        _bullets(UNUSED_ACCEPTS, view.unused_accepts, canvas),
        remedy_lines(view.remedy, canvas),
        _bullets("Not proven", view.not_proven, canvas),
        [*_verdict(view, canvas), *_path(report_path, canvas)],
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


def render_brief(view: View, *, ascii: bool = False, color: bool = False) -> str:  # noqa: A002 - named as the option
    """The verdict and its sentence on one line, for -q."""
    canvas = Canvas(width=0, ascii=ascii, color=color)
    word = canvas.bold(canvas.paint(view.verdict_word, view.status))
    return f"{word}  {canvas.text(' '.join(view.sentence.split()))}\n"


def _verdict(view: View, canvas: Canvas) -> list[str]:
    """The word and the sentence, then the counts."""
    indent = " " * (len(view.verdict_word) + 2)
    said = [
        *canvas.wrap(view.sentence, canvas.width - len(indent)),
        *canvas.wrap(view.summary, canvas.width - len(indent)),
    ]
    first = canvas.bold(canvas.paint(view.verdict_word, view.status)) + "  " + canvas.bold(said[0])
    return [first, *(indent + line for line in said[1:])]


def _path(report_path: str, canvas: Canvas) -> list[str]:
    return [f"report  {canvas.text(report_path)}"] if report_path else []


def _phases(rows: tuple[PhaseRow, ...], canvas: Canvas) -> list[str]:
    """Name, what it worked on, status, time, what stood out; what stood out is kept longest when room is short."""
    words = [f"{row.status.mark} {row.status.value}" for row in rows]
    name, status, time, note = (
        min(most, max((columns(canvas.text(cell)) for cell in cells), default=0))
        for most, cells in (
            (14, [row.name for row in rows]),
            (10, words),
            (10, [row.duration for row in rows]),
            (26 if canvas.width >= _WITH_NOTES else 0, [row.note for row in rows]),
        )
    )
    what = canvas.width - 2 - name - 2 - status - 1 - time - 2 - note
    what = min(what, max((columns(canvas.text(row.what)) for row in rows), default=0))
    lines = []
    for row, word in zip(rows, words, strict=True):
        painted = canvas.paint(canvas.fit(word, status), row.status)
        head = f"  {canvas.fit(row.name, name)}  {canvas.fit(row.what, what)} {painted}"
        lines.append(f"{head} {canvas.text(row.duration):>{time}}  {canvas.fit(row.note, note) if note else ''}")
    return lines


def _budgets(title: str, rows: tuple[BudgetRow, ...], canvas: Canvas) -> list[str]:
    """Status, label, limit, found, who; a note stands below its row."""
    if not rows:
        return []
    limit = _column("limit", [row.limit for row in rows], canvas, 16)
    found = _column("found", [row.found for row in rows], canvas, 28)
    blame = _column("", [row.blame for row in rows], canvas, 16)
    label = canvas.width - _INDENT - 2 - limit - 2 - found - 2 - blame
    label = min(label, 2 + max(columns(canvas.text(row.label)) for row in rows))
    head = [canvas.fit(title, _INDENT + label), canvas.fit("limit", limit), canvas.fit("found", found)]
    lines = [canvas.bold("  ".join(head).rstrip())]
    for row in rows:
        status = canvas.paint(canvas.fit(f"{row.status.mark} {row.status.value}", _INDENT - 2), row.status)
        cells = [canvas.fit(row.limit, limit), canvas.fit(row.found, found), canvas.fit(row.blame, blame)]
        first, *more = canvas.wrap(row.label, label)
        lines.append(f"  {status}{canvas.fit(first, label)}  " + "  ".join(cells))
        lines += [" " * _INDENT + line for line in more]
        notes = canvas.wrap(row.note, canvas.width - _INDENT - 2) if row.note else []
        lines += [" " * (_INDENT + 2) + canvas.dim(note) for note in notes]
    return lines


def _opinion(view: View, canvas: Canvas) -> list[str]:
    """One line, then what was confirmed and what nobody predicted; style is only counted."""
    if view.opinion is None:
        return []
    shown = [row for row in view.opinion.rows if row.word != "style"]
    texts = tuple(f"{row.word}: {' '.join((row.statement, row.rule)).strip()}: {row.text}" for row in shown)
    head, *more = _bullets("Second opinion", (view.opinion.sentence, *texts), canvas)
    return [head, *more]


def _column(head: str, cells: list[str], canvas: Canvas, most: int) -> int:
    return min(most, max(len(head), *(columns(canvas.text(cell)) for cell in cells)))


def _expected(view: View) -> tuple[str, ...]:
    """The statements whose work grows with the table; those that take as long as here go without saying."""
    texts = [(row.id, row.at_production) for row in view.statements if row.at_production]
    return tuple(f"{id_}  {text}" for id_, text in texts if not text.endswith("as here"))


def _bullets(title: str, texts: tuple[str, ...], canvas: Canvas) -> list[str]:
    if not texts:
        return []
    lines = [canvas.bold(line) for line in canvas.wrap(title, canvas.width)]
    for text in texts:
        first, *rest = canvas.wrap(text, canvas.width - 4)
        lines += [f"  {canvas.text('·')} {first}", *(f"    {line}" for line in rest)]
    return lines
