"""Logs of every form to the same entries, calls and transactions."""

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from harness.model.errors import SpecError
from harness.postgres.log_lines import LogLine
from harness.workload.log_calls import Call, CallReader, parse_parameters
from harness.workload.log_files import LogForm, LogReading, read_entries
from harness.workload.log_stderr import USUAL_PREFIXES, StderrDecoder, likely_prefix
from harness.workload.transactions import LoggedTransaction, TransactionReader

TIME = "2026-11-22 10:00:00.250 CET"
DURATION = "duration: 1.500 ms  execute <unnamed>: SELECT *\nFROM t WHERE id = $1"
DETAIL = "Parameters: $1 = 'it''s'"


def jsonlog(message: str, **fields: object) -> str:
    entry = {"timestamp": TIME, "pid": 7, "session_id": "a.7", "error_severity": "LOG", "message": message}
    return json.dumps(entry | fields) + "\n"


def csvlog(message: str, detail: str = "") -> str:
    fields = [TIME, "anna", "shop", "7", "", "a.7", "1", "SELECT", TIME, "3/4", "0", "LOG", "00000", message, detail]
    quoted = [
        '"' + field.replace('"', '""') + '"' if field else "" for field in (*fields, *[""] * 7, "app", "", "", "")
    ]
    return ",".join(quoted) + "\n"


def read(path: Path, **options: str) -> list[LogLine]:
    form, prefix = LogForm(options.get("form", "auto")), options.get("prefix", "")
    return list(read_entries(path, form=form, prefix=prefix, reading=LogReading()))


def calls(*lines: LogLine) -> list[Call]:
    return list(CallReader().read(lines))


def line(message: str, *, severity: str = "LOG", **fields: object) -> LogLine:
    given = {"wall_ns": 10**18, "pid": 7, "severity": severity, "message": message} | fields
    return LogLine(**given)  # type: ignore[arg-type]


def test_the_three_forms_give_the_same_call(tmp_path: Path) -> None:
    plain = f"{TIME} [7] LOG:  {DURATION}".replace("\n", "\n\t") + f"\n{TIME} [7] DETAIL:  {DETAIL}\n"
    found = []
    for name, text in (("j", jsonlog(DURATION, detail=DETAIL)), ("c", csvlog(DURATION, DETAIL)), ("s", plain)):
        (tmp_path / name).write_text(text)
        (call,) = calls(*read(tmp_path / name))
        found.append((call.end_ns, call.duration_ns, call.sql, dict(call.values)))
    assert found == [(found[0][0], 1_500_000, "SELECT *\nFROM t WHERE id = $1", {1: "it's"})] * 3


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_packed_logs(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    packed = pack(jsonlog(DURATION).encode() * 5000)
    (tmp_path / "log").write_bytes(packed)
    assert len(read(tmp_path / "log")) == 5000
    (tmp_path / "cut").write_bytes(packed[: len(packed) // 2])
    reading = LogReading()
    entries = list(read_entries(tmp_path / "cut", form=LogForm.JSONLOG, prefix="", reading=reading))
    assert 0 <= len(entries) < 5000


def test_a_form_is_what_most_lines_are(tmp_path: Path) -> None:
    plain = f"{TIME} [7] LOG:  checkpoint starting\n"
    (tmp_path / "log").write_text(plain + csvlog("x") + plain)
    assert [entry.message for entry in read(tmp_path / "log")] == [
        "checkpoint starting\n" + csvlog("x")[:-1],
        "checkpoint starting",
    ]


@pytest.mark.parametrize("prefix", USUAL_PREFIXES)
def test_usual_prefixes_are_recognised(prefix: str) -> None:
    values = {
        "m": TIME, "t": "2026-11-22 10:00:00 UTC", "p": "7", "c": "6b02e914.31d2", "u": "anna", "d": "shop",
        "a": "my app", "h": "10.0.0.1", "r": "10.0.0.1(5432)", "l": "3", "e": "00000", "s": "2026-11-22 09:00:00 UTC",
        "v": "3/4", "x": "0", "q": "", "i": "SELECT",
    }  # fmt: skip
    text = prefix
    for letter, value in values.items():
        text = text.replace(f"%{letter}", value)
    lines = [f"{text}LOG:  duration: 0.1 ms", f"{text}DETAIL:  x", "\tmore"]
    found = likely_prefix(lines)
    assert found is not None
    decoder = StderrDecoder(found)
    entries = [*(entry for one in lines for entry in decoder.feed(one)), *decoder.finish()]
    assert [(entry.message, entry.detail) for entry in entries] == [("duration: 0.1 ms", "x\nmore")]
    assert entries[0].pid == 7 or entries[0].session


def test_entries_of_two_sessions_may_alternate() -> None:
    decoder = StderrDecoder("%m [%p] ")
    lines = (f"{TIME} [1] LOG:  a", f"{TIME} [2] LOG:  b", f"{TIME} [1] DETAIL:  of a", f"{TIME} [3] HINT:  of nobody")
    found = [*(entry for text in lines for entry in decoder.feed(text)), *decoder.finish()]
    assert {(entry.pid, entry.message, entry.detail) for entry in found} == {(1, "a", "of a"), (2, "b", "")}
    assert decoder.undecodable == 1


def test_what_is_no_log_says_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello\nworld\n")
    with pytest.raises(SpecError, match="log-line-prefix"):
        read(tmp_path / "x")
    with pytest.raises(SpecError, match="neither %p nor %c"):
        read(tmp_path / "x", form="stderr", prefix="%m ")
    with pytest.raises(SpecError, match="no escape %Y"):
        read(tmp_path / "x", form="stderr", prefix="%Y %p")
    with pytest.raises(SpecError, match="cannot be read"):
        read(tmp_path / "nowhere")


def test_parameters_of_both_wordings() -> None:
    assert parse_parameters("parameters: $1 = '5', $2 = NULL, $3 = ''") == {1: "5", 2: None, 3: ""}
    assert parse_parameters("Parameters: $1 = 'a, $2 = ''b'''") == {1: "a, $2 = 'b'"}
    assert parse_parameters("Key (id)=(5) already exists.") == {}


def test_parse_and_bind_are_no_calls() -> None:
    found = calls(
        line("duration: 0.1 ms  parse <unnamed>: SELECT 1"),
        line("duration: 0.1 ms  bind <unnamed>: SELECT 1"),
        line("duration: 0.2 ms  execute <unnamed>: SELECT 1"),
        line("duration: 0.3 ms  execute fetch from <unnamed>/C_1: SELECT 1"),
        line("duration: 9.0 ms  plan:\nQuery Text: SELECT 1"),
    )
    assert [(call.sql, call.duration_ns) for call in found] == [("SELECT 1", 200_000)]


def test_log_statement_with_log_duration() -> None:
    found = calls(
        line("duration: 0.1 ms"),  # of a parse
        line("execute s1: SELECT $1", detail=DETAIL),
        line("duration: 2.0 ms"),
        line("statement: SELECT 2"),
        line("statement: SELECT 3"),
    )
    assert [(call.sql, call.duration_ns) for call in found] == [
        ("SELECT $1", 2_000_000),
        ("SELECT 2", None),
        ("SELECT 3", None),
    ]
    assert found[0].values == {1: "it's"}


def test_a_failure_is_a_call_that_failed() -> None:
    (one,) = calls(
        line("statement: SELECT 1/0"),
        line("division by zero", severity="ERROR", sqlstate="22012", statement="SELECT 1/0"),
    )
    assert (one.sql, one.sqlstate) == ("SELECT 1/0", "22012")
    assert calls(line("could not connect", severity="FATAL")) == []


def transactions(*statements: str, vxid: str = "", sqlstate: str = "") -> list[LoggedTransaction]:
    reader = TransactionReader()
    found: list[LoggedTransaction] = []
    for number, sql in enumerate(statements):
        failed = sqlstate if sql.startswith("FAIL") else ""
        found += reader.read(Call("s", 10**18 + number, 1000, sql, {}, vxid, failed))
    return [*found, *reader.finish()]


def texts(found: list[LoggedTransaction]) -> list[tuple[str, list[str]]]:
    return [(one.end, [step.control or step.sql for step in one.steps]) for one in found]


def test_transactions_are_what_stands_between_begin_and_end() -> None:
    found = transactions(
        "BEGIN", "SELECT 1", "SELECT 2", "COMMIT", "SELECT 3", "/* x */ begin", "SELECT 4", "rollback;"
    )
    assert texts(found) == [("commit", ["SELECT 1", "SELECT 2"]), ("commit", ["SELECT 3"]), ("rollback", ["SELECT 4"])]
    assert [one.explicit for one in found] == [True, False, True]


def test_modes_savepoints_and_several_statements_in_one() -> None:
    (one,) = transactions(
        'BEGIN ISOLATION LEVEL serializable; SAVEPOINT "anna@example.org"', "FAIL", 'ROLLBACK TO "anna@example.org"',
        "SELECT ';'; SELECT 2;", "END", sqlstate="23505",
    )  # fmt: skip
    assert (one.begin, one.sqlstate) == ("BEGIN ISOLATION LEVEL SERIALIZABLE", "")
    assert texts([one]) == [("commit", ["SAVEPOINT s1", "FAIL", "ROLLBACK TO s1", "SELECT ';'", "SELECT 2"])]


def test_the_transaction_number_joins_a_pipeline() -> None:
    assert texts(transactions("SELECT 1", "SELECT 2", vxid="3/7")) == [("commit", ["SELECT 1", "SELECT 2"])]
    assert len(transactions("SELECT 1", "SELECT 2", vxid="3/0")) == 2


def test_an_unfinished_transaction_is_told_as_such() -> None:
    assert texts(transactions("BEGIN", "SELECT 1")) == [("unknown", ["SELECT 1"])]
    assert transactions("COMMIT", "ROLLBACK") == []


def test_a_failed_transaction_keeps_its_sqlstate() -> None:
    (one,) = transactions("BEGIN", "SELECT 1", "FAIL", "ROLLBACK", sqlstate="40001")
    assert one.sqlstate == "40001"
