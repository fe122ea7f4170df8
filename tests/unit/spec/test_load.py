"""The scenario loader: what it accepts, and every mistake as a SpecError that names file, key and way out."""

from pathlib import Path

import pytest

from harness.model.errors import SpecError
from harness.spec.load import find_scenarios, load_scenario
from harness.spec.scenario import Pooling, Restore, RetrySpec, Scenario, StatementSpec

MIGRATION = '[migration]\nup = "up.sql"\ndown = "down.sql"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "0042-status"
    place.mkdir()
    for name in ("up.sql", "down.sql", "seed.sql", "checkout.sql"):
        (place / name).write_text("SELECT 1;\n")
    (place / "shop.dump").write_bytes(b"PGDMP")
    (place / "trace.csv").write_text("seconds,operation\n0.5,view\n2.0,view\n")
    return place


def write(folder: Path, text: str, *, migration: str = MIGRATION) -> Path:
    path = folder / "scenario.toml"
    path.write_text(text + "\n" + migration, encoding="utf-8")
    return path


def refused(folder: Path, text: str, *, migration: str = MIGRATION) -> SpecError:
    path = write(folder, text, migration=migration)
    with pytest.raises(SpecError) as caught:
        load_scenario(path)
    assert str(path) in str(caught.value)
    return caught.value


def accepted(folder: Path, text: str, *, migration: str = MIGRATION) -> Scenario:
    return load_scenario(write(folder, text, migration=migration)).scenario


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
    ('colour = "x"', "colour", "unknown key 'colour'", "the keys of the top of the file are: accept, budgets"),
    ("[traffic]\nacters = 3", "traffic.acters", "did you mean 'actors'?", "the keys of [traffic] are: actors"),
    ('[[traffic.operation]]\nname = "a"\nwieght = 1', "traffic.operation[0].wieght", "did you mean 'weight'?", "sql"),
    ('[[phase]]\nname = "a"\nduration = "1s"', "phase[0].duration", "unknown key", "for"),
    ('[rollback]\ndrills = ["kill"]', "rollback.drills", "known, but not in this version", "drills = []"),
    ('[budgets]\nreplica_lag = "1s"', "budgets.replica_lag", "known, but not in this version", ""),
    ("[postgres]\nversion = 18", "postgres.version", "expected `str`, got `int`", "quotes"),
    ('[postgres]\nversion = "18.4"', "postgres.version", "not a major version", '"18"'),
    ('[postgres]\nengine = "dokcer"', "postgres.engine", "did you mean 'docker'?", "auto, docker, embedded, external"),
    ('[postgres]\nengine = "external"', "postgres.engine", "not told where", "dsn_env"),
    ('[postgres]\ndeadlock_timeout = "10us"', "postgres.deadlock_timeout", "too short", "1ms"),
    ('[postgres]\nsettings = { "a b" = 1 }', "postgres.settings", "not a setting's name", ""),
    ('[postgres.provider]\ndestroy = "x"', "postgres.provider", "'create' is missing", "[postgres.provider]"),
    ('[traffic]\nrate = "200"', "traffic.rate", "got `str`", "leave out the quotes"),
    ("[traffic]\nrate = 0", "traffic.rate", "more than 0", ""),
    ("[traffic]\nrate = nan", "traffic.rate", "more than 0", ""),
    ("[traffic]\nrate = inf", "traffic.rate", "at most 1,000,000", ""),
    ("[traffic]\nrate = 0.0001", "traffic.rate", "at least 0.001", ""),
    ('[traffic]\narrival = "trace"', "traffic.trace", "needs a file", "trace ="),
    ('[traffic]\ntrace = "trace.csv"', "traffic.trace", "not used with arrival = 'poisson'", 'arrival = "trace"'),
    ('[traffic]\narrival = "trace"\ntrace = "trase.csv"', "traffic.trace", "did you mean 'trace.csv'?", ""),
    (
        '[traffic]\narrival = "trace"\ntrace = "trace.csv"\nrate = 100',
        "traffic.rate",
        "not used with recorded",
        "leave",
    ),
    (
        '[traffic]\narrival = "trace"\ntrace = "trace.csv"\nburst = [{ rate = 1 }]',
        "traffic.burst",
        "not used with recorded",
        "",
    ),
    (
        '[traffic]\narrival = "trace"\ntrace = "trace.csv"\n[[phase]]\nname = "a"\nrate = 3',
        "phase[0].rate",
        "keep their rate",
        "leave rate out",
    ),
    ("[[traffic.ramp]]\nrate = 1", "traffic.ramp[0]", "'at' is missing", ""),
    ('[[traffic.ramp]]\nat = "1s"\nrate = -1', "traffic.ramp[0].rate", "at least 0", ""),
    ('[[traffic.ramp]]\nat = "1s"\nrate = nan', "traffic.ramp[0].rate", "at least 0", ""),
    (
        '[[traffic.ramp]]\nat = "1s"\nrate = 1\n[[traffic.ramp]]\nat = "1s"\nrate = 2',
        "traffic.ramp[1].at",
        "not after the point before",
        "order",
    ),
    ("[[traffic.burst]]\nrate = 0", "traffic.burst[0].rate", "more than 0", ""),
    (
        '[[traffic.burst]]\nrate = 9\nevery = "1s"\nfor = "1s"',
        "traffic.burst[0].for",
        "as long as its period",
        "shorter",
    ),
    ('[[traffic.burst]]\nrate = 9\nevery = "10ms"', "traffic.burst[0].every", "too short", "100ms"),
    ('[[traffic.burst]]\nrate = 9\nfor = "0"', "traffic.burst[0].for", "too short", ""),
    ('[[traffic.burst]]\nrate = 9\nstart = "x"', "traffic.burst[0].start", "not a number with a unit", ""),
    ('[[phase]]\nname = "a"\nrate = 0', "phase[0].rate", "more than 0", ""),
    ("[traffic]\nserver_connections = 4", "traffic.server_connections", "not used with pooling = 'session'", "transac"),
    (
        '[traffic]\npooling = "transaction"\nserver_connections = 17',
        "traffic.server_connections",
        "0 to 16",
        "as many as",
    ),
    ('[traffic]\npooling = "statement"', "traffic.pooling", "not known here", "session, transaction"),
    ("[traffic]\nmax_waiters = -1", "traffic.max_waiters", "must be 0 to", "any number"),
    ("[traffic]\nprocesses = 65", "traffic.processes", "0 to 64", "as the rate asks"),
    ("[traffic]\nactors = 2\nprocesses = 3", "traffic.processes", "more processes than actors", "raise"),
    ('[traffic]\nconnect_cost = "fast"', "traffic.connect_cost", "not a number with a unit", ""),
    ('[traffic]\ncalibration = "10"', "traffic.calibration", "not a duration", ""),
    ('[traffic]\nsettings = { "a b" = 1 }', "traffic.settings", "not a setting's name", ""),
    ('[traffic]\nsettings = { Application_Name = "x" }', "traffic.settings", "says who a session is", "leave"),
    (
        '[traffic]\nstatement_timeout = "1s"\nsettings = { statement_timeout = "2s" }',
        "traffic.settings",
        "twice",
        "keep",
    ),
    ('[traffic]\nsettings = { work_mem = "1\\n2" }', "traffic.settings.work_mem", "not one line", ""),
    ("[traffic]\nretry = { attempts = 0 }", "traffic.retry.attempts", "1 to 100", "never retries"),
    ('[traffic]\nretry = { on = ["4001"] }', "traffic.retry.on[0]", "not an SQLSTATE", ""),
    ("[traffic]\nretry = { on = [] }", "traffic.retry.on", "names no SQLSTATE", ""),
    ('[traffic]\nretry = { backoff = "x" }', "traffic.retry.backoff", "not a number with a unit", ""),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\nretry = { attempts = 101 }',
        "traffic.operation[0].retry.attempts",
        "1 to 100",
        "",
    ),
    (
        '[traffic]\nauto = true\nfrom_log = "seed.sql"',
        "traffic.from_log",
        "auto and from_log exclude each other",
        "keep one",
    ),
    ('[traffic]\nfrom_log = "sed.sql"', "traffic.from_log", "did you mean 'seed.sql'?", ""),
    ('[traffic]\nfrom_statements = "sed.sql"', "traffic.from_statements", "did you mean 'seed.sql'?", ""),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ into = "x" }]',
        "traffic.operation[0].sql[0]",
        "neither sql nor think",
        "think",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ think = "1s" }]',
        "traffic.operation[0].sql",
        "sends nothing",
        "add a statement",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = ["x", { think = "1s", into = "x" }]',
        "traffic.operation[0].sql[1].into",
        "without sql",
        "",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", into = "a-b" }]',
        "traffic.operation[0].sql[0].into",
        "not a variable",
        "letters",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", into = ["a", "a"] }]',
        "traffic.operation[0].sql[0].into",
        "twice",
        "",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", think = "soon" }]',
        "traffic.operation[0].sql[0].think",
        "not a number",
        "",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", when = ":a >" }]',
        "traffic.operation[0].sql[0].when",
        "cannot be read",
        "pgbench",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", whn = "1" }]',
        "traffic.operation[0].sql[0].whn",
        "did you mean 'when'?",
        "",
    ),
    (
        '[traffic]\nprotocol = "simple"\n[[traffic.operation]]\nname = "a"\nsql = "x"\npipeline = true',
        "traffic.operation[0].pipeline",
        "no pipelines",
        "prepared",
    ),
    (
        '[[traffic.operation]]\nname = "a"\npgbench = "checkout.sql"\npipeline = true',
        "traffic.operation[0].pipeline",
        "script",
        "startpipeline",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", into = "a" }]\npipeline = true',
        "traffic.operation[0].pipeline",
        "not wait",
        "leave",
    ),
    ('[[traffic.antagonist]]\nkind = "batch"', "traffic.antagonist[0].table", "batch needs a table", ""),
    ('[[traffic.antagonist]]\nkind = "wraparound_vacuum"', "traffic.antagonist[0].table", "needs a table", ""),
    (
        '[[traffic.antagonist]]\nkind = "held_snapshot"\ntable = "t"',
        "traffic.antagonist[0].table",
        "takes no table",
        "long_reader",
    ),
    ('[[traffic.antagonist]]\nkind = "batch"\ntable = "t"\nrows = 0', "traffic.antagonist[0].rows", "must be 1 to", ""),
    ('[[traffic.antagonist]]\nkind = "vacuum"\nrows = 5', "traffic.antagonist[0].rows", "not used by vacuum", "batch"),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nlead = "1s"',
        "traffic.antagonist[0].lead",
        "with before only",
        "before =",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore = "S1"\nlead = "x"',
        "traffic.antagonist[0].lead",
        "not a number with a unit",
        "",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore = "S1"\nbefore_migration = "1s"',
        "traffic.antagonist[0].before",
        "exclude each other",
        "write two",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore = "S1"\nplacement = "random"',
        "traffic.antagonist[0].placement",
        "before says when",
        "write two",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore_migration = "1s"\nplacement = "random"',
        "traffic.antagonist[0].placement",
        "before_migration says when",
        "write two",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore = "S1"\nevery = "3s"',
        "traffic.antagonist[0].every",
        "not used with before",
        "once",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nplacement = "radnom"',
        "traffic.antagonist[0].placement",
        "did you mean 'random'?",
        "",
    ),
    ("[traffic]\nactors = 0", "traffic.actors", "1 to 1000", ""),
    ("[traffic]\nactors = 1001", "traffic.actors", "1 to 1000", ""),
    ("[traffic]\nactors = 1.5", "traffic.actors", "got `float`", "whole number"),
    ('[traffic]\nbaseline = "10"', "traffic.baseline", "'10' is not a duration", "ms, s, m, h"),
    ("[traffic]\nbaseline = 10", "traffic.baseline", "expected `str`, got `int`", "quotes"),
    ('[traffic]\nsettle = "30 days"', "traffic.settle", "not a duration", ""),
    ('[traffic]\nsettle = "900h"', "traffic.settle", "too long", "24 days"),
    ('[traffic]\narrival = "poison"', "traffic.arrival", "did you mean 'poisson'?", "uniform"),
    ('[traffic.operation]\nname = "a"', "traffic.operation", "expected `array`", "[[traffic.operation]]"),
    ('[[traffic.operation]]\nsql = "x"', "traffic.operation[0]", "'name' is missing", "add name"),
    ('[[traffic.operation]]\nname = "a"', "traffic.operation[0]", "neither sql nor pgbench", "SELECT"),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\npgbench = "checkout.sql"',
        "traffic.operation[0]",
        "both sql and pgbench",
        "keep one",
    ),
    ('[[traffic.operation]]\nname = "a"\nsql = ["x", " "]', "traffic.operation[0].sql", "is empty", ""),
    ('[[traffic.operation]]\nname = "a"\nsql = "x"\nweight = 0', "traffic.operation[0].weight", "more than 0", ""),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\nexpected = ["dead"]',
        "traffic.operation[0].expected[0]",
        "SQLSTATE",
        "",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\n[[traffic.operation]]\nname = "a"\nsql = "y"',
        "traffic.operation[1].name",
        "'a' is there twice",
        "differ",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\nversion = "odl"\n[[phase]]\nname = "p"\ntraffic = { old = 1.0 }',
        "traffic.operation[0].version",
        "no phase gives traffic to version 'odl' (did you mean 'old'?)",
        "old",
    ),
    (
        '[[traffic.operation]]\nname = "a"\npgbench = "chekout.sql"',
        "traffic.operation[0].pgbench",
        "did you mean 'checkout.sql'?",
        "relative to",
    ),
    (
        '[[traffic.antagonist]]\nkind = "long_raeder"',
        "traffic.antagonist[0].kind",
        "did you mean 'long_reader'?",
        "vacuum",
    ),
    ('[[traffic.antagonist]]\nkind = "bulk_writer"', "traffic.antagonist[0].table", "needs a table", "table ="),
    ('[[traffic.antagonist]]\nkind = "sql"', "traffic.antagonist[0].sql", "needs sql", ""),
    ('[[traffic.antagonist]]\nkind = "vacuum"\nevery = "0"', "traffic.antagonist[0].every", "too short", "1ms"),
    ('[[phase]]\nname = "a"\n[[phase]]\nname = "a"', "phase[1].name", "twice", ""),
    (
        '[[phase]]\nname = "a"\ntraffic = { old = 0 }',
        "phase[0].traffic",
        "share of 'old' must be more than 0",
        "leave out",
    ),
    ('[[phase]]\nname = "a"\ntraffic = { old = inf }', "phase[0].traffic", "more than 0", ""),
    ('[[phase]]\nname = "a"\nfor = "x"', "phase[0].for", "not a number with a unit", ""),
    (
        '[[phase]]\nname = "a"\nsteps = ["1"]\n[[phase]]\nname = "b"\nsteps = ["1"]',
        "phase[1].steps",
        "already in phase 'a'",
        "",
    ),
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
    ("[snapshot]\nscale = 10", "snapshot.scale", "amplification is not in this version", "leave scale out"),
    ('[snapshot]\nstatistics = "p.json"', "snapshot.statistics", "not in this version", ""),
    ('[snapshot]\nsource = "shpo.dump"', "snapshot.source", "did you mean 'shop.dump'?", "relative to"),
    (
        '[snapshot]\nsource = "production"',
        "snapshot.source",
        "stored snapshots by name come in a later version",
        "pg_dump",
    ),
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
    error = refused(folder, text, migration="" if text.startswith("[migration") else MIGRATION)
    assert error.key.startswith(key)
    assert message in error.message
    assert hint in error.hint
    assert error.exit_code == 2
    assert len(str(error)) < 1000


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


def test_every_new_key_of_traffic_at_once(folder: Path) -> None:
    scenario = accepted(folder, MANY)
    traffic = scenario.traffic
    assert traffic.retry == RetrySpec(on=("40001",), attempts=5, backoff="5ms")
    assert traffic.operation[0].sql[1] == StatementSpec(sql="SELECT :total", when=":total > 100", think="20ms")
    assert (traffic.burst[0].duration, traffic.ramp[1].rate) == ("2s", 0.0)
    assert [antagonist.kind for antagonist in traffic.antagonist] == ["batch", "pg_dump", "wraparound_vacuum"]
    assert (scenario.phase[0].rate, traffic.pooling, traffic.processes) == (50.0, Pooling.TRANSACTION, 2)


MANY = """
[traffic]
calibration = "5s"
pooling = "transaction"
server_connections = 8
max_waiters = 100
connect_cost = "20ms"
settings = { lock_timeout = "2s", idle_in_transaction_session_timeout = 60000 }
retry = { on = ["40001"], attempts = 5, backoff = "5ms" }
processes = 2
[[traffic.burst]]
rate = 900
every = "20s"
for = "2s"
start = "1s"
[[traffic.ramp]]
at = "10s"
rate = 400
[[traffic.ramp]]
at = "20s"
rate = 0
[[traffic.operation]]
name = "pay"
sql = [{ sql = "SELECT 1 AS total", into = "total" }, { sql = "SELECT :total", when = ":total > 100", think = "20ms" }]
retry = { attempts = 1 }
[[traffic.operation]]
name = "both"
sql = ["SELECT 1", "SELECT 2"]
pipeline = true
[[traffic.antagonist]]
kind = "batch"
table = "jobs"
rows = 10
placement = "random"
[[traffic.antagonist]]
kind = "pg_dump"
[[traffic.antagonist]]
kind = "wraparound_vacuum"
table = "orders"
before = "ALTER TABLE"
lead = "1s"
[[phase]]
name = "more"
rate = 50
"""


@pytest.mark.parametrize(
    "text",
    [
        "auto = true",
        'from_log = "seed.sql"',
        'from_log = "."',
        'from_statements = "seed.sql"\n[[traffic.operation]]\nname = "a"\nsql = "SELECT 1"',
        'arrival = "trace"\ntrace = "trace.csv"\n[[traffic.operation]]\nname = "view"\nsql = "SELECT 1"',
        'arrival = "trace"\ntrace = "trace.csv"\nauto = true',
    ],
)
def test_where_a_workload_may_come_from(folder: Path, text: str) -> None:
    accepted(folder, f"[traffic]\n{text}")
