"""Server logs that nobody wrote: whatever the bytes, a workload or an error that says what is wrong."""

import contextlib
import json
import tempfile
from pathlib import Path

import postgast
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.errors import HarnessError
from harness.workload.from_log import LogOptions, derive_from_log
from harness.workload.literals import template_of
from harness.workload.log_calls import parse_parameters
from harness.workload.log_files import LogForm
from harness.workload.log_stderr import StderrDecoder, compile_prefix
from harness.workload.outline import UnsuitedError
from harness.workload.recorded import StatementReader
from harness.workload.toml import operations_toml

MESSAGES = st.builds(
    lambda step, sql: f"duration: 1.0 ms  {step}: {sql}",
    st.sampled_from(["statement", "execute <unnamed>", "parse s", "execute fetch from a/b"]),
    st.one_of(
        st.text(),
        st.sampled_from(["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a", "SELECT 1; SELECT 'x'"]),
        st.from_regex(
            r"SELECT \* FROM t WHERE a = ('[a-z]{0,5}'|\d{1,30}|-\d|NULL|\$1|ANY\('\{[a-z,]{0,5}\}'\))", fullmatch=True
        ),
        st.from_regex(r"INSERT INTO t VALUES \((\d|'x'|\$\d|E'\\n')(, (1\.5|'y'))*\)( RETURNING id)?", fullmatch=True),
    ),
)
DETAILS = st.one_of(
    st.just(""), st.text(), st.from_regex(r"[Pp]arameters: \$1 = ('[^\x00]{0,9}'|NULL)(, \$2 = '5')?", fullmatch=True)
)


def derive(content: bytes, form: LogForm, prefix: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(content)
        with contextlib.suppress(HarnessError):
            operations_toml(derive_from_log([path], None, LogOptions(form=form, prefix=prefix)))


@settings(deadline=None)  # a file is written
@given(st.binary(max_size=2000), st.sampled_from(list(LogForm)))
def test_any_bytes(content: bytes, form: LogForm) -> None:
    derive(content, form, "%m [%p] ")


@settings(deadline=None)
@given(st.lists(st.tuples(MESSAGES, DETAILS, st.sampled_from(["LOG", "ERROR"])), max_size=6))
def test_any_statements(entries: list[tuple[str, str, str]]) -> None:
    lines = [
        {
            "timestamp": "2026-11-22 10:00:00.000 UTC",
            "pid": 1,
            "error_severity": severity,
            "message": m,
            "detail": d,
            "statement": m,
        }
        for m, d, severity in entries
    ]
    derive("\n".join(json.dumps(line) for line in lines).encode(errors="replace"), LogForm.JSONLOG)


@given(st.text(alphabet="%mtpcudahrilvxseqQnbPL- []:,\n5", max_size=6), st.lists(st.text(), max_size=5))
def test_any_prefix(prefix: str, lines: list[str]) -> None:
    try:
        decoder = StderrDecoder(prefix)
    except ValueError:
        return
    assert compile_prefix(prefix)
    entries = [entry for line in lines for entry in decoder.feed(line)] + list(decoder.finish())
    assert len(entries) == decoder.lines


@given(st.text())
def test_any_detail(detail: str) -> None:
    assert all(isinstance(number, int) for number in parse_parameters(detail))


@given(
    st.lists(
        st.sampled_from(["'a''b'", "5", "-- c\n", "/* d */", " ", "x", '"e"', "$1", "E'\\''", "$t$f$t$", "(", ",", "é"])
    )
)
def test_a_template_has_no_literal_left(parts: list[str]) -> None:
    template = template_of(" ".join(parts))
    literals = [part for part in parts if part[0] in "'5" or part.startswith(("E'", "$t"))]
    assert len(template.literals) == len(literals)
    assert template_of(template.text.replace("\0", "5")).text.split() == template.text.split()


@given(
    st.from_regex(
        r"SELECT [a-c](, [a-c])* FROM t WHERE [a-c] = (\d{1,4}|'[a-z]*') (AND [a-c] IN \(\d(, \d){0,9}\))?",
        fullmatch=True,
    )
)
def test_the_statement_is_the_same_after_its_values_changed(sql: str) -> None:
    reader = StatementReader()
    try:
        first = reader.read(sql, {})
    except UnsuitedError:
        return
    assert postgast.fingerprint(first.variant.text).hex == postgast.fingerprint(sql).hex
    changed = sql
    for literal in reversed(template_of(sql).literals):
        if not literal.quoted:
            changed = changed[: literal.start] + "77" + changed[literal.start + len(literal.value) :]
    assert reader.read(changed, {}).variant.identity == first.variant.identity
