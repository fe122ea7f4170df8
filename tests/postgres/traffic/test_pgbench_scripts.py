"""Scripts with every command, operator and function of pgbench's manual, by pgbench and by us: the same rows."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.postgres.binaries import find_client
from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.traffic.compiled import new_client
from harness.rehearsal.traffic.process import TrafficSummary
from harness.spec.scenario import OperationSpec, Protocol, TrafficSpec
from harness.spec.workload import build_workload
from tests.postgres.traffic.conftest import Rig

pytestmark = pytest.mark.postgres

SCRIPTS = Path(__file__).with_name("scripts")
NAMES = tuple(sorted(path.stem for path in SCRIPTS.glob("*.sql")))
SEED = 7
# The tables of pgbench's manual, PostgreSQL 18: "Meta-Commands", "pgbench Operators", "pgbench Functions",
# "pgbench Automatic Variables". An operator's pattern finds it in an expression.
COMMANDS = {
    "gset", "aset", "if", "elif", "else", "endif", "set", "sleep", "setshell", "shell", "startpipeline",
    "syncpipeline", "endpipeline",
}  # fmt: skip
FUNCTIONS = {
    "abs", "debug", "double", "exp", "greatest", "hash", "hash_fnv1a", "hash_murmur2", "int", "least", "ln", "mod",
    "permute", "pi", "pow", "power", "random", "random_exponential", "random_gaussian", "random_zipfian", "sqrt",
}  # fmt: skip
OPERATORS = {
    "or": r"\bor\b", "and": r"\band\b", "not": r"\bnot (?!null|true|false)", "is null": r"\bis null",
    "is not null": r"\bis not null", "is true": r"\bis true", "is not false": r"\bis not false",
    "is false": r"\bis false", "isnull": r"\bisnull", "notnull": r"\bnotnull", "=": r" = ", "<>": "<>", "!=": "!=",
    "<": r" < ", "<=": "<=", ">": r" > ", ">=": ">=", "|": r" \| ", "#": " # ", "&": " & ", "~": "~", "<<": "<<",
    ">>": ">>", "+": r" \+ ", "-": " - ", "*": r" \* ", "/": " / ", "%": " % ", "- (negation)": r"(?:- -|-[\d:(])",
    "case": r"\bcase when .* then .*end", "case else": r"\bcase when .* else .*end",
}  # fmt: skip
VARIABLES = {"client_id", "default_seed", "random_seed", "scale"}


def pgbench(server: Server, *options: str) -> subprocess.CompletedProcess[str]:
    """Pgbench with our seeds for its random numbers and hashes."""
    seed = new_client(SEED, 0).variables["default_seed"]
    return call(server, "--no-vacuum", f"--random-seed={SEED}", f"-Ddefault_seed={seed}", *options)


def call(server: Server, *options: str) -> subprocess.CompletedProcess[str]:
    program = find_client("pgbench", server.version_num // 10_000)
    return subprocess.run(
        [program, *options],
        env=server.environment(application_name="rehearse/harness"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def scripts(*names: str) -> list[OperationSpec]:
    return [OperationSpec(name=name, pgbench=f"{name}.sql") for name in names]


@pytest.fixture
def traces(rig: Rig) -> Iterator[Connection]:
    """A table for each script to write to, named like it."""
    tables = ", ".join(NAMES)
    rig.conn.execute(f"DROP TABLE IF EXISTS {tables}")
    for name in NAMES:
        rig.conn.execute(f"CREATE TABLE {name} (id int GENERATED ALWAYS AS IDENTITY, name text, value text)")
    yield rig.conn
    rig.conn.execute(f"DROP TABLE {tables}")


def taken(conn: Connection, name: str) -> list[tuple[str, str | None]]:
    """The rows that a script wrote, which are then removed."""
    rows: list[tuple[str, str | None]] = conn.execute(f"SELECT name, value FROM {name} ORDER BY id").fetchall()
    conn.execute(f"TRUNCATE {name}")
    return rows


def run(
    rig: Rig, *operations: OperationSpec, executions: int, protocol: Protocol, rate: float = 200.0
) -> TrafficSummary:
    """Run the operations on one connection until so many are done."""
    traffic = rig.start(
        *operations, rate=rate, actors=1, protocol=protocol, seed=SEED, path=SCRIPTS / "s.toml", pool_timeout="30s"
    )
    traffic.begin()
    while traffic.progress.completed + traffic.progress.failed < executions:
        assert traffic.alive
        time.sleep(0.01)
    return traffic.stop(drain_ns=30 * 10**9)


def test_the_scripts_use_everything_in_the_manual() -> None:
    text = "\n".join((SCRIPTS / f"{name}.sql").read_text() for name in NAMES).replace("\\\n", " ")
    commands = re.findall(r"\\([a-z]+)\b([^\n]*)", text.lower())
    expressions = "\n".join(rest for word, rest in commands if word in ("set", "if", "elif"))
    assert len(NAMES) == 10
    assert {word for word, _ in commands} >= COMMANDS
    assert set(re.findall(r"\b([a-z_0-9]+)\(", expressions)) == FUNCTIONS
    assert [operator for operator, pattern in OPERATORS.items() if not re.search(pattern, expressions)] == []
    assert {name for name in VARIABLES if f":{name}" in expressions} == VARIABLES


@pytest.mark.parametrize("protocol", list(Protocol))
def test_every_script_writes_the_same_rows(rig: Rig, traces: Connection, protocol: Protocol) -> None:
    # The simple protocol has no pipelines; pgbench replaces variables in literals, and joins, with that one only.
    left_out = {"draws", "pipeline" if protocol is Protocol.SIMPLE else "literals"}
    names = [name for name in NAMES if name not in left_out]
    theirs = {}
    for name in names:
        done = pgbench(rig.server, "-t1", f"-M{protocol.value}", f"-f{SCRIPTS / name}.sql")
        assert done.returncode == 0, done.stderr
        theirs[name] = taken(traces, name)
    summary = run(rig, *scripts(*names), executions=60, protocol=protocol)
    assert [error.message for error in summary.errors] == []
    executions = np.bincount(rig.records()["operation"], minlength=len(names))
    assert min(executions) > 0
    for name, times in zip(names, executions, strict=True):
        assert theirs[name]
        assert taken(traces, name) == theirs[name] * int(times), name


def test_scripts_that_the_simple_protocol_alone_can_send_are_sent_so(rig: Rig, traces: Connection) -> None:
    pgbench(rig.server, "-t1", f"-f{SCRIPTS / 'literals'}.sql")
    theirs = taken(traces, "literals")
    assert theirs
    summary = run(rig, *scripts("literals"), executions=3, protocol=Protocol.PREPARED)
    assert summary.errors == ()
    assert taken(traces, "literals") == theirs * summary.completed


def test_draws_have_the_same_distribution(rig: Rig, traces: Connection) -> None:
    executions = 300
    done = pgbench(rig.server, f"-t{executions}", f"-f{SCRIPTS / 'draws'}.sql")
    assert done.returncode == 0, done.stderr
    theirs = counts(taken(traces, "draws"))
    run(rig, *scripts("draws"), executions=executions, protocol=Protocol.PREPARED, rate=2_000)
    ours = counts(taken(traces, "draws"))
    for name, values in theirs.items():
        assert values.sum() == 10 * executions
        limit = 19 + 8 * (2 * 19) ** 0.5  # eight deviations above the mean of chi square with 19 degrees of freedom
        assert chi_square(values, ours[name]) < limit, name
        others = [other for key, other in ours.items() if key != name]
        assert all(chi_square(values, other) > 2 * limit for other in others), name


def counts(rows: list[tuple[str, str | None]]) -> dict[str, np.ndarray]:
    """How often each of the 20 values came, by distribution: uniform, exponential, gaussian (from −9), zipfian."""
    found = {name: np.zeros(20, dtype=np.int64) for name in "uegz"}
    for name, value in rows:
        found[name][int(value or 0) + (9 if name == "g" else -1)] += 1
    return found


def chi_square(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's statistic for two samples of different size having the same distribution."""
    seen = a + b > 0
    a, b = a[seen], b[seen]
    ratio = (b.sum() / a.sum()) ** 0.5
    return float(((a * ratio - b / ratio) ** 2 / (a + b)).sum())


BUILT_IN = ("tpcb-like", "simple-update", "select-only")


@pytest.fixture
def accounts(rig: Rig) -> Iterator[Connection]:
    """The tables of pgbench's own scripts at scale 2."""
    assert call(rig.server, "-i", "-s2", "-q").returncode == 0
    yield rig.conn
    rig.conn.execute("DROP TABLE pgbench_accounts, pgbench_branches, pgbench_tellers, pgbench_history")


@pytest.mark.parametrize("script", BUILT_IN)
def test_pgbenchs_own_scripts_send_the_same_and_keep_the_books(
    rig: Rig, accounts: Connection, tmp_path: Path, script: str
) -> None:
    text = call(rig.server, f"--show-script={script}").stderr
    (tmp_path / "script.sql").write_text(text)
    done = pgbench(rig.server, "-t1", "--debug", f"-b{script}")
    sent = re.findall(r"client 0 sending (.*)", done.stderr)
    operation = OperationSpec(name=script, pgbench="script.sql")
    assert [shape(s) for s in sent] == [shape(s) for s in statements(operation, tmp_path / "s.toml")]
    before = books(accounts)
    traffic = rig.start(operation, rate=1_000, actors=4, path=tmp_path / "s.toml")
    traffic.begin()
    while traffic.progress.completed < 300:
        assert traffic.alive
        time.sleep(0.01)
    summary = traffic.stop(drain_ns=10**10)
    assert (summary.failed, summary.errors) == (0, ())
    after = books(accounts)
    writes = {"tpcb-like": 1, "simple-update": 1, "select-only": 0}[script]
    assert after["rows"] - before["rows"] == writes * summary.completed
    assert after["accounts"] == after["history"]
    assert after["tellers"] == after["branches"] == (after["history"] if script == "tpcb-like" else before["branches"])
    if writes:
        assert after["beyond the first branch"]  # :scale is 2: half of the accounts have ids above 100,000


def statements(operation: OperationSpec, path: Path) -> list[str]:
    """Our statements, with a value for every variable."""
    workload = build_workload(TrafficSpec(operation=(operation,)), path=path)
    return ["7".join(s.template[::2]) for s in workload.operations[0].statements]


def shape(sql: str) -> str:
    """The statement with numbers made the same."""
    return re.sub(r"-?\b\d+\b", "7", sql.rstrip(";"))


def books(conn: Connection) -> dict[str, int]:
    """What TPC-B demands: the balances of accounts, tellers and branches are the sum of the history."""
    query = """
    SELECT (SELECT count(*) FROM pgbench_history) AS rows,
           (SELECT coalesce(sum(delta), 0) FROM pgbench_history) AS history,
           (SELECT sum(abalance) FROM pgbench_accounts) AS accounts,
           (SELECT sum(tbalance) FROM pgbench_tellers) AS tellers,
           (SELECT sum(bbalance) FROM pgbench_branches) AS branches,
           (SELECT count(*) FROM pgbench_history WHERE aid > 100000) AS "beyond the first branch"
    """
    cursor = conn.execute(query)
    names = [column.name for column in cursor.description or ()]
    (row,) = cursor.fetchall()
    return dict(zip(names, row, strict=True))
