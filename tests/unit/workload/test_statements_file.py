"""Exports of pg_stat_statements as they come."""

import json
from pathlib import Path

import pytest

from harness.model.errors import SpecError
from harness.model.units import NS_PER_S
from harness.workload.statements_file import read_statements

HEADER = "userid,dbid,toplevel,query,calls,total_exec_time,rows\n"


def export(tmp_path: Path, text: str, name: str = "statements.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_with_quotes_and_lines_in_a_query(tmp_path: Path) -> None:
    path = export(tmp_path, HEADER + '10,5,t,"SELECT ""A""\nFROM t",4,2.5,8\n')
    (one,) = read_statements(path).statements
    assert (one.query, one.calls, one.rows, one.time_ns) == ('SELECT "A"\nFROM t', 4, 8, 2_500_000)


def test_users_are_summed_databases_are_chosen_and_nested_statements_are_left_out(tmp_path: Path) -> None:
    rows = "10,5,t,SELECT 1,4,2,4\n11,5,t,SELECT 1,6,1,6\n10,5,f,SELECT 2,99,99,99\n10,6,t,SELECT 3,1,9,1\n"
    recorded = read_statements(export(tmp_path, HEADER + rows), dbid="5")
    assert [(one.query, one.calls, one.time_ns) for one in recorded.statements] == [("SELECT 1", 10, 3_000_000)]
    assert recorded.nested == 1
    everything = read_statements(export(tmp_path, HEADER + rows))
    assert [one.query for one in everything.statements] == ["SELECT 3", "SELECT 1"]


@pytest.mark.parametrize("by_line", [True, False])
def test_json_and_old_names(tmp_path: Path, by_line: bool) -> None:
    rows = [{"query": "SELECT 1", "calls": 2, "total_time": 4.0, "rows": 2}, {"query": "SELECT 2", "calls": 1}]
    text = "\n".join(json.dumps(row) for row in rows) if by_line else json.dumps(rows)
    statements = read_statements(export(tmp_path, text)).statements
    assert [(one.query, one.time_ns) for one in statements] == [("SELECT 1", 4_000_000), ("SELECT 2", 0)]


def test_how_long_it_counted(tmp_path: Path) -> None:
    head = "exported_at,stats_since,query,calls\n"
    text = head + "2026-05-02 00:00:00+00,2026-05-01 00:00:00+00,SELECT 1,5\n"
    assert read_statements(export(tmp_path, text)).window_ns() == 86_400 * NS_PER_S
    assert read_statements(export(tmp_path, head + "2026-05-02,not a time,SELECT 1,5\n")).window_ns() is None
    assert read_statements(export(tmp_path, "query,calls\nSELECT 1,5\n")).window_ns() is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no statements"),
        (HEADER, "has no statements"),
        ("[]", "has no statements"),
        ("name,age\nanna,7\n", "no export of pg_stat_statements: it has no query and no calls"),
        ("{not json", "cannot be read as JSON"),
        ("[1, 2]", "no list of rows"),
        (HEADER + "10,5,t,SELECT 1,many,2,3\n", "row 1 has no number"),
        (HEADER + "10,5,t,SELECT 1,nan,2,3\n", "row 1 has no number"),
        ("query,calls,total_exec_time\nSELECT 1,1,inf\n", "row 1 has no number"),
    ],
)
def test_what_is_no_export(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as raised:
        read_statements(export(tmp_path, text))
    assert "pg_stat_statements" in raised.value.hint


def test_other_files(tmp_path: Path) -> None:
    binary = tmp_path / "shop.dump"
    binary.write_bytes(b"PGDMP\x01\xff\xfe")
    with pytest.raises(SpecError, match="not UTF-8"):
        read_statements(binary)
    with pytest.raises(SpecError, match="cannot be read"):
        read_statements(tmp_path / "absent.csv")
    with pytest.raises(SpecError, match="no statements of dbid 7"):
        read_statements(export(tmp_path, HEADER + "10,5,t,SELECT 1,1,1,1\n"), dbid="7")
