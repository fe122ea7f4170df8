"""What psql and pg_restore print, fit for a report: the first error, names kept, values and detail gone."""

import pytest

from harness.snapshot.messages import psql_error, restore_error, without_values


def test_the_first_error_of_psql_without_detail() -> None:
    error = psql_error(
        "psql:<stdin>:3: NOTICE:  00000: something\n"
        'psql:<stdin>:12: ERROR:  23505: duplicate key value violates unique constraint "users_email_key"\n'
        "DETAIL:  Key (email)=(anna@example.org) already exists.\n"
        "CONTEXT:  COPY users, line 2\n"
        "psql:<stdin>:15: ERROR:  42601: later\n"
    )
    assert error is not None
    assert (error.line, error.sqlstate, error.file) == (12, "23505", "<stdin>")
    assert error.text == 'duplicate key value violates unique constraint "users_email_key"'


def test_a_failed_connection_and_silence() -> None:
    error = psql_error('psql: error: connection to server at "127.0.0.1", port 1 failed: password=hunter2')
    assert error is not None
    assert "hunter2" not in error.text
    assert psql_error("") is None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('pg_restore: creating TABLE "public.t"', None),
        ("pg_restore: warning: errors ignored on restore: 1", None),
        (
            'pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "new_one"',
            None,
        ),
        ('pg_restore: error: could not execute query: ERROR:  schema "public" already exists', None),
        (
            'pg_restore: error: could not execute query: ERROR:  type "public.geometry" does not exist',
            'type "public.geometry" does not exist',
        ),
        (
            'pg_restore: error: COPY failed for table "t": ERROR:  invalid input syntax for type integer: "anna"',
            'COPY failed for table "t": ERROR:  invalid input syntax for type integer: …',
        ),
        (
            "pg_restore: error: could not read from input file: end of file",
            "could not read from input file: end of file",
        ),
    ],
)
def test_one_line_of_pg_restore(line: str, text: str | None) -> None:
    error = restore_error(line)
    assert (error.text if error else None) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('value "a" and role "b"', 'value … and role "b"'),
        ('invalid input syntax for type json: "anna\n', "invalid input syntax for type json: …"),
        ('syntax error at or near "anna"', "syntax error at or near …"),
        ("date/time field value out of range: '1999-99-99'", "date/time field value out of range: …"),
    ],
)
def test_values_go_names_stay(text: str, expected: str) -> None:
    assert without_values(text) == expected


def test_what_errors_say() -> None:
    ended = restore_error("pg_restore: error: could not read from input file: end of file")
    assert ended is not None
    assert ended.says_truncated
    parallel = restore_error("pg_restore: error: could not find block ID 2590 in archive -- possibly corrupt archive")
    assert parallel is not None
    assert parallel.says_truncated
    full = psql_error('psql:<stdin>:1: ERROR:  53100: could not extend file "base/1/2": No space left on device')
    assert full is not None
    assert full.says_disk_full
    assert not full.says_truncated
