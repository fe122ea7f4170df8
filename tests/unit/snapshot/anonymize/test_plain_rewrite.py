"""Plain SQL: rows rewritten, the text between carried over and looked through, other forms of data refused."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model.errors import HarnessError
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, Policy
from harness.snapshot.anonymize.rewrite.anonymizing import anonymize
from harness.snapshot.anonymize.rewrite.plain import Rows, Sql, segments
from harness.snapshot.anonymize.schema import Schema

KEYS = Keys(bytes(range(32)))
HEAD = """--
-- PostgreSQL database dump
--
SET client_encoding = 'UTF8';
CREATE TABLE public.users (id integer, email text, note text);
CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS $$
INSERT INTO public.users VALUES (1);
$$;
"""
TAIL = "\n--\n-- PostgreSQL database dump complete\n--\n\n"
COPY = "COPY public.users (id, email, note) FROM stdin;\n"
ROWS = "".join(f"{n}\tuser{n:04}@example.org\ttext \\\\. of {n}\n" for n in range(300))
COLUMNS = {"id": "integer", "email": "text", "note": "text"}


@pytest.fixture
def schema(make_schema: Callable[..., Schema]) -> Schema:
    return make_schema({"users": (COLUMNS, [])})


@pytest.fixture
def policy(schema: Schema, make_policy: Callable[..., Policy]) -> Policy:
    return make_policy(schema, {"users.email": Class.EMAIL})


def refused(text: str, tmp_path: Path, schema: Schema, policy: Policy) -> str:
    source = tmp_path / "dump.sql"
    source.write_text(text)
    with pytest.raises(HarnessError) as caught:
        anonymize(source, tmp_path / "out.sql", policy=policy, schema=schema, keys=KEYS)
    assert "user0007" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["dump.sql"]
    return caught.value.message


@pytest.mark.parametrize("packed", [False, True])
def test_only_the_rows_change(packed: bool, tmp_path: Path, schema: Schema, policy: Policy) -> None:
    text = HEAD + COPY + ROWS + "\\.\n" + TAIL
    source = tmp_path / "dump"
    source.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    account = anonymize(source, tmp_path / "out", policy=policy, schema=schema, keys=KEYS)
    raw = (tmp_path / "out").read_bytes()
    after = (gzip.decompress(raw) if packed else raw).decode()
    assert after.startswith(HEAD + COPY)
    assert after.endswith("\\.\n" + TAIL)
    rows = after[len(HEAD + COPY) : -len("\\.\n" + TAIL)]
    assert [line.split("\t")[::2] for line in rows.splitlines()] == [
        line.split("\t")[::2] for line in ROWS.splitlines()
    ]
    assert "user0" not in rows
    assert (account.rows, account.originals) == (300, 300)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dump", "out"]


@pytest.mark.parametrize("size", [1, 7, 64, 1000, 10**6])
def test_segments_joined_are_the_text(size: int) -> None:
    text = (HEAD + COPY + ROWS + "\\.\n" + COPY + "\\.\n" + TAIL).encode()
    pieces = (text[at : at + size] for at in range(0, len(text), size))
    found = list(segments(pieces, path=Path("x")))
    joined = b"".join(part.text if isinstance(part, Sql) else part.block for part in found)
    assert joined == text
    assert b"".join(part.block for part in found if isinstance(part, Rows)) == ROWS.encode()


def test_a_secret_in_the_sql_is_caught_and_named(tmp_path: Path, schema: Schema, policy: Policy) -> None:
    comment = (
        "--\n-- Name: COLUMN users.email; Type: COMMENT; Schema: public; Owner: postgres\n--\n\n"
        "COMMENT ON COLUMN public.users.email IS 'as user0007@example.org';\n"
    )
    message = refused(HEAD + comment + COPY + ROWS + "\\.\n" + TAIL, tmp_path, schema, policy)
    assert "schema: COMMENT public.COLUMN users.email: original values of public.users.email (1 times)" in message


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("INSERT INTO public.users VALUES (1, 'user0007@example.org', '');\n", "INSERT statements"),
        ("SELECT pg_catalog.lowrite(0, '\\x41');\n", "large objects"),
        ("SELECT * FROM pg_catalog.pg_restore_attribute_stats(\n", "statistics"),
        ("CREATE USER MAPPING FOR a SERVER s OPTIONS (password 'x');\n", "passwords"),
    ],
)
def test_data_in_another_form_is_refused(sql: str, words: str, tmp_path: Path, schema: Schema, policy: Policy) -> None:
    assert words in refused(HEAD + COPY + ROWS + "\\.\n" + sql + TAIL, tmp_path, schema, policy)


def test_a_cut_off_dump_is_refused(tmp_path: Path, schema: Schema, policy: Policy) -> None:
    assert "not a whole dump" in refused(HEAD + COPY + ROWS[:900], tmp_path, schema, policy)
