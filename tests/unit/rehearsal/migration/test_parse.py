"""Scripts as statements: places, tags, flags, comments, and what is refused."""

import pytest

from harness.events.migration import Accepted
from harness.model.errors import SpecError
from harness.rehearsal.migration.parse import parse_script
from harness.rehearsal.migration.statement import Control, Statement


def _one(sql: str) -> Statement:
    statements = parse_script(sql, file="up.sql")
    assert len(statements) == 1
    return statements[0]


def test_a_statement_starts_at_its_first_token_and_ends_at_its_last() -> None:
    script = "-- é\n/* ö */  ALTER TABLE täble ADD c text ; -- after\n\n  SELECT 'ü;x' -- tail\n"
    first, second = parse_script(script, file="up.sql")
    assert (first.text, first.line, first.column) == ("ALTER TABLE täble ADD c text", 2, 10)
    assert (second.text, second.line, second.column) == ("SELECT 'ü;x'", 4, 3)
    assert first.relations == ("täble",)
    assert second.file == "up.sql"


def test_semicolons_in_bodies_do_not_split() -> None:
    script = """
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $x$ SELECT 1; SELECT 2; $x$;
    CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
    DO $$ BEGIN PERFORM 1; END $$;
    CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); INSERT INTO b VALUES (2));
    """
    assert [s.tag for s in parse_script(script, file="x")] == [
        "CREATE FUNCTION",
        "CREATE FUNCTION",
        "DO",
        "CREATE RULE",
    ]


@pytest.mark.parametrize(
    ("sql", "tag", "refuses"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY", True),
        ("CREATE INDEX i ON t (a)", "CREATE INDEX", False),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY", True),
        ("DROP INDEX i", "DROP INDEX", False),
        ("REINDEX TABLE CONCURRENTLY t", "REINDEX CONCURRENTLY", True),
        ("REINDEX (CONCURRENTLY false) TABLE t", "REINDEX", False),
        ("REINDEX TABLE t", "REINDEX", False),
        ("REINDEX SCHEMA s", "REINDEX", True),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", "REFRESH MATERIALIZED VIEW CONCURRENTLY", False),
        ("ALTER TABLE a DETACH PARTITION b CONCURRENTLY", "ALTER TABLE", True),
        ("ALTER TABLE a DETACH PARTITION b", "ALTER TABLE", False),
        ("ALTER TABLE a DETACH PARTITION b FINALIZE", "ALTER TABLE", False),
        ("VACUUM t", "VACUUM", True),
        ("VACUUM (FULL) t", "VACUUM FULL", True),
        ("VACUUM FULL t", "VACUUM FULL", True),
        ("VACUUM (FULL off) t", "VACUUM", True),
        ("ANALYZE t", "ANALYZE", False),
        ("CLUSTER", "CLUSTER", True),
        ("CLUSTER t USING i", "CLUSTER", False),
        ("CREATE DATABASE d", "CREATE DATABASE", True),
        ("ALTER DATABASE d SET TABLESPACE x", "ALTER DATABASE", True),
        ("ALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM", True),
        ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", "CREATE SUBSCRIPTION", True),
        ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false)", "CREATE SUBSCRIPTION", False),
        ("DISCARD ALL", "DISCARD", True),
        ("ALTER TABLE t RENAME TO u", "ALTER TABLE", False),
        ("ALTER TABLE t RENAME COLUMN a TO b", "ALTER TABLE", False),
        ("ALTER INDEX i RENAME TO j", "ALTER INDEX", False),
        ("ALTER TYPE e ADD VALUE 'x'", "ALTER TYPE", False),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1", "CREATE MATERIALIZED VIEW", False),
        ("CREATE TABLE c AS SELECT 1", "CREATE TABLE AS", False),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE VIEW", False),
        ("CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", "CREATE TRIGGER", False),
        ("DROP MATERIALIZED VIEW m", "DROP MATERIALIZED VIEW", False),
        ("TRUNCATE t", "TRUNCATE TABLE", False),
        ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "MERGE", False),
        ("GRANT SELECT ON t TO r", "GRANT", False),
        ("REVOKE SELECT ON t FROM r", "REVOKE", False),
        ("SET LOCAL lock_timeout = '1s'", "SET", False),
        ("RESET lock_timeout", "RESET", False),
        ("COMMENT ON TABLE t IS 'x'", "COMMENT", False),
    ],
)
def test_tags_and_transaction_blocks(sql: str, tag: str, refuses: bool) -> None:
    statement = _one(sql)
    assert (statement.tag, statement.refuses_block) == (tag, refuses)


def test_transaction_control() -> None:
    script = "BEGIN; START TRANSACTION; SAVEPOINT a; ROLLBACK TO a; RELEASE a; COMMIT; END; ROLLBACK; ABORT"
    kinds = [s.control for s in parse_script(script, file="x")]
    inner, end = Control.INNER, Control.END
    assert kinds == [Control.BEGIN, Control.BEGIN, inner, inner, inner, end, end, end, end]


@pytest.mark.parametrize(
    ("sql", "may"),
    [
        ("DO $$ BEGIN UPDATE t SET a = 1; END $$", False),
        ("DO $$ BEGIN UPDATE t SET a = 1; COMMIT; END $$", True),
        ("DO $$ BEGIN CALL p(); END $$", True),
        ("CALL p()", True),
        ("SELECT 1", False),
    ],
)
def test_what_may_commit_on_its_own(sql: str, may: bool) -> None:
    assert _one(sql).may_control is may


@pytest.mark.parametrize(
    "sql", ["SET LOCAL a.b = 1", "LOCK TABLE t", "SET TRANSACTION READ ONLY", "SET CONSTRAINTS ALL DEFERRED"]
)
def test_what_means_something_only_in_a_block(sql: str) -> None:
    assert _one(sql).needs_block


def test_settings_are_known() -> None:
    script = "SET a.b = 1; RESET ALL; SELECT set_config('lock_timeout', '1s', false); ALTER TABLE t ADD c int"
    assert [s.sets for s in parse_script(script, file="x")] == [True, True, True, False]


def test_relations_are_named_once_also_by_drop_and_comment() -> None:
    assert _one("UPDATE s.t SET a = 1 FROM u WHERE u.id IN (SELECT id FROM s.t)").relations == ("s.t", "u")
    assert _one("DROP TABLE a, s.b").relations == ("a", "s.b")
    assert _one("DROP INDEX CONCURRENTLY s.i").relations == ("s.i",)
    assert _one("COMMENT ON TABLE t IS 'x'").relations == ("t",)
    assert _one("ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES parent").relations == ("c", "parent")


def test_fingerprints_ignore_values() -> None:
    a, b, c = parse_script("SELECT 1; SELECT 2; SELECT 1 FROM t", file="x")
    assert a.fingerprint == b.fingerprint != c.fingerprint


def test_accept_comments_belong_to_the_next_statement() -> None:
    script = """-- rehearse: accept table_rewrite (retired table, no readers)
-- another comment
-- rehearse: accept lock_queue (at night (3 am))
ALTER TABLE t ALTER a TYPE bigint;
ALTER TABLE t ALTER b TYPE bigint;"""
    first, second = parse_script(script, file="x")
    assert first.accepts == (
        Accepted(hazard="table_rewrite", reason="retired table, no readers"),
        Accepted(hazard="lock_queue", reason="at night (3 am)"),
    )
    assert second.accepts == ()


def test_psql_settings_are_skipped_and_places_stay() -> None:
    script = "\\set ON_ERROR_STOP on\n  \\timing\nSELECT 1;\n\\echo done é\nSELECT 2;"
    assert [(s.line, s.column) for s in parse_script(script, file="x")] == [(3, 1), (5, 1)]


@pytest.mark.parametrize(
    ("script", "where", "says"),
    [
        ("SELECT 1;\nALTER TABL t ADD c int", "up.sql:2:7", 'syntax error at or near "TABL"'),
        ("SELECT 'ü', é;\nSELECT 'ö' FORM t (", "up.sql:2:17", "syntax error"),
        ("SELECT 1;\n  \\i other.sql\n", "up.sql:2:1", "command of psql"),
        ("\\copy t from 'x.csv'", "up.sql:1:1", "command of psql"),
        ("SELECT 1;\nCOPY t FROM stdin;\n1\tAnna\n\\.\n", "up.sql:2:1", "COPY FROM STDIN"),
        ("COPY t (a) FROM STDIN", "up.sql:1:1", "COPY FROM STDIN"),
        ("SELECT :rows", "up.sql:1:8", "psql variables"),
        ("SELECT 'abc", "up.sql:1:8", "unterminated quoted string"),
        ("-- rehearse: acept x\nSELECT 1", "up.sql:1:1", "not understood"),
        ("-- rehearse: accept table_rewrite\nSELECT 1", "up.sql:1:1", "the reason"),
    ],
)
def test_what_is_refused_names_file_line_and_column(script: str, where: str, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_script(script, file="up.sql")
    assert caught.value.path == where
    assert says in str(caught.value)
    assert "Anna" not in str(caught.value)


def test_an_empty_script_has_no_statements() -> None:
    assert parse_script(" ;; -- nothing\n/* at all */", file="x") == ()
