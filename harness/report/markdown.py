"""Markdown for a comment on a pull or merge request and for a job summary."""

import re
from collections.abc import Callable, Sequence

from harness.model.units import plural
from harness.report.view import View
from harness.report.view.model import FindingView
from harness.report.view.status import Status
from harness.report.words import UNUSED_ACCEPTS, one_line

MARKER = "<!-- rehearse:report -->"
"""First line of every comment, by which the next run finds and edits it."""

MOST_BYTES = 60_000
"""GitHub refuses comments over 65,536 characters; the rest is room for what a bot adds around it."""

_TABLE_ROWS = 60

Section = Callable[[View], list[str]]


def render_markdown(view: View, *, link: str = "") -> str:
    """The comment, at most MOST_BYTES of UTF-8: details are dropped section by section, the verdict never.

    `link` is where the full report is, "" when it has no address.
    """
    sections: list[Callable[[View], list[str]]] = [
        _budgets,
        _findings,
        _remedy,
        _statements,
        _operations,
        _errors,
        _workload,
        _rollback,
        _opinion,
        _trust,
        _not_proven,
    ]
    dropped = False
    while True:
        text = _document(view, sections, link, dropped=dropped)
        if len(text.encode()) <= MOST_BYTES or not sections:
            return _cut(text)
        sections, dropped = sections[:-1] if len(sections) != 2 else [_budgets], True


def _document(view: View, sections: Sequence[Section], link: str, *, dropped: bool) -> str:
    lines = [
        MARKER,
        "",
        f"### {view.status.mark} {view.verdict_word}: {escape(view.sentence)}",
        "",
        escape(view.summary),
    ]
    for section in sections:
        body = section(view)
        lines += ["", *body] if body else []
    if dropped:
        lines += ["", "_Shortened: the full report has everything._"]
    if link:
        address = re.sub(r"[<>\s]", "", link)
        lines += ["", f"[Full report](<{address}>)"]
    return "\n".join([*lines, "", f"<sub>{escape(view.header)}</sub>", ""])


def _cut(text: str) -> str:
    """A last resort for a sentence of absurd length."""
    return text if len(text.encode()) <= MOST_BYTES else text.encode()[: MOST_BYTES - 4].decode(errors="ignore") + "…\n"


def escape(text: str) -> str:
    """`text` on one line, such that Markdown and HTML take every character of it literally.

    >>> escape("a|b <i> *x*")
    'a\\\\|b &lt;i&gt; \\\\*x\\\\*'
    """
    plain = one_line("".join(char if char.isprintable() else " " for char in text))
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    return re.sub(r"([\\\\`*_{}\[\]#|~$])", r"\\\1", plain)


def fence(text: str, language: str = "") -> list[str]:
    """A code block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    printable = "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)
    return [ticks + language, *printable.splitlines(), ticks]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(escape(cell) for cell in row) + " |" for row in rows[:_TABLE_ROWS]]
    if len(rows) > _TABLE_ROWS:
        lines += ["", f"and {plural(len(rows) - _TABLE_ROWS, 'more row')}"]
    return lines


def _budgets(view: View) -> list[str]:
    rows = [(f"{r.status.mark} {r.status.value}", r.label, r.limit, r.found, r.blame) for r in view.budgets]
    return _table(("", "Budget", "Limit", "Found", "By"), rows) if rows else []


def _findings(view: View) -> list[str]:
    lines: list[str] = []
    for finding in view.findings:
        if finding.level != "note" and finding.accepted is None:
            lines += ["", *_finding(finding)]
    folded = [f"- {escape(f.title)} ({_why(f)})" for f in view.findings if f.level == "note" or f.accepted is not None]
    lines = lines[1:] + (["", *_details("Notes and accepted findings", folded)] if folded else [])
    unused = [f"- {escape(text)}" for text in view.unused_accepts]
    return [*lines, *(["", f"**{UNUSED_ACCEPTS}**", "", *unused] if unused else [])]


def _why(finding: FindingView) -> str:
    return "note" if finding.accepted is None else f"accepted: {escape(finding.accepted)}"


def _finding(finding: FindingView) -> list[str]:
    lines = [f"#### {finding.status.mark} {finding.level} {escape(f'[{finding.id}]')} {escape(finding.title)}", ""]
    if finding.location:
        lines += [f"{escape(finding.location)} · {escape(finding.marker)}", "", *fence(finding.excerpt, "sql"), ""]
    lines += _chain(finding)
    lines += [f"- {escape(text)}" for text in finding.evidence]
    if finding.impact:
        lines.append(f"- **Impact** {escape(finding.impact)}")
    if finding.remedy:
        lines += ["", "**Help**", "", *fence(finding.remedy, "sql")]
    return lines


def _chain(finding: FindingView) -> list[str]:
    """The blocking chain as a nested list, and below it who waited how long in all."""
    chain = finding.chain
    if not chain.links:
        return []
    lines = [f"Blocking chain {escape(chain.moment)}:", ""]
    for link in chain.links:
        query = f" {_code(link.query)}" if link.query else ""
        lines.append(f"{'  ' * link.depth}- **{escape(link.who)}** {escape(link.what)}{query}")
    paid = [f"- {escape(share)}" for share in chain.shares]
    return [*lines, "", *(["Who waited for it, in all:", "", *paid, ""] if paid else [])]


def _code(text: str) -> str:
    """Inline code, whose fence is longer than any run of backticks inside."""
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    plain = "".join(char if char.isprintable() else " " for char in one_line(text))
    return f"{ticks}{pad}{plain}{pad}{ticks}"


def _remedy(view: View) -> list[str]:
    remedy = view.remedy
    if remedy is None:
        return []
    lines = [f"#### {remedy.status.mark} {escape(remedy.sentence)}", ""]
    head = ("", "Limit", "As it is", "Safer")
    rows = [
        (r.label, r.limit, _marked(r.before_status, r.before), _marked(r.after_status, r.after)) for r in remedy.rows
    ]
    lines += _table(head, rows) if rows else []
    found = (("gone", remedy.gone), ("remaining", remedy.remaining), ("new", remedy.new))
    told = [f"- {word}: {escape(text)}" for word, texts in found for text in texts]
    told += [f"- left as it is: {escape(' '.join((where, hazard)).strip())}: {escape(why)}"
             for where, hazard, why in remedy.kept]  # fmt: skip
    told += [f"- {escape(path)}" for path in (*remedy.files, remedy.after_report) if path]
    return [*lines, "", *told] if told else lines


def _marked(state: Status, text: str) -> str:
    return text if state is Status.NOTE else f"{state.mark} {text}"


def _details(summary: str, body: Sequence[str]) -> list[str]:
    return ["<details>", f"<summary>{summary}</summary>", "", *body, "", "</details>"]


def _statements(view: View) -> list[str]:
    head = ("", "SQL", "Work", "Held", "Waited", "Blocked others", "Actors", "Result")
    rows = [
        (s.id, one_line(s.sql, limit=90), s.work, s.held, s.waited, s.blocked, s.blocked_actors, s.outcome)
        for s in view.statements
    ]
    return _details(plural(len(rows), "statement"), _table(head, rows)) if rows else []


def _operations(view: View) -> list[str]:
    head = ("Operation", "Version", "Offered", "Failed", "Baseline p99", "Migrating p99", "Factor")
    rows = [
        (o.name, o.version, o.offered, o.errors or o.failed, o.baseline_p99, o.migrate_p99, o.factor)
        for o in view.operations
    ]
    parts = ("Migrating", "Response p50", "Response p99", "Response max", "Pool wait p99", "Service p99")
    times = [
        (t.operation, t.p50, t.p99, t.top, t.waited_p99, t.served_p99) for t in view.times if t.window == "migrating"
    ]
    apart = ["", *_table(parts, times)] if times else []
    return _details(plural(len(rows), "operation"), [*_table(head, rows), *apart]) if rows else []


def _errors(view: View) -> list[str]:
    head = ("Operation", "SQLSTATE", "Class", "Users saw", "Absorbed by a retry", "Expected")
    rows = [(e.operation, f"{e.sqlstate} {e.message}".strip(), e.error_class, e.seen, e.absorbed, e.expected)
            for e in view.errors]  # fmt: skip
    return _details("Errors: seen by users, absorbed by retries, expected", _table(head, rows)) if rows else []


def _workload(view: View) -> list[str]:
    workload = view.workload
    if workload is None:
        return []
    lines = [f"- {escape(label)}: {escape(text)}" for label, text in workload.facts]
    if workload.course:
        head = ("Phase", "Scheduled", "Offered", "Busiest second", "Completed", "Versions")
        rows = [(c.phase, c.scheduled, c.offered, c.peak, c.completed, c.mix) for c in workload.course]
        lines += ["", *_table(head, rows)]
    if workload.uncovered:
        lines += ["", f"Not covered: {plural(len(workload.uncovered), 'statement')} of the source"]
    return _details("Workload", lines)


def _opinion(view: View) -> list[str]:
    if view.opinion is None:
        return []
    rows = [(row.word, row.rule, row.statement, row.text) for row in view.opinion.rows]
    table = _table(("", "Rule or hazard", "Statement", "What is said"), rows) if rows else []
    return _details("Second opinion", [escape(view.opinion.sentence), "", *table])


def _trust(view: View) -> list[str]:
    rows = [(f"{r.status.mark} {r.status.value}", r.label, r.limit, r.found, r.note) for r in view.trust.rows]
    lines = _table(("", "Aspect", "Needed", "Found", "What to do"), rows) if rows else []
    noise = [f"- {escape(label)}: {escape(text)}" for label, text in view.trust.noise]
    lines += ["", *noise] if noise else []
    return _details("Can these figures be trusted?", lines) if lines else []


def _rollback(view: View) -> list[str]:
    back = view.rollback
    lines = [f"**{escape(back.result)}**: {escape(back.sentence)}", ""]
    lines += [f"- {escape(label)}: {escape(text)}" for label, text in (*back.facts, *back.ledger)]
    lines += [
        f"- {escape(name)}: {escape(before)} rows before, {escape(after)} after" for name, before, after in back.tables
    ]
    if back.diff:
        lines += ["", *fence("\n".join(f"{line.sign} {line.text}" for line in back.diff[:200]), "diff")]
    return _details("Rollback", lines)


def _not_proven(view: View) -> list[str]:
    lines = [f"- {escape(text)}" for text in view.not_proven]
    return _details("Not proven", lines) if lines else []
