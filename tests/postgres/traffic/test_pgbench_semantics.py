"""The same scripts through pgbench and through the harness: the same values, statements and rows."""

import re
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from harness.postgres.binaries import find_client
from harness.postgres.ports import Server
from harness.spec.pgbench.evaluate import Client, compile_expression
from harness.spec.pgbench.expressions import parse_expression
from harness.spec.pgbench.values import ExpressionError, to_text
from harness.spec.scenario import OperationSpec, Protocol
from tests.postgres.traffic.conftest import Rig

pytestmark = pytest.mark.postgres

EXPRESSIONS = [
    "1 + 2 * 3 - 4 / 2 % 3", "(1 + 2) * 3", "-7 / 2", "-7 % 3", "7 / 2.0", "5.5 % 2", "- 2 * 3", "+5", "~5",
    "~ 5 + 1", "~5 | 3", "1 | 2 & 3 # 5", "1 << 3 >> 1", "1 << 65", "1 << -1", "-1 >> 1", "2 + 3 | 4",
    "1 < 2 and 2 < 1 or true", "not 1 = 2", "not not true", "not false and false", "1 <> 2", "1 != 1", "1 = 1.0",
    "2 >= 2.5", "3 > 2", "null is null", "1 is not null", "null isnull", "1 notnull", "null isnull is null",
    "true is true", "1 is true", "null and false", "false and null", "null or true", "true or null", "not null",
    "null + 1", "null = null", "case when 0 then 1 else 2 end", "case when null then 1 when 0.5 then 2 end",
    "case when false then 1 end", "case when 1 = 2 then 3 else 4 end * 2", "abs(-5)", "abs(-2.5)", "abs(null)",
    "debug(5)", "debug(null)", "double(3)", "double(3) / 2", "int(2.5)", "int(3.5)", "int(-2.5)", "exp(1)",
    "exp(1000)", "ln(10)", "ln(0)", "ln(-1)", "sqrt(2)", "sqrt(-1)", "pi()", "pow(2, 3)", "power(2, 0.5)",
    "pow(0, -1)", "pow(-2, 0.5)", "pow(-8, 3)", "mod(5, -3)", "mod(-5, 3)", "least(3, 1, 2)", "greatest(1, 2.5)",
    "least(1, null)", "greatest(7)", "1e3", "1.5e-3", ".5", "5.", "0.1 + 0.2", "1e15 + 0.3",
    "100000.0 * 10000000000", "123456789012345678", "-9223372036854775808", "9223372036854775807",
    "abs(-9223372036854775808)", "1.0 / 0", "-1.0 / 0", "0.0 / 0", "hash(1)", "hash(10, 5)", "hash(-1, -9)",
    "hash_fnv1a(10, 5)", "hash_fnv1a(-1)", "hash_murmur2(9223372036854775807, 1)", "hash(null)", "hash(1.6, 2)",
    "random(4, 4)", "random_zipfian(3, 3, 1.5)", "random_gaussian(3, 3, 2)", "random_exponential(3, 3, 1)",
    "permute(0, 1)", "permute(5, 1, 9)", ":d + 1", ":d / 2", ":b and true", "-:d",
]  # fmt: skip
# What pgbench says of each, and the SQLSTATE that PostgreSQL has for it.
FAILING = [
    ("9223372036854775807 + 1", "bigint add out of range", "22003"),
    ("-9223372036854775807 - 2", "bigint sub out of range", "22003"),
    ("9223372036854775807 * 2", "bigint mul out of range", "22003"),
    ("-9223372036854775808 / -1", "bigint div out of range", "22003"),
    ("1 / 0", "division by zero", "22012"), ("1 % 0", "division by zero", "22012"),
    ("true = true", "cannot coerce boolean to int", "42804"), ("not 1", "cannot coerce int to boolean", "42804"),
    ("true + 1", "cannot coerce boolean to int", "42804"), ("int(true)", "cannot coerce boolean to int", "42804"),
    ("1 and true", "cannot coerce int to boolean", "42804"), ("least(true, 1)", "cannot coerce boolean", "42804"),
    ("int(1e30)", "double to int overflow", "22003"), ("int(1.0 / 0)", "double to int overflow", "22003"),
    ("random(2, 1)", "empty range", "22023"), ("random_gaussian(1, 9, 1)", "gaussian parameter", "22023"),
    ("random_zipfian(1, 9, 1)", "zipfian parameter", "22023"),
    ("random_exponential(1, 9, 0)", "exponential parameter", "22023"),
    ("permute(1, 0)", "permute size", "22023"), ("permute(1, -1)", "permute size", "22023"),
    ("random(-4611686018427387905, 4611686018427387904)", "random range is too large", "22003"),
]  # fmt: skip
REFUSED = [
    "1 < 2 < 3", "1 +", "(1", "1 2", "case 1 when 1 then 2 end", "rando(1, 2)", "random(1)", "pi(1)", "1e400",
    "9223372036854775808", "0 - 9223372036854775808", "abs()", "least()", "1 is 2", "'x'", "hash(1, 2, 3)",
    "case else 1 end", "1 == 1",
]  # fmt: skip
DEFINED = {"d": "7", "b": "true", "default_seed": "4242"}


def pgbench(server: Server, script: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = find_client("pgbench", server.version_num // 10_000)
    defines = [f"-D{name}={value}" for name, value in DEFINED.items()]
    return subprocess.run(
        [program, "--no-vacuum", "--transactions=1", "--debug", f"--file={script}", *defines, *options],
        env=server.environment(application_name="rehearse/harness"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def evaluate(text: str) -> str:
    return to_text(compile_expression(parse_expression(text))(Client(Random(1), dict(DEFINED))))


def test_values_are_those_of_pgbench(module_server: Server, tmp_path: Path) -> None:
    script = tmp_path / "all.sql"
    lines = [f"\\set v{i} {text}\nSELECT 'value {i} :v{i} end';" for i, text in enumerate(EXPRESSIONS)]
    script.write_text("\n".join(lines))
    done = pgbench(module_server, script)
    assert done.returncode == 0, done.stderr
    found = dict(re.findall(r"sending SELECT 'value (\d+) (\S+) end'", done.stderr))
    theirs = [found.get(str(i)) for i in range(len(EXPRESSIONS))]
    ours = [evaluate(text) for text in EXPRESSIONS]
    assert dict(zip(EXPRESSIONS, ours, strict=True)) == dict(zip(EXPRESSIONS, theirs, strict=True))


@pytest.mark.parametrize(("text", "theirs", "sqlstate"), FAILING)
def test_what_fails_in_pgbench_fails_here(
    module_server: Server, tmp_path: Path, text: str, theirs: str, sqlstate: str
) -> None:
    script = tmp_path / "one.sql"
    script.write_text(f"\\set x {text}\nSELECT 1;")
    done = pgbench(module_server, script)
    assert theirs in done.stderr
    assert "evaluation of meta-command failed" in done.stderr
    with pytest.raises(ExpressionError) as caught:
        evaluate(text)
    assert caught.value.sqlstate == sqlstate


@pytest.mark.parametrize("text", REFUSED)
def test_what_pgbench_refuses_to_read_is_refused_here(module_server: Server, tmp_path: Path, text: str) -> None:
    script = tmp_path / "one.sql"
    script.write_text(f"\\set x {text}\nSELECT 1;")
    assert 'in command "set"' in pgbench(module_server, script).stderr
    with pytest.raises(ExpressionError):
        parse_expression(text)


PROGRAM = r"""
-- every command, branches taken and not, casts, literals, captures
\set a 5
\set half :a / 2.0
BEGIN;
INSERT INTO trace (note) VALUES ('a :a; half :half' || ':missing'); /* ; :a */
SELECT :a + 1 AS next, 'x'::text AS word, NULL AS nothing
\gset p_
INSERT INTO trace (note) VALUES (:p_next::text || ':p_word' || '[:p_nothing]');
\if :p_next = 6 and not :a > 9
  INSERT INTO trace (note) VALUES ('then');
  \if false
    INSERT INTO trace (note) VALUES ('never');
  \elif :a
    INSERT INTO trace (note) VALUES ('inner elif');
  \endif
\else
  INSERT INTO trace (note) VALUES ('else');
\endif
\sleep 1 ms
SELECT 1 AS one \; SELECT 2 AS two UNION ALL SELECT 3 \aset
INSERT INTO trace (note) SELECT ':one' || $q$:two$q$ || (:a)::int || "note" FROM (SELECT 'n' AS "note") AS s;
\set p_next :p_next + \
  10
INSERT INTO trace (note) VALUES (:p_next);
END;
"""


@pytest.mark.parametrize("protocol", [Protocol.SIMPLE, Protocol.PREPARED])
def test_a_script_leaves_the_same_rows(rig: Rig, tmp_path: Path, protocol: Protocol) -> None:
    rig.conn.execute("DROP TABLE IF EXISTS trace; CREATE TABLE trace (id int GENERATED ALWAYS AS IDENTITY, note text)")
    program = PROGRAM if protocol is Protocol.SIMPLE else PROGRAM.replace(":p_next::text", ":p_next::int")
    (tmp_path / "program.sql").write_text(program)
    done = pgbench(rig.server, tmp_path / "program.sql")
    assert done.returncode == 0, done.stderr
    theirs = rig.conn.execute("SELECT note FROM trace ORDER BY id").fetchall()
    rig.conn.execute("TRUNCATE trace")
    operation = OperationSpec(name="program", pgbench="program.sql")
    traffic = rig.start(operation, rate=20, actors=1, protocol=protocol, path=tmp_path / "s.toml")
    traffic.begin()
    while traffic.progress.completed + traffic.progress.failed == 0:
        assert traffic.alive
    summary = traffic.stop(drain_ns=10**9)
    assert [error.message for error in summary.errors] == []
    ours = rig.conn.execute("SELECT note FROM trace ORDER BY id").fetchall()
    assert len(theirs) == 6
    assert ours == theirs * summary.completed


# Scripts that end a client of pgbench: what it says, and the SQLSTATE of our operation.
STOPPING = {
    "no row": ("SELECT 1 AS x WHERE false \\gset", "expected one row, got 0", "P0002"),
    "two rows": ("SELECT generate_series(1, 2) AS x \\gset", "expected one row, got 2", "P0003"),
    "no result": ("UPDATE orders SET n = n WHERE false \\gset", "expected one row, got 0", "P0002"),
    "odd column": ('SELECT 1 AS "b-c" \\gset', "invalid variable name", "42602"),
    "left open": ("BEGIN;\nSELECT 1;", "without completing the last transaction", "25000"),
    "division": ("BEGIN;\n\\set x 1 / 0\nEND;", "division by zero", "22012"),
    "overflow": ("\\set x 9223372036854775807\n\\set x :x + 1", "bigint add out of range", "22003"),
    "no number": ("SELECT '' AS e \\gset\n\\set x :e + 1", "evaluation of meta-command failed", "22P02"),
    "unset": ("\\if 0\n\\set a 1\n\\endif\n\\set b :a", 'undefined variable "a"', "42704"),
    "sleepless": ("\\set nap null\n\\sleep :nap us", "invalid sleep time", "42804"),
    "shell": ("\\shell false", "could not launch shell command", "38000"),
    "no integer": ("\\setshell v echo 12x", "must return an integer", "38000"),
    "silent": ("\\setshell v true", "could not read result of shell command", "38000"),
    "unset word": ("\\if 0\n\\set w 1\n\\endif\n\\shell echo :w", 'undefined variable ":w"', "42704"),
    "piped": (
        "\\startpipeline\nSELECT 1;\nSELECT 1 / :client_id::int;\nSELECT 3;\n\\endpipeline",
        "division by zero",
        "22012",
    ),
    "never closed": ("\\if 1\n\\startpipeline\n\\endif\nSELECT 1", "with pipeline open", "25000"),
    "never opened": ("\\if 0\n\\startpipeline\n\\endif\n\\endpipeline", "not in pipeline mode", "55000"),
    "server": ("SELECT 1 / :client_id::int", "division by zero", "22012"),
}


def test_what_stops_a_pgbench_client_fails_the_operation(rig: Rig, tmp_path: Path) -> None:
    for name, (script, words, _) in STOPPING.items():
        (tmp_path / f"{name}.sql").write_text(f"{script}\n;SELECT 1;")
        done = pgbench(rig.server, tmp_path / f"{name}.sql", "-Mprepared")
        assert done.returncode != 0, name
        assert words in done.stderr, name
    operations = [OperationSpec(name=name, pgbench=f"{name}.sql") for name in STOPPING]
    traffic = rig.start(*operations, rate=200, actors=1, path=tmp_path / "s.toml")
    traffic.begin()
    while traffic.progress.failed < 15 * len(operations):
        assert traffic.alive
        time.sleep(0.01)
    summary = traffic.stop(drain_ns=10**10)
    assert summary.failed == summary.offered
    names = list(STOPPING)
    found = {names[error.operation]: error.sqlstate for error in summary.errors}
    assert found == {name: sqlstate for name, (_, _, sqlstate) in STOPPING.items()}
    assert [e.statement for e in summary.errors if names[e.operation] == "piped"] == [1]
    idle = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rehearse/traffic%' AND state <> 'idle'"
    assert rig.conn.execute(idle).fetchone() == (0,)
