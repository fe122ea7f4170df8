"""`rehearse snapshot` as a process: a database taken in and rehearsed on by name, an interruption, a server's files."""

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator

import pytest

from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.sandbox.embedded import EmbeddedEngine
from tests.postgres.cli.shell import SETUP, Shell

pytestmark = pytest.mark.postgres

PASSED, ENVIRONMENT, INTERRUPTED = 0, 4, 130


@pytest.fixture(scope="module")
def production(embedded_engine: EmbeddedEngine) -> Iterator[str]:
    """The DSN of a database with the tiny scenario's tables."""
    server: Server = embedded_engine.provision()
    dsn = server.conninfo(application_name="production")
    with connect(dsn) as connection:
        connection.execute(SETUP.encode())
    yield dsn
    server.discard()


def test_production_is_taken_in_and_rehearsed_on_by_its_name(bare: Shell, production: str) -> None:
    made = bare.run("snapshot", "create", "prod", "--dsn-env", "PROD", PROD=production)
    assert made.returncode == PASSED, made.stderr
    assert "public.users" in made.stdout
    password = production.split("password=")[1].split()[0]
    assert password not in made.stdout + made.stderr
    bare.edit('setup = ["setup.sql"]', 'source = "prod"')
    checked = bare.run("check", "scenario.toml")
    assert "stored snapshot prod (directory" in checked.stdout
    run = bare.run("run", "scenario.toml", "-q")
    assert run.returncode == PASSED, run.stdout + run.stderr
    bare.edit('source = "prod"', 'source = "prodd"')
    wrong = bare.run("run", "scenario.toml", "-q")
    assert wrong.returncode == ENVIRONMENT
    assert "did you mean 'prod'" in wrong.stderr
    removed = bare.run("snapshot", "remove", "prod", "--yes")
    assert len(removed.stdout.splitlines()) == 2
    assert not any((bare.home / "snapshots").iterdir())
    assert bare.lying_around() == []


def test_ctrl_c_ends_pg_dump_and_leaves_nothing(bare: Shell, production: str) -> None:
    with connect(production) as connection, connection.transaction():
        connection.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        running = bare.start("snapshot", "create", "prod", "--dsn-env", "PROD", PROD=production)
        running.until_said("prod: dump")
        running.interrupt(signal.SIGINT, group=True)
        code, _, said = running.end()
    assert code == INTERRUPTED, said
    assert "Traceback" not in said
    assert bare.lying_around() == []
    assert not list((bare.home / "store").glob("prod*"))


def test_what_anonymizing_changed_is_told_and_kept_with_the_snapshot(bare: Shell, production: str) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere.sock"}
    assert bare.run("snapshot", "create", "prod", "--dsn-env", "PROD", PROD=production).returncode == PASSED
    proposed = bare.run("snapshot", "anonymize", "prod", "--init")
    assert proposed.returncode == PASSED, proposed.stderr
    assert "then: rehearse snapshot anonymize prod --policy policy.toml" in proposed.stdout
    policy = bare.cwd / "policy.toml"
    policy.write_text(policy.read_text().replace('class = "unclassified"', 'class = "text"'))
    early = bare.run("snapshot", "show", "prod", "--fidelity")
    assert (early.returncode, "was not compared" in early.stderr) == (ENVIRONMENT, True)
    made = bare.run("snapshot", "anonymize", "prod", "--fidelity", **nowhere)
    assert made.returncode == PASSED, made.stderr
    assert "figures" in made.stdout
    assert "Not kept by any transform of single values" in made.stdout
    assert 'source = "prod-anonymized"' in made.stdout
    shown = bare.run("snapshot", "show", "prod-anonymized", "--fidelity")
    assert "fidelity: " in shown.stdout
    assert "public.users" in shown.stdout
    assert "avg_width" in shown.stdout
    assert "1,000" in shown.stdout
    assert bare.lying_around() == []
    assert not list(bare.home.glob(".work-*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small filesystem")
def test_a_disk_that_fills_up_while_anonymizing_leaves_nothing_and_a_rerun_is_whole(bare: Shell) -> None:
    rows = "".join(f"{n}\tuser{n}@example.org\n" for n in range(30_000))
    (bare.cwd / "prod.sql").write_text(
        "SET client_encoding = 'UTF8';\nCREATE TABLE public.users (id integer, email text);\n"
        f"COPY public.users (id, email) FROM stdin;\n{rows}\\.\n\n--\n-- PostgreSQL database dump complete\n--\n"
    )
    (bare.cwd / "policy.toml").write_text(
        'version = 1\n[tables."public.users"]\nid = { class = "keep", type = "integer" }\n'
        'email = { class = "email", type = "text" }\n'
    )
    key = bare.cwd / "key"
    key.write_text(secrets.token_hex(32))
    key.chmod(0o600)
    mounted = ["mount", "-t", "tmpfs", "-o", "size=1200k,mode=711", "tmpfs", str(bare.home)]
    if subprocess.run(mounted, check=False).returncode:
        pytest.skip("this container may not mount")
    anonymize = ("snapshot", "anonymize", "prod", "--key-file", "key", "--limit", "1GB")
    try:
        made = bare.run("snapshot", "create", "prod", "--from", "prod.sql", "--limit", "1GB")
        assert made.returncode == PASSED, made.stderr
        full = bare.run(*anonymize)
        assert full.returncode == ENVIRONMENT
        assert "no room on the disk" in full.stderr
        assert "Traceback" not in full.stderr
        assert "prod-anonymized" not in bare.run("snapshot", "list").stdout
        subprocess.run(["mount", "-o", "remount,size=20m", str(bare.home)], check=True)
        again = bare.run(*anonymize)
        assert again.returncode == PASSED, again.stderr
        assert bare.run("snapshot", "verify", "prod-anonymized").returncode == PASSED
    finally:
        subprocess.run(["umount", str(bare.home)], check=True)
