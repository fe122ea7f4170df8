"""The commands around a run: init in repositories of several kinds, check, explain, hazards, doctor, gc, demo."""

from pathlib import Path

import pytest

from tests.postgres.cli.shell import Shell

pytestmark = pytest.mark.postgres

PRISMA = {
    "prisma/schema.prisma": "",
    "prisma/migrations/migration_lock.toml": 'provider = "postgresql"\n',
    "prisma/migrations/20260101000000_init/migration.sql": "CREATE TABLE a (id int PRIMARY KEY);\n",
}
REPOSITORIES = {
    "prisma": (PRISMA, "prisma"),
    "alembic": ({"db/alembic.ini": "[alembic]\n"}, "alembic"),
    "sql": (
        {"migrations/001_a.up.sql": "CREATE TABLE a ();", "migrations/001_a.down.sql": "DROP TABLE a;"},
        "sql",
    ),
    "folders": (
        {
            "m/001/up.sql": "CREATE TABLE a ();", "m/001/down.sql": "DROP TABLE a;",
            "m/002/up.sql": "CREATE TABLE b ();", "m/002/down.sql": "DROP TABLE b;",
        },
        "sql",
    ),
    "one change": ({"change/up.sql": "CREATE TABLE a ();", "change/down.sql": "DROP TABLE a;"}, "sql"),
}  # fmt: skip


def _repository(shell: Shell, files: dict[str, str]) -> Path:
    folder = shell.cwd / "repo"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", REPOSITORIES)
def test_init_recognises_and_writes_what_check_reads(bare: Shell, kind: str) -> None:
    files, tool = REPOSITORIES[kind]
    folder = _repository(bare, files)
    made = bare.run("init", folder)
    assert made.returncode == 0, made.stderr
    assert f"migration tool  {tool}" in made.stdout
    checked = bare.run("check", folder / "rehearsal")
    assert checked.returncode == 0, checked.stderr
    assert f"migration  {'command' if tool == 'alembic' else tool}" in checked.stdout
    if tool == "alembic":
        assert 'cwd = "../db"' in (folder / "rehearsal" / "scenario.toml").read_text(encoding="utf-8")
    assert not (bare.home / "servers").exists()


def test_init_in_this_folder_and_never_twice(bare: Shell) -> None:
    for name in ("scenario.toml", "up.sql", "down.sql", "setup.sql"):
        (bare.cwd / name).unlink()
    assert bare.run("init").returncode == 0
    assert "none recognised" in bare.ended[0].stdout
    again = bare.run("init")
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert bare.run("init", "no/such").returncode == 2


def test_check_starts_nothing(bare: Shell) -> None:
    done = bare.run("check", "scenario.toml")
    assert done.returncode == 0, done.stderr
    assert "empty database, then setup.sql" in done.stdout
    assert "1 operation at 20/s over 2 actors" in done.stdout
    assert list(bare.home.iterdir()) == []


def test_the_knowledge(bare: Shell) -> None:
    listed = bare.run("hazards").stdout
    assert "lock_queue" in listed
    assert "lock_queue" in bare.run("explain", "H101").stdout
    wrong = bare.run("explain", "lock_queu")
    assert (wrong.returncode, "did you mean 'lock_queue'?" in wrong.stderr) == (2, True)
    assert list(bare.home.iterdir()) == []


@pytest.mark.alone  # what another test has just left in Docker would be collected too
def test_doctor_and_gc_with_nothing_there(bare: Shell) -> None:
    told = bare.run("doctor")
    assert told.returncode == 0, told.stderr
    for word in ("docker", "embedded", "18", "clones", "state", "free"):
        assert word in told.stdout
    bare.run("gc")  # containers and volumes belong to the machine: another killed run may have left some
    assert bare.run("gc").stdout == "nothing was left behind\n"
    assert list(bare.home.iterdir()) == []


def test_doctor_where_home_cannot_be_made(bare: Shell) -> None:
    (bare.cwd / "file").write_text("")
    told = bare.run("doctor", REHEARSE_HOME=str(bare.cwd / "file" / "home"))
    assert "Traceback" not in told.stderr
    assert told.returncode in (0, 4)


def test_a_demo_that_is_not_there(bare: Shell) -> None:
    none = bare.run("demo", "--only", "no such demo")
    assert (none.returncode, "no bundled scenario" in none.stderr) == (2, True)
    assert not (bare.cwd / "reports").exists()


@pytest.mark.slow
@pytest.mark.alone
def test_one_demo(bare: Shell) -> None:
    # Another process may starve the generator; the run then says so instead of judging, and is repeated.
    for _ in range(3):
        done = bare.run("demo", "--only", "add-role-safe", "--ascii")
        if "INCONCLUSIVE" not in done.stdout:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok  add-role-safe" in done.stdout
    assert (done.stdout + done.stderr).isascii()
    assert bare.lying_around() == []
