"""The scenario loader: what it accepts, and every mistake as a SpecError that names file, key and way out."""

from pathlib import Path

import pytest

from harness.model.errors import SpecError
from harness.spec.load import find_scenarios, load_scenario
from harness.spec.scenario import Restore
from tests.unit.spec.loading import accepted, refused, refused_with, write

FULL = """
name = "0042-orders-status"
description = "Add orders.status"
seed = 7
[postgres]
engine = "embedded"
version = "16"
settings = { shared_buffers = "256MB", max_connections = 50, fsync = false }
extensions = ["hstore"]
[postgres.provider]
create = "make-one"
[snapshot]
source = "shop.dump"
setup = ["seed.sql"]
variables = { rows = 200000, name = "x" }
[traffic]
rate = 200
actors = 16
pool_timeout = "5s"
[[traffic.operation]]
name = "view"
weight = 60
version = "old"
sql = "SELECT :id"
params = { id = "int(1, 10)" }
expected = ["40001"]
[[traffic.operation]]
name = "pay"
version = "new"
sql = ["SELECT 1", "SELECT 2"]
[[traffic.operation]]
name = "checkout"
pgbench = "checkout.sql"
[[traffic.antagonist]]
kind = "long_reader"
table = "orders"
hold = "2s"
before_migration = "100ms"
[[phase]]
name = "expand"
steps = ["001"]
traffic = { old = 1.0 }
[[phase]]
name = "rolling"
traffic = { old = 0.5, new = 0.5 }
for = "5s"
[[invariant]]
name = "follows"
sql = "SELECT 0"
when = "after:expand"
[rollback]
restore = "none"
reason = "drops a retired table"
drills = []
[budgets]
p99 = "2x"
failed = "0.1%"
wal = "10GB"
[[accept]]
hazard = "table_rewrite"
reason = "retired"
"""


def test_a_full_scenario_becomes_typed_values(folder: Path) -> None:
    scenario = accepted(folder, FULL)
    assert scenario.name == "0042-orders-status"
    assert scenario.phase[1].duration == "5s"
    assert scenario.traffic.operation[1].sql == ("SELECT 1", "SELECT 2")
    assert scenario.traffic.rate == 200.0
    assert scenario.rollback.restore is Restore.NONE


def test_defaults_suit_a_first_run_and_the_folder_names_it(folder: Path) -> None:
    scenario = accepted(folder, "")
    assert scenario.name == "0042-status"
    assert scenario.budgets.blocked == "500ms"
    assert scenario.migration.lock_timeout == "0"


def test_a_folder_stands_for_its_scenario_file_and_the_digest_is_of_the_text(folder: Path) -> None:
    path = write(folder, "")
    by_file, by_folder = load_scenario(path), load_scenario(folder)
    assert by_file == by_folder
    assert by_file.folder == folder
    assert by_file.resolve("up.sql") == folder / "up.sql"
    write(folder, "# a comment")
    assert load_scenario(path).digest != by_file.digest


def test_scenarios_are_found_below_a_folder_sorted_and_hidden_folders_left_out(tmp_path: Path) -> None:
    for name in ("b/scenario.toml", "a/x/scenario.toml", ".venv/scenario.toml", "a/other.toml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert find_scenarios(tmp_path) == [tmp_path / "a/x/scenario.toml", tmp_path / "b/scenario.toml"]
    assert find_scenarios(tmp_path / "a/other.toml") == [tmp_path / "a/other.toml"]
    with pytest.raises(SpecError, match="rehearse init"):
        find_scenarios(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpecError, match=r"holds no scenario\.toml"):
        find_scenarios(tmp_path / "empty")


def test_a_missing_scenario_and_a_folder_without_one(folder: Path) -> None:
    with pytest.raises(SpecError, match="does not exist"):
        load_scenario(folder / "nope.toml")
    (folder / "mine.toml").touch()
    with pytest.raises(SpecError, match=r"mine\.toml"):
        load_scenario(folder)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('name = "x"\nseed = = 3', "line 2, column 8: TOML syntax error", "toml.io"),
        ("name = ", "line 1, column 8", ""),
        ('description = """abc', "the end of the file", ""),
        ("x = 1\nx = 2", "line 2", ""),
    ],
)
def test_a_syntax_error_says_line_and_column(folder: Path, text: str, message: str, hint: str) -> None:
    error = refused(folder, text, migration="")
    assert message in str(error)
    assert hint in error.hint


def test_text_that_is_not_utf8_says_its_line(folder: Path) -> None:
    path = folder / "scenario.toml"
    path.write_bytes(b'name = "a"\ndescription = "\xe4"\n')
    with pytest.raises(SpecError, match="line 2 is not UTF-8"):
        load_scenario(path)


@pytest.mark.parametrize("text", [f"seed = {'9' * 5000}", f"x = {'[' * 5000}", f"expect.{'a.' * 5000}b = 1"])
def test_absurd_toml_is_a_spec_error(folder: Path, text: str) -> None:
    refused(folder, text)


WRONG = [
    # text, key, part of the message, part of the hint
    ('colour = "x"', "colour", "unknown key 'colour'", "the keys of the top of the file are: accept, budget, budgets"),
    ('[rollback]\ndrills = ["kill"]', "rollback.drills", "known, but not in this version", "drills = []"),
    ('[budgets]\nreplica_lag = "1s"', "budgets.replica_lag", "known, but not in this version", ""),
    ("[postgres]\nversion = 18", "postgres.version", "expected `str`, got `int`", "quotes"),
    ('[postgres]\nversion = "18.4"', "postgres.version", "not a major version", '"18"'),
    ('[postgres]\nengine = "dokcer"', "postgres.engine", "did you mean 'docker'?", "auto, docker, embedded, external"),
    ('[postgres]\nengine = "external"', "postgres.engine", "not told where", "dsn_env"),
    ('[postgres]\ndeadlock_timeout = "10us"', "postgres.deadlock_timeout", "too short", "1ms"),
    ('[postgres]\nsettings = { "a b" = 1 }', "postgres.settings", "not a setting's name", ""),
    ('[postgres.provider]\ndestroy = "x"', "postgres.provider", "'create' is missing", "[postgres.provider]"),
    ('[[invariant]]\nname = "i"', "invariant[0]", "either sql or file", ""),
    ('[[invariant]]\nname = "i"\nsql = "x"\nfile = "seed.sql"', "invariant[0]", "either sql or file", ""),
    ('[[invariant]]\nname = "i"\nfile = "sed.sql"', "invariant[0].file", "did you mean 'seed.sql'?", ""),
    (
        '[[invariant]]\nname = "i"\nsql = "x"\nwhen = "alwasy"',
        "invariant[0].when",
        "did you mean 'always'?",
        "after:<phase>",
    ),
    (
        '[[phase]]\nname = "expand"\n[[invariant]]\nname = "i"\nsql = "x"\nwhen = "after:expnd"',
        "invariant[0].when",
        "no phase 'expnd' (did you mean 'expand'?)",
        "expand",
    ),
    ('[[invariant]]\nname = "i"\nsql = "x"\n[[invariant]]\nname = "i"\nsql = "x"', "invariant[1].name", "twice", ""),
    ('[rollback]\nrestore = "none"', "rollback.reason", "needs a reason", "reason ="),
    ('[rollback]\nrestore = "nothing"', "rollback.restore", "not known here", "schema+data, schema, none"),
    ('[[accept]]\nhazard = "table_rewrite"', "accept[0]", "'reason' is missing", ""),
    ('[[accept]]\nhazard = "table_rewrite"\nreason = " "', "accept[0].reason", "needs a reason", ""),
    (
        '[postgres]\nengine = "external"\nprovider = { create = "x" }\n[snapshot]\nsetup = ["seed.sql"]',
        "snapshot",
        "come with their data",
        "dsn_env",
    ),
    ("[snapshot]\nscale = 10", "snapshot.scale", "nothing to amplify", "setup files"),
    ("[snapshot]\nscale = 0", "snapshot.scale", "0 is not from 1 to 1000", "ten times"),
    ("[snapshot]\nscale = 1001", "snapshot.scale", "1001 is not from 1 to 1000", "ten times"),
    ('[snapshot]\nstatistics = "p.json"', "snapshot.statistics", "does not exist", "relative to"),
    ('[snapshot]\nsource = "shpo.dump"', "snapshot.source", "did you mean 'shop.dump'?", "relative to"),
    ('[snapshot]\nsource = "prod.2"', "snapshot.source", "does not exist", "relative to"),
    ('[snapshot]\nsetup = ["sed.sql"]', "snapshot.setup[0]", "did you mean 'seed.sql'?", ""),
    ('[snapshot]\nsetup = "seed.sql"', "snapshot.setup", "expected `array`", "brackets"),
    ('[snapshot]\nvariables = { "a-b" = 1 }', "snapshot.variables", "not a psql variable's name", ""),
    ('[budgets]\nblocked = "500MB"', "budgets.blocked", "not a duration", ""),
    ('[budgets]\nwal = "10s"', "budgets.wal", "not a size", "kB, MB"),
    ('[budgets]\np99 = "10"', "budgets.p99", "neither a ratio", ""),
    ('[budgets]\np99 = "0x"', "budgets.p99", "more than 0", ""),
    ("[budgets]\nfailed = -1", "budgets.failed", "negative", ""),
    ('[budgets]\nfailed = "200%"', "budgets.failed", "more than every operation", ""),
    ("seed = -1", "seed", "out of range", ""),
    ('name = ""', "name", "not a name", ""),
    ('description = "a\\u0000b"', "description", "NUL", ""),
    (f'name = "{"x" * 10}"\n{"k" * 5000} = 1', "k" * 57, "unknown key", ""),
]


@pytest.mark.parametrize(("text", "key", "message", "hint"), WRONG, ids=[f"{w[1][:40]}-{w[2][:20]}" for w in WRONG])
def test_a_mistake_names_key_and_way_out(folder: Path, text: str, key: str, message: str, hint: str) -> None:
    refused_with(folder, text, key=key, message=message, hint=hint)


@pytest.mark.parametrize(
    ("migration", "key", "message"),
    [
        ("", "migration", "what to rehearse"),
        ('[migration]\nup = "up.sql"\npath = "."', "migration.path", "exclude each other"),
        ('[migration]\ndown = "down.sql"', "migration.up", "down is given without up"),
        ('[migration]\nup = "pu.sql"', "migration.up", "did you mean 'up.sql'?"),
        ('[migration]\nup = "up.sql"\ndown = "dwn.sql"', "migration.down", "did you mean 'down.sql'?"),
        ('[migration]\nup = "."', "migration.up", "is a folder, not a file"),
        ('[migration]\npath = "migrations"', "migration.path", "does not exist"),
        ('[migration]\ntool = "prizma"\nup = "up.sql"', "migration.tool", "did you mean 'prisma'?"),
        ('[migration]\ntool = "flyway"\ncommand = { up = "x" }', "migration.command", "not used with"),
        ('[migration]\ntool = "command"', "migration.command", "needs the commands"),
        ('[migration]\ntool = "sql"\nup = "up.sql"\ncommand = { up = "x" }', "migration.command", "not used with"),
        ('[migration]\ntool = "command"\ncommand = { up = " " }', "migration.command.up", "empty"),
        ('[migration]\ncommand = { up = "x", cwd = "app" }', "migration.command.cwd", "does not exist"),
        ('[migration]\nup = "up.sql"\nsteps = "some"', "migration.steps", "not known"),
        ('[migration]\nup = "up.sql"\nlock_timeout = "5"', "migration.lock_timeout", "not a duration"),
        ('[migration]\nup = "up.sql"\nretries = -1', "migration.retries", "0 to 1000"),
        ('[migration]\nup = "up.sql"\ntransaction = "none"', "migration.transaction", "not known"),
    ],
)
def test_a_mistake_in_the_migration(folder: Path, migration: str, key: str, message: str) -> None:
    error = refused(folder, "", migration=migration)
    assert error.key == key
    assert message in error.message


@pytest.mark.parametrize(
    "migration",
    [
        '[migration]\nup = "up.sql"',
        '[migration]\npath = "."\nsteps = ["001"]',
        '[migration]\ncommand = { up = "npx prisma migrate deploy" }',
        '[migration]\ntool = "command"\ncommand = { up = "x", down = "y", cwd = "." }',
    ],
)
def test_ways_to_name_the_change(folder: Path, migration: str) -> None:
    assert accepted(folder, "", migration=migration).migration.lock_timeout == "0"


def test_keys_of_the_format_that_ask_for_nothing_are_accepted(folder: Path) -> None:
    accepted(folder, '[rollback]\ndrills = []\n[traffic]\nauto = false\nfrom_log = ""\n[snapshot]\nscale = 1')


def test_a_name_too_long_for_the_filesystem_is_missing(folder: Path) -> None:
    error = refused(folder, f'[snapshot]\nsource = "{"x" * 5000}.dump"')
    assert "does not exist" in error.message
