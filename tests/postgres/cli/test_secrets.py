"""Nothing of the rows and no password leaves the server: not to the run directory, not to the terminal."""

import sys
from pathlib import Path

import pytest

from harness.postgres.connect import connect
from harness.postgres.ports import Server
from tests.postgres.cli.shell import SETUP, Shell

pytestmark = pytest.mark.postgres

NAME, EMAIL = "Zebulon Quagmire", "zq7731@marker.example"
MARKERS = (NAME, "Quagmire", EMAIL, "zq7731")
MARKED = f"{SETUP}UPDATE users SET name = '{NAME}', email = '{EMAIL}' WHERE id = 17;\n"
OPERATIONS = """
[[traffic.operation]]
name = "sign up"
sql = "INSERT INTO users (id, name, email) VALUES (:id, :name, :email)"
params = { id = "int(5000, 900000)", name = "sample(users.name)", email = "sample(users.email)" }

[[traffic.operation]]
name = "cast"
sql = "SELECT count(name::int) FROM users WHERE id = :id"
params = { id = "int(17, 17)" }
"""


def passwords(home: Path) -> list[str]:
    """The superuser's passwords of the snapshots."""
    return [file.read_text(encoding="utf-8").strip() for file in home.glob("snapshots/*/password")]


def said_and_written(shell: Shell, *streams: str) -> bytes:
    """Everything a run let out."""
    files = [path.read_bytes() for run in shell.runs() for path in sorted(run.rglob("*")) if path.is_file()]
    assert files
    return b"\n".join(files) + "\n".join(streams).encode()


def nothing_in(everything: bytes, *secrets: str) -> None:
    """None of them appears."""
    assert [secret for secret in secrets if secret.encode() in everything] == []


QUOTING = {
    b"23505": "INSERT INTO users SELECT id + 5000, name, email FROM users WHERE id = 17;",
    b"22P02": "ALTER TABLE users ALTER COLUMN name TYPE int USING name::int;",
    b"P0001": "DO $$ DECLARE n text; BEGIN SELECT name INTO n FROM users WHERE id = 17; RAISE '%', n; END $$;",
}


def test_rows_quoted_by_errors(bare: Shell) -> None:
    with (bare.cwd / "scenario.toml").open("a", encoding="utf-8") as scenario:
        scenario.write(OPERATIONS)
    streams = []
    for up in QUOTING.values():
        bare.write(scenario=(bare.cwd / "scenario.toml").read_text(encoding="utf-8"), setup=MARKED, up=up)
        done = bare.run("run", "-v", "scenario.toml")
        assert done.returncode == 1, done.stderr
        streams += [done.stdout, done.stderr]
    everything = said_and_written(bare, *streams)
    assert [state for state in QUOTING if state not in everything] == []
    assert len(passwords(bare.home)) == 1
    nothing_in(everything, *MARKERS, *passwords(bare.home))


def test_what_a_tool_prints(bare: Shell) -> None:
    bare.write(setup=MARKED)
    (bare.cwd / "tool.py").write_text(
        "import os, psycopg\n"
        "for name in ('DATABASE_URL', 'PGPASSWORD'): print(name, os.environ[name])\n"
        "print('password', os.environ['PGPASSWORD'])\n"
        "with psycopg.connect('') as c:\n"
        "    c.execute('INSERT INTO users SELECT id + 5000, name, email FROM users WHERE id = 17')\n"
    )
    bare.edit(
        'up = "up.sql"\ndown = "down.sql"',
        f'tool = "command"\ncommand = {{ up = "{sys.executable} tool.py", down = "true" }}',
    )
    done = bare.run("run", "-v", "scenario.toml")
    assert done.returncode == 1, done.stderr
    everything = said_and_written(bare, done.stdout, done.stderr)
    assert b"duplicate key" in everything
    nothing_in(everything, *MARKERS, *passwords(bare.home))


@pytest.mark.parametrize("file", ["setup", "dump"])
def test_a_restore_that_fails_on_a_row(bare: Shell, file: str) -> None:
    if file == "setup":
        bare.write(setup=f"{MARKED}INSERT INTO users SELECT id + 5000, name, email FROM users WHERE id = 17;\n")
    else:
        rows = f"1\t{NAME}\t{EMAIL}\n2\t{NAME}\t{EMAIL}\n"
        table = "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, email text UNIQUE);\n"
        (bare.cwd / "dump.sql").write_text(f"{table}COPY users (id, name, email) FROM stdin;\n{rows}\\.\n")
        bare.edit('setup = ["setup.sql"]', 'source = "dump.sql"')
    done = bare.run("run", "-v", "scenario.toml")
    assert done.returncode in (2, 4), done.stderr
    assert "unique" in done.stderr
    assert bare.lying_around() == []
    nothing_in((done.stdout + done.stderr).encode(), *MARKERS)


def test_the_password_of_an_external_server(shell: Shell, empty_server: Server) -> None:
    dsn = empty_server.environment(application_name="x")["DATABASE_URL"]
    password = dsn.split(":")[2].split("@")[0]
    assert len(password) > 10
    with connect(empty_server.conninfo(application_name="x")) as connection:
        connection.execute("COMMENT ON DATABASE rehearsal IS 'rehearse: disposable'")
        connection.execute(SETUP)
    shell.edit('engine = "embedded"', 'engine = "external"\ndsn_env = "DISPOSABLE"')
    shell.edit('setup = ["setup.sql"]', "")
    done = shell.run("run", "-v", "scenario.toml", DISPOSABLE=dsn)
    assert done.returncode in (0, 3), done.stderr
    nothing_in(said_and_written(shell, done.stdout, done.stderr), password)
    with connect(empty_server.conninfo(application_name="x")) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'rehearse%'").fetchall()
    assert left == []
