"""The real Alembic against a clone: `upgrade head`, `downgrade base`, recognised by its application_name."""

import os
import sys
import textwrap
from pathlib import Path

import pytest

from harness.postgres.connect import connect
from harness.postgres.ports import Server
from tests.tools.conftest import RunTool

pytestmark = [pytest.mark.tools, pytest.mark.postgres]

_FILES = {
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": """
        import logging
        import os
        from alembic import context
        from sqlalchemy import create_engine

        logging.basicConfig(level=logging.INFO)
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
            op.add_column("users", sa.Column("role", sa.Text(), nullable=False, server_default="user"))
            op.execute("UPDATE users SET role = current_setting('application_name')")

        def downgrade() -> None:
            op.drop_column("users", "role")
        """,
}


def _columns(server: Server) -> set[str]:
    with connect(server.conninfo(application_name="test")) as connection:
        rows = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped"
        )
        return {name for (name,) in rows.fetchall()}


def test_alembic_both_ways(empty_server: Server, tmp_path: Path, run_tool: RunTool) -> None:
    for name, text in _FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    with connect(empty_server.conninfo(application_name="test")) as connection:
        connection.execute("CREATE TABLE users (id int)")
        connection.execute("INSERT INTO users VALUES (1)")
    alembic = f"{sys.executable} -m alembic"
    seen = tmp_path / "seen"
    remember = (
        f"{sys.executable} -c \"import os, psycopg; c = psycopg.connect(os.environ['DATABASE_URL']); "
        f"print(c.execute('SELECT role FROM users').fetchone()[0], file=open('{seen}', 'w'))\""
    )
    up, down = run_tool(
        empty_server,
        tmp_path,
        up=f"{alembic} upgrade head && {remember}",
        down=f"{alembic} downgrade base",
        environment=dict(os.environ),
    )
    assert seen.read_text().strip() == "rehearse/migration"
    assert "Running upgrade  -> a1" in up.output
    assert "Running downgrade a1 ->" in down.output
    assert _columns(empty_server) == {"id"}
