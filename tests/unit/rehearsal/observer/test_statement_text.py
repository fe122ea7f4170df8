"""Tags, transaction control, and text without data."""

import pytest

from harness.rehearsal.observer.session_settings import SessionSettings
from harness.rehearsal.observer.statement_text import Control, command_tag, fingerprint, split_parts, without_data


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        ("alter table only a add b int", "ALTER TABLE"),
        ("/* why */ CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON a (b)", "CREATE INDEX CONCURRENTLY"),
        ("-- note\ncreate or replace function f() returns int language sql as 'select 1'", "CREATE FUNCTION"),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", "CREATE MATERIALIZED VIEW"),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", "REFRESH MATERIALIZED VIEW CONCURRENTLY"),
        ("drop index concurrently i", "DROP INDEX CONCURRENTLY"),
        ("REINDEX TABLE CONCURRENTLY a", "REINDEX TABLE CONCURRENTLY"),
        ("create temp table t (a int)", "CREATE TABLE"),
        ("CREATE INDEX concurrently_made ON a (b)", "CREATE INDEX"),
        ("lock a", "LOCK TABLE"),
        ("truncate a", "TRUNCATE TABLE"),
        ("with x as (select 1) update a set b = 1", "UPDATE"),
        ("(select 1) union select 2", "SELECT"),
        ("", ""),
    ],
)
def test_command_tag(sql: str, tag: str) -> None:
    assert command_tag(sql) == tag


def test_parts_and_their_control() -> None:
    parts = split_parts("BEGIN; ALTER TABLE a ADD b text DEFAULT ';'; SAVEPOINT s; ROLLBACK TO s; COMMIT;")
    assert [part.control for part in parts] == [
        Control.BEGIN, None, Control.SAVEPOINT, Control.ROLLBACK_TO, Control.COMMIT,
    ]  # fmt: skip
    assert parts[1].sql == "ALTER TABLE a ADD b text DEFAULT ';'"


@pytest.mark.parametrize(
    ("sql", "control"),
    [
        ("start transaction isolation level serializable", Control.BEGIN),
        ("end", Control.COMMIT),
        ("abort", Control.ROLLBACK),
        ("rollback to savepoint s", Control.ROLLBACK_TO),
        ("prepare transaction 'x'", Control.COMMIT),
        ("commit prepared 'x'", None),
        ("rollback prepared 'x'", None),
    ],
)
def test_control(sql: str, control: Control | None) -> None:
    (part,) = split_parts(sql)
    assert part.control is control


def test_what_does_not_parse_is_one_statement() -> None:
    (part,) = split_parts("BEGIN; ALTER TABEL a")
    assert part.control is None
    assert fingerprint("ALTER TABEL a") == ""


def test_data_is_left_out_and_ddl_kept() -> None:
    text = without_data(
        "INSERT INTO a VALUES ('anna@example.org'); ALTER TABLE a ADD b text DEFAULT 'x'; UPDATE a SET b = 'bert'"
    )
    assert text == "INSERT INTO a VALUES ($1);\nALTER TABLE a ADD b text DEFAULT 'x';\nUPDATE a SET b = $1"
    assert "cara" not in without_data("SELECT * FORM a WHERE b = 'cara'")
    assert "s3cret" not in without_data("CREATE ROLE r PASSWORD 's3cret'")


def test_the_timeouts_in_force() -> None:
    settings = SessionSettings(0, None)
    assert settings.in_force(split_parts("ALTER TABLE a ADD b int")) == (0, None)
    assert settings.in_force(split_parts("SET lock_timeout = '2s'; ALTER TABLE a ADD b int")) == (2000, None)
    settings.apply(split_parts("SET lock_timeout TO '2s'; SET SESSION statement_timeout = 500"))
    assert settings.in_force(()) == (2000, 500)
    settings.apply(split_parts("SET LOCAL lock_timeout = 100"))
    assert settings.in_force(()) == (100, 500)
    settings.transaction_ended()
    assert settings.in_force(()) == (2000, 500)
    settings.apply(split_parts("SET lock_timeout TO DEFAULT"))
    assert settings.in_force(()) == (0, 500)
