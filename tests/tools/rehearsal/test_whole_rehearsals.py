"""Whole rehearsals of tools as they are: statements, locks, waits and work found from outside, and the way back."""

import hashlib
import sys
import textwrap
from pathlib import Path

import pytest

from harness.analysis.facts import StatementFacts
from harness.cli.conclude import Conclusion
from harness.model.units import NS_PER_MS
from harness.model.words import Direction
from tests.postgres.rehearsal.rehearsals import Rehearsals, said, write_files

pytestmark = [pytest.mark.tools, pytest.mark.postgres, pytest.mark.slow, pytest.mark.alone]

_TOLERANCE_NS = 5 * NS_PER_MS

_STOPWATCH = """
    CREATE TABLE stopwatch (what text, figure bigint);
    CREATE FUNCTION micros(at timestamptz DEFAULT clock_timestamp()) RETURNS bigint LANGUAGE sql
        AS 'SELECT (extract(epoch FROM at) * 1000000)::bigint';
    """
# Holds the table until the tool has waited for it for 700 ms, by the server's own record of when that wait began.
_IN_THE_WAY = """
    [[traffic.antagonist]]
    kind = "sql"
    before_migration = "200ms"
    sql = '''
        BEGIN;
        SET LOCAL synchronous_commit = off;
        LOCK TABLE {table} IN ACCESS SHARE MODE;
        DO $$ DECLARE began timestamptz; BEGIN
            FOR i IN 1..10000 LOOP
                SELECT waitstart INTO began FROM pg_locks
                WHERE NOT granted AND relation = '{table}'::regclass AND mode = 'AccessExclusiveLock';
                EXIT WHEN began IS NOT NULL;
                PERFORM pg_sleep(0.002);
            END LOOP;
            PERFORM pg_sleep(0.7 - extract(epoch FROM clock_timestamp() - began));
            INSERT INTO stopwatch VALUES ('waited', micros() - micros(began));
        END $$;
        COMMIT;'''
    [[invariant]]
    name = "waited"
    when = "end"
    sql = "SELECT coalesce(max(figure), -1) FROM stopwatch"
    """
_TRAFFIC = """
    [snapshot]
    setup = ["seed.sql"]
    [traffic]
    rate = 60
    actors = 4
    baseline = "1500ms"
    settle = "1s"
    [budgets]
    rollback_time = "120s"
    """


@pytest.fixture
def rehearsals(home: Path, tmp_path: Path) -> Rehearsals:
    """Rehearses on PostgreSQL 18, embedded."""
    return Rehearsals(home=home, folder=tmp_path)


def found_in(done: Conclusion, text: str, direction: Direction = Direction.UP) -> StatementFacts:
    """The only statement of a direction that contains `text`."""
    matching = [s for s in done.view.facts.statements if s.direction is direction and text in s.sql]
    assert len(matching) == 1, said(done)
    return matching[0]


def modes(statement: StatementFacts, relation: str) -> list[str]:
    """The modes in which a statement locked a relation, strongest first."""
    return [lock.mode for lock in statement.locks if lock.relation == relation]


def rewritten_by(done: Conclusion, direction: Direction) -> dict[str, list[str]]:
    """The tables that each statement of a direction rewrote."""
    return {
        s.id: tables
        for s in done.view.facts.statements
        if s.direction is direction and (tables := [w.relation for w in s.relations if w.rewritten and w.kind == "r"])
    }


def waited_ns(done: Conclusion) -> int:
    """What the stopwatch says the tool waited for."""
    (waited,) = [one.violations for one in done.view.facts.invariants if one.moment == "end"]
    assert waited is not None
    assert waited >= 700_000
    return waited * 1000


def check_ids(done: Conclusion) -> None:
    """Statements are numbered S1, S2, … going up and R1, R2, … going down."""
    for direction, letter in ((Direction.UP, "S"), (Direction.DOWN, "R")):
        ids = [s.id for s in done.view.facts.statements if s.direction is direction]
        assert ids == [f"{letter}{number}" for number in range(1, len(ids) + 1)]
        assert ids


_ALEMBIC = {
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": """
        import os
        from alembic import context
        from sqlalchemy import create_engine

        url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """,
    "migrations/versions/a1_role.py": """
        import sqlalchemy as sa
        from alembic import op

        revision, down_revision = "a1", None

        def upgrade() -> None:
            op.add_column("accounts", sa.Column("role", sa.Text()))
            op.execute("UPDATE accounts SET role = 'user'")
            op.alter_column("accounts", "role", nullable=False)

        def downgrade() -> None:
            op.drop_column("accounts", "role")
        """,
    "migrations/versions/a2_wide.py": """
        import sqlalchemy as sa
        from alembic import op

        revision, down_revision = "a2", "a1"

        def upgrade() -> None:
            op.alter_column("accounts", "balance", type_=sa.BigInteger())

        def downgrade() -> None:
            op.alter_column("accounts", "balance", type_=sa.Integer())
        """,
    # A database that Alembic has managed before has this table, and going down to base leaves it there.
    "seed.sql": _STOPWATCH
    + """
        CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
        CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
        INSERT INTO accounts SELECT i, 100 FROM generate_series(1, 20000) AS i;
        ANALYZE accounts;
        """,
}


def test_alembic(rehearsals: Rehearsals) -> None:
    alembic = f"{sys.executable} -m alembic"
    scenario = f"""
    [migration]
    tool = "command"
    command = {{ up = "{alembic} upgrade head", down = "{alembic} downgrade base" }}
    {_TRAFFIC}
    [[traffic.operation]]
    name = "read account"
    sql = "SELECT balance FROM accounts WHERE id = :id"
    params = {{ id = "sample(accounts.id)" }}
    {_IN_THE_WAY.format(table="accounts")}
    """
    done = rehearsals.run(scenario, _ALEMBIC)

    check_ids(done)
    add, fill = found_in(done, "ADD COLUMN role"), found_in(done, "UPDATE accounts")
    strict, widen = found_in(done, "SET NOT NULL"), found_in(done, "ALTER COLUMN balance TYPE BIGINT")
    assert modes(add, "public.accounts")[:1] == ["AccessExclusiveLock"], add.locks
    assert rewritten_by(done, Direction.UP) == {widen.id: ["public.accounts"]}, said(done)
    assert (widen.work, fill.work) == ("rewrite", "data"), said(done)
    assert sum(work.rows_changed or 0 for work in fill.relations if work.relation == "public.accounts") == 20_000
    # Both revisions are one transaction, so the first lock is held to the end of the last statement.
    assert add.held_ns is not None
    assert widen.span is not None
    assert add.span is not None
    assert add.held_ns >= widen.span.end_ns - add.span.end_ns - _TOLERANCE_NS
    assert abs(add.waited_ns - waited_ns(done)) <= _TOLERANCE_NS, (add.waited_ns, waited_ns(done))
    assert (strict.waited_ns, widen.waited_ns) == (0, 0)
    assert add.blocked_actors == 4, said(done)
    narrow = found_in(done, "ALTER COLUMN balance TYPE INTEGER", Direction.DOWN)
    assert rewritten_by(done, Direction.DOWN) == {narrow.id: ["public.accounts"]}, said(done)
    rollback = done.view.facts.rollback
    assert (rollback.result, rollback.verified) == ("ok", True), (rollback, said(done))
    hazards = {(f.hazard.name, f.statement) for f in done.view.judgement.findings if f.direction is Direction.UP}
    assert {("table_rewrite", widen.id), ("lock_queue", add.id)} <= hazards, said(done)
    assert done.verdict.value == "fail"


_INITIAL = "20260101000000_init"
_TOKEN = "20260201000000_token"
_REGISTER = """
    CREATE TABLE _prisma_migrations (
        id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz,
        migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
        started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0);
    INSERT INTO _prisma_migrations VALUES ('0', '{checksum}', now(), '{name}', NULL, NULL, now(), 1);
    {sql}
    INSERT INTO "User" (email) SELECT 'user' || i || '@example.org' FROM generate_series(1, 20000) AS i;
    ANALYZE "User";
    """
# Prisma does not undo what is applied: the script is executed, and the register's row removed.
_DOWN = (
    "npx prisma db execute --file down.sql && "
    f"echo \"DELETE FROM _prisma_migrations WHERE migration_name = '{_TOKEN}'\" | npx prisma db execute --stdin"
)


def test_prisma(
    rehearsals: Rehearsals,
    prisma_project: Path,
    prisma_environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in prisma_environment.items():
        monkeypatch.setenv(name, value)
    initial = (prisma_project / "prisma" / "migrations" / _INITIAL / "migration.sql").read_text(encoding="utf-8")
    up = 'ALTER TABLE "User" ADD COLUMN "token" uuid NOT NULL DEFAULT gen_random_uuid();'
    files = {f"prisma/migrations/{_TOKEN}/migration.sql": up, "down.sql": 'ALTER TABLE "User" DROP COLUMN "token";'}
    write_files(prisma_project, files)
    checksum = hashlib.sha256(initial.encode()).hexdigest()
    register = _REGISTER.format(checksum=checksum, name=_INITIAL, sql=initial)
    scenario = f"""
    [migration]
    tool = "command"
    [migration.command]
    up = "npx prisma migrate deploy"
    down = '''{_DOWN}'''
    cwd = "{prisma_project}"
    {_TRAFFIC}
    [[traffic.operation]]
    name = "read user"
    sql = 'SELECT email FROM "User" WHERE id = :id'
    params = {{ id = 'sample("User".id)' }}
    {_IN_THE_WAY.format(table='"User"')}
    """
    done = rehearsals.run(scenario, {"seed.sql": textwrap.dedent(_STOPWATCH) + register})

    check_ids(done)
    alter = found_in(done, "gen_random_uuid()")
    assert modes(alter, 'public."User"')[:1] == ["AccessExclusiveLock"], alter.locks
    assert rewritten_by(done, Direction.UP) == {alter.id: ['public."User"']}, said(done)
    assert abs(alter.waited_ns - waited_ns(done)) <= _TOLERANCE_NS, (alter.waited_ns, waited_ns(done))
    assert alter.blocked_actors == 4, said(done)
    back = found_in(done, "DROP COLUMN", Direction.DOWN)
    assert modes(back, 'public."User"')[:1] == ["AccessExclusiveLock"], back.locks
    rollback = done.view.facts.rollback
    assert (rollback.result, rollback.verified) == ("ok", True), (rollback, said(done))
    hazards = {(f.hazard.name, f.statement) for f in done.view.judgement.findings if f.direction is Direction.UP}
    assert {("table_rewrite", alter.id), ("lock_queue", alter.id)} <= hazards, said(done)
    assert done.verdict.value == "fail"
