"""Whatever a script is made of, its statements come back whole, in order, at their places."""

from hypothesis import given
from hypothesis import strategies as st

from harness.rehearsal.migration.parse import parse_script

_TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="'\\$*/\x00\r"), max_size=12)
_LITERAL = _TEXT.map(lambda text: f"SELECT '{text};' AS é")
_BODY = _TEXT.map(lambda text: f"DO $b$ BEGIN PERFORM '{text}'; END $b$")
_PLAIN = st.sampled_from(
    ["BEGIN", "COMMIT", "VACUUM t", "ALTER TABLE tä ADD c int", "CREATE INDEX CONCURRENTLY i ON t (a)"]
)
_STATEMENT = st.one_of(_LITERAL, _BODY, _PLAIN)
_LINE = _TEXT.map(lambda text: "-- " + text.replace("\n", " ").replace("rehearse", "") + "\n")
_BLOCK = _TEXT.map(lambda text: f"/* {text}; */")
_BETWEEN = st.lists(st.one_of(_LINE, _BLOCK, st.sampled_from([" ", "\n", ";", "\t"])), max_size=4).map("".join)


@given(st.lists(st.tuples(_BETWEEN, _STATEMENT), max_size=6), _BETWEEN)
def test_statements_come_back_whole(parts: list[tuple[str, str]], tail: str) -> None:
    script = "".join(f"{between} {statement};" for between, statement in parts) + tail
    statements = parse_script(script, file="x")
    assert [s.text for s in statements] == [statement for _, statement in parts]
    lines = script.split("\n")
    for statement in statements:
        first = statement.text.split("\n")[0]
        assert lines[statement.line - 1][statement.column - 1 :].startswith(first)


@given(st.lists(_STATEMENT, min_size=1, max_size=6))
def test_splitting_what_was_split_changes_nothing(statements: list[str]) -> None:
    once = parse_script(";\n".join(statements), file="x")
    again = parse_script(";\n".join(s.text for s in once), file="x")
    assert [(s.text, s.tag, s.fingerprint) for s in once] == [(s.text, s.tag, s.fingerprint) for s in again]
