"""`rehearse snapshot …` on plain SQL, for which no server is needed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.cli.commands import command_line
from harness.cli.store_lines import ago
from harness.model.errors import HarnessError, SnapshotError, SpecError

DUMP = """\
--
-- PostgreSQL database dump
--

-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

CREATE TABLE public.users (
    id integer NOT NULL,
    email text
);

COPY public.users (id, email) FROM stdin;
1\tanna.smith@example.org
2\tbert.jones@example.org
\\.

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

--
-- PostgreSQL database dump complete
--
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("REHEARSE_STORE_LIMIT", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.sql").write_text(DUMP)


def run(*args: str, said: str = "") -> Result:
    """The command, which must end well."""
    result = CliRunner().invoke(command_line(), ["snapshot", *args], input=said)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def refused(*args: str, by: type[HarnessError] = SnapshotError) -> HarnessError:
    """The command, which must be refused."""
    result = CliRunner().invoke(command_line(), ["snapshot", *args])
    assert isinstance(result.exception, by), (result.output, result.exception)
    return result.exception


def test_a_dump_is_stored_listed_shown_verified_and_removed(tmp_path: Path) -> None:
    assert run("list").stdout.startswith("nothing is stored")
    assert "snapshot prod: plain" in run("create", "prod", "--from", "shop.sql").stdout
    listed = run("list").stdout.splitlines()
    assert [line.split()[0] for line in listed[:2]] == ["name", "prod"]
    assert "dump, PostgreSQL 18.4" in run("show", "prod").stdout
    assert "all as stored" in run("verify", "prod").stdout
    content = tmp_path / "home" / "store" / "prod" / "dump"
    content.write_text(DUMP.replace("anna", "emma"))
    assert "1 of 1 files" in refused("verify", "prod").message
    aborted = CliRunner().invoke(command_line(), ["snapshot", "remove", "prod"], input="n\n")
    assert aborted.exit_code != 0
    assert "prod" in run("list").stdout
    assert "removed snapshot prod" in run("remove", "prod", said="y\n").stdout
    assert "no stored snapshot" in refused("remove", "prod", "--yes").message


def test_a_snapshot_travels(tmp_path: Path) -> None:
    run("create", "prod", "--from", "shop.sql")
    run("export", "prod", "prod.tar")
    assert "there already" in refused("export", "prod", "prod.tar").message
    assert "prod already" in refused("import", "prod.tar").message
    assert "snapshot other" in run("import", "prod.tar", "--name", "other").stdout
    assert (tmp_path / "home" / "store" / "other" / "dump").read_text() == DUMP
    assert "may take 1 B" in refused("import", "prod.tar", "--name", "third", "--limit", "1B").message


def test_a_policy_is_proposed_compared_and_applied_and_no_original_is_left(tmp_path: Path) -> None:
    run("create", "prod", "--from", "shop.sql")
    assert "does not exist" in refused("anonymize", "prod", by=SpecError).message
    proposed = run("anonymize", "prod", "--init")
    assert "2 columns of 1 tables" in proposed.stdout
    policy = tmp_path / "policy.toml"
    assert 'email = { class = "email"' in policy.read_text()
    assert "there already" in refused("anonymize", "prod", "--init", by=SpecError).message
    policy.write_text(policy.read_text().replace('"unclassified"', '"keep"'))
    assert "names every column" in run("policy", "diff", "prod").stdout
    done = run("anonymize", "prod")
    assert "2 rows of 1 tables, 1 columns masked" in done.stdout
    folder = tmp_path / "home" / "store" / "prod-anonymized"
    text = (folder / "dump").read_text()
    assert "anna" not in text
    assert "smith" not in text
    entry = json.loads((folder / "snapshot.json").read_text())
    assert entry["anonymized"]["key"] == "destroyed"
    parent = json.loads((tmp_path / "home" / "store" / "prod" / "snapshot.json").read_text())
    assert entry["parent"] == parent["digest"]
    listed = {line.split()[0]: line for line in run("list").stdout.splitlines()}
    assert " yes " in listed["prod-anonymized"]
    assert " no " in listed["prod"]


def test_an_undecided_or_new_column_stops_before_anything_is_written(tmp_path: Path) -> None:
    run("anonymize", "shop.sql", "--init")
    policy = tmp_path / "policy.toml"
    policy.write_text(policy.read_text().replace('class = "email"', 'class = "unclassified"'))
    assert "public.users.email: is unclassified" in refused("anonymize", "shop.sql", "--out", "safe").message
    (tmp_path / "shop.sql").write_text(DUMP.replace("    email text\n", "    email text,\n    phone text\n"))
    assert "1 columns differ" in refused("policy", "diff", "shop.sql").message
    run("policy", "diff", "shop.sql", "--write")
    assert "phone = { class =" in policy.read_text()
    assert run("list").stdout.startswith("nothing is stored")
    assert not list((tmp_path / "home" / "store").glob("safe*"))


def test_a_kept_key_gives_the_same_again_and_a_bad_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("anonymize", "shop.sql", "--init")
    monkeypatch.setenv("KEY", "5a" * 32)
    key = tmp_path / "key"
    key.write_text("5a" * 32)
    key.chmod(0o600)
    run("anonymize", "shop.sql", "--key-env", "KEY", "--out", "one")
    run("anonymize", "shop.sql", "--key-file", "key", "--out", "./two.sql")
    one = tmp_path / "home" / "store" / "one" / "dump"
    assert one.read_bytes() == (tmp_path / "two.sql").read_bytes()
    assert "kept by its owner" in run("show", "one").stdout
    assert not list((tmp_path / "home" / "store" / ".locks").glob("*.work"))
    key.chmod(0o644)
    assert "read by others" in refused("anonymize", "shop.sql", "--key-file", "key", "--out", "three").message
    refused("anonymize", "shop.sql", "--key-file", "key", "--key-env", "KEY", by=SpecError)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("create", "prod"), "nothing to take in"),
        (("create", "prod", "--from", "shop.sql", "--dsn", "host=x"), "--dsn and --from exclude each other"),
        (("create", "prod", "--dsn-env", "NOT_SET_HERE"), "NOT_SET_HERE is not set"),
        (("create", "prod", "--from", "shop.sql", "--schema-only", "t"), "--dsn"),
        (("create", "prod", "--from", "shop.sql", "--database", "t"), "--data-directory"),
        (("policy", "diff", "--policy", "none.toml"), "does not exist"),
    ],
)
def test_options_that_do_not_go_together_are_named(args: tuple[str, ...], said: str) -> None:
    assert said in str(refused(*args, by=SpecError))


def test_room_is_made_and_said(tmp_path: Path) -> None:
    (tmp_path / "other.sql").write_text(DUMP + "-- more\n")
    run("create", "old", "--from", "shop.sql")
    made = run("create", "new", "--from", "other.sql", "--limit", "600B")
    assert "removed snapshot old" in made.stdout
    assert "old" not in run("list").stdout
    assert "may take 100 B" in refused("create", "third", "--from", "shop.sql", "--limit", "100B").message


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (90, "90 s"), (600, "10 min"), (7200, "2 h"), (2e5, "2 days")]
)
def test_ages_are_for_people(seconds: float, text: str) -> None:
    assert ago(seconds) == text
