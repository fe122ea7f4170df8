"""What a hostile newcomer gives: each a clear error, its exit code, and nothing left running or lying around."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.postgres.connect import connect
from harness.postgres.ports import Server
from tests.postgres.cli.shell import Shell

pytestmark = pytest.mark.postgres

BAD_SCENARIO, ENVIRONMENT = 2, 4
SHOP = Path(__file__).parents[3] / "fixtures" / "shop" / "shop.dump"


def refused(shell: Shell, code: int, *said: str, args: tuple[str, ...] = ("scenario.toml",), **env: str) -> str:
    """Run, expect this exit code and these words, and nothing left of it; standard error."""
    before = sorted(path.name for path in shell.cwd.iterdir())
    done = shell.run("run", *args, **env)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    for words in said:
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert shell.lying_around() == []
    assert sorted(path.name for path in shell.cwd.iterdir()) == before
    return done.stderr


@dataclass(frozen=True)
class Mistake:
    """An edit of the tiny scenario, and what must be said about it."""

    old: str
    new: str
    said: tuple[str, ...]
    code: int = BAD_SCENARIO


MISTAKES = {
    "unknown key": Mistake("rate = 20", "rote = 20", ("scenario.toml: traffic.rote", "rate")),
    "not toml": Mistake("[traffic]", "[traffic", ("scenario.toml", "line")),
    "missing source": Mistake("setup = [", 'source = "no.dump"\nsetup = [', ("snapshot.source", "no.dump")),
    "missing setup": Mistake('["setup.sql"]', '["no.sql"]', ("snapshot.setup", "no.sql")),
    "missing up": Mistake('"up.sql"', '"no.sql"', ("migration.up", "no.sql")),
    "missing down": Mistake('"down.sql"', '"no.sql"', ("migration.down", "no.sql")),
    "no down": Mistake('down = "down.sql"\n', "", ("rollback", "no way back", "[rollback] run = false")),
    "missing pgbench": Mistake(
        'sql = "SELECT id, name FROM users WHERE id = :id"\nparams = { id = "sample(users.id)" }',
        'pgbench = "no.sql"',
        ("pgbench", "no.sql"),
    ),
    "missing invariant": Mistake(
        "[[traffic.operation]]",
        '[[invariant]]\nname = "x"\nfile = "no.sql"\n[[traffic.operation]]',
        ("invariant", "no.sql"),
    ),
    "wrong version": Mistake('engine = "embedded"', 'engine = "embedded"\nversion = "12"', ("12",), ENVIRONMENT),
    "no version": Mistake('engine = "embedded"', 'engine = "embedded"\nversion = "new"', ("new",)),
    "unknown setting": Mistake(
        'engine = "embedded"',
        'engine = "embedded"\nsettings = { work_memory = "4MB" }',
        ("work_memory", "work_mem"),
        ENVIRONMENT,
    ),
    "unknown extension": Mistake(
        'engine = "embedded"', 'engine = "embedded"\nextensions = ["postgis"]', ("postgis", "docker"), ENVIRONMENT
    ),
    "table that is not there": Mistake(
        "FROM users WHERE id", "FROM accounts WHERE id", ("scenario.toml", "view user", "accounts")
    ),
    "parameter without values": Mistake(
        'params = { id = "sample(users.id)" }', "", ("scenario.toml", "traffic.operation", "id")
    ),
    "parameter of an empty column": Mistake("sample(users.id)", "sample(nothing.id)", ("scenario.toml", "nothing")),
    "too many actors": Mistake(
        "actors = 2", "actors = 250", ("scenario.toml", "traffic.actors", "max_connections", "250")
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_scenario(shell: Shell, name: str) -> None:
    mistake = MISTAKES[name]
    shell.edit(mistake.old, mistake.new)
    if name == "no down":
        (shell.cwd / "down.sql").unlink()
    if "empty column" in name:
        (shell.cwd / "setup.sql").write_text("CREATE TABLE nothing (id int); CREATE TABLE users (id int, name text);")
    refused(shell, mistake.code, *mistake.said)


def test_a_scenario_that_is_not_there(shell: Shell) -> None:
    refused(shell, BAD_SCENARIO, "no.toml", "does not exist", args=("no.toml",))


@pytest.mark.parametrize("which", ["up", "down"])
def test_a_syntax_error_says_file_line_and_column(shell: Shell, which: str) -> None:
    shell.write(**{which: "SELECT 1;\nALTER TABLE users ADD COLUMN;\n"})
    refused(shell, BAD_SCENARIO, f"{which}.sql:2:29")


def test_a_syntax_error_in_setup_says_file_and_line(shell: Shell) -> None:
    shell.write(setup="CREATE TABLE users (id int);\nINSERT INTO users VALEUS (1);\n")
    refused(shell, BAD_SCENARIO, "setup.sql: line 2", "syntax error")


def test_a_truncated_dump(shell: Shell) -> None:
    data = SHOP.read_bytes()
    (shell.cwd / "cut.dump").write_bytes(data[: len(data) // 2])
    shell.edit('setup = ["setup.sql"]', 'source = "cut.dump"')
    refused(shell, ENVIRONMENT, "cut.dump")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small filesystem")
def test_no_room_on_the_disk(bare: Shell) -> None:
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m,mode=711", "tmpfs", str(bare.home)], check=False
    ).returncode:
        pytest.skip("this container may not mount")
    try:
        said = refused(bare, ENVIRONMENT)
        assert "space" in said or "free" in said
    finally:
        subprocess.run(["umount", str(bare.home)], check=True)


def test_no_docker(shell: Shell) -> None:
    shell.edit('engine = "embedded"', 'engine = "docker"')
    refused(shell, ENVIRONMENT, "no Docker engine answers", 'engine = "embedded"', DOCKER_HOST="unix:///nowhere.sock")


def test_an_out_folder_that_exists(shell: Shell) -> None:
    (shell.cwd / "there").mkdir()
    refused(shell, BAD_SCENARIO, "there", "exists already", args=("scenario.toml", "--out", "there"))


def test_out_for_two_scenarios(shell: Shell) -> None:
    shutil.copy(shell.cwd / "scenario.toml", shell.cwd / "b.toml")
    refused(shell, BAD_SCENARIO, "several scenarios", args=("scenario.toml", "b.toml", "--out", "there"))


@pytest.mark.parametrize("where", ["no/junit.xml", "."])
def test_a_junit_file_that_cannot_be_written(shell: Shell, where: str) -> None:
    refused(shell, BAD_SCENARIO, where, "cannot be written", args=("scenario.toml", "--junit", where))


def test_an_unreachable_home(shell: Shell) -> None:
    (shell.cwd / "file").write_text("")
    refused(shell, ENVIRONMENT, "file", REHEARSE_HOME=str(shell.cwd / "file"))


def test_usage(shell: Shell) -> None:
    refused(shell, BAD_SCENARIO, "--engien", args=("scenario.toml", "--engien", "x"))
    refused(shell, BAD_SCENARIO, "Missing argument", args=())


def test_a_database_that_looks_like_production(shell: Shell, module_server: Server) -> None:
    dsn = module_server.environment(application_name="somebody's app")["DATABASE_URL"]
    shell.edit('engine = "embedded"', 'engine = "external"\ndsn_env = "PROD"')
    with connect(module_server.conninfo(application_name="app")) as somebody:
        said = refused(shell, ENVIRONMENT, "no marker", "rehearse: disposable", "1 other session is", PROD=dsn)
        somebody.execute("COMMENT ON DATABASE rehearsal IS 'rehearse: disposable'")
        said += refused(shell, ENVIRONMENT, "looks like production", "1 other session is", PROD=dsn)
    assert dsn.split(":")[2].split("@")[0] not in said
