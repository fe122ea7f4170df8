"""What the types cannot say: units, ranges, names that must be there or must differ, keys that exclude each other."""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from harness.model.errors import SpecError
from harness.model.units import NS_PER_MS, parse_duration, parse_ratio, parse_size
from harness.spec.decode import nearest, quote
from harness.spec.scenario import AntagonistSpec, EngineName, OperationSpec, Restore, Scenario

ANTAGONISTS = (
    "long_reader", "idle_in_transaction", "bulk_writer", "batch", "vacuum", "analyze", "wraparound_vacuum",
    "held_snapshot", "pg_dump", "sql",
)  # fmt: skip
"""The kinds of antagonist."""

ANTAGONISTS_WITHOUT_TABLE = ("vacuum", "analyze", "held_snapshot", "pg_dump", "sql")
"""Those that need no table: they work on the whole database, or hold no table at all."""

TOOLS = ("auto", "sql", "golang-migrate", "diesel", "prisma", "command")
"""Migration tools of this version."""

TOOLS_BY_COMMAND = (
    "alembic", "django", "dbmate", "goose", "flyway", "sqitch", "liquibase", "rails", "knex", "node-pg-migrate",
    "typeorm", "sequelize", "drizzle", "yoyo",
)  # fmt: skip
"""Tools of the published format that this version runs by `tool = "command"`; whoever reads the migration says how."""

MAX_ACTORS = 1000
"""One actor is one connection; application pools beyond that sit behind a pooler (manual, max_connections)."""

# PostgreSQL's time settings are 32-bit milliseconds (manual, 20.1.1), and no phase of a rehearsal is longer.
_LONGEST_NS = (2**31 - 1) * NS_PER_MS
_LARGEST_SEED = 2**63 - 1
_MAX_RETRIES = 1000
_VERSION = re.compile(r"[1-9][0-9]")
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
# psql's rule for variable names (manual, psql, Variables), without letters beyond ASCII.
_VARIABLE = re.compile(r"[A-Za-z0-9_]+")
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*")


class _Refuse:
    """Raises SpecError for keys of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def unless(self, right: bool, key: str, message: str, *, hint: str = "") -> None:
        if not right:
            raise SpecError(message, path=self.path, key=key, hint=hint)

    def word(self, value: str, valid: Iterable[str], key: str) -> None:
        words = list(valid)
        message = f"{quote(value)} is not known here{nearest(value, words)}"
        self.unless(value in words, key, message, hint=f"write one of: {', '.join(words)}")

    def unit(self, parse: Callable[[str], float], text: str, key: str) -> float:
        try:
            value = parse(text)
        except (ValueError, ArithmeticError) as error:
            message, _, way_out = str(error).partition("; ")
            raise SpecError(_short(message), path=self.path, key=key, hint=way_out) from None
        self.unless(math.isfinite(value), key, f"{quote(text)} is too big")
        return value

    def duration(self, text: str, key: str, *, least_ns: int = 0) -> None:
        value = self.unit(parse_duration, text, key)
        self.unless(value <= _LONGEST_NS, key, f"{quote(text)} is too long", hint="the longest is 24 days")
        self.unless(value >= least_ns, key, f"{quote(text)} is too short", hint=f"the least is {least_ns / 1e6:g}ms")

    def name(self, value: str, key: str) -> None:
        fine = bool(value.strip()) and value.isprintable()
        self.unless(fine, key, f"{quote(value)} is not a name", hint="write one line of visible characters")

    def twice(self, names: Iterable[str], key: str) -> None:
        seen: set[str] = set()
        for index, name in enumerate(names):
            self.unless(
                name not in seen, f"{key}[{index}].name", f"{quote(name)} is there twice", hint="names must differ"
            )
            seen.add(name)


def check_scenario(scenario: Scenario, *, path: Path) -> None:
    """SpecError for the first value of `scenario`, read from `path`, that is out of range or contradicts another."""
    refuse = _Refuse(path)
    refuse.name(scenario.name, "name")
    in_range = 0 <= scenario.seed <= _LARGEST_SEED
    refuse.unless(in_range, "seed", "the seed is out of range", hint="write a whole number from 0 to 2^63-1")
    _check_postgres(scenario, refuse)
    _check_snapshot(scenario, refuse)
    _check_migration(scenario, refuse)
    _check_traffic(scenario, refuse)
    _check_phases(scenario, refuse)
    _check_invariants(scenario, refuse)
    _check_rollback_and_accept(scenario, refuse)
    _check_budgets(scenario, refuse)


def _check_postgres(scenario: Scenario, refuse: _Refuse) -> None:
    postgres = scenario.postgres
    refuse.unless(
        bool(_VERSION.fullmatch(postgres.version)),
        "postgres.version",
        f"{quote(postgres.version)} is not a major version",
        hint='write the major version alone, like version = "18"',
    )
    if postgres.engine is EngineName.EXTERNAL:
        told = bool(postgres.dsn_env) or postgres.provider is not None
        refuse.unless(told, "postgres.engine", "the external engine is not told where the server is",
                      hint="set dsn_env or [postgres.provider]")  # fmt: skip
    if postgres.provider is not None:
        refuse.unless(bool(postgres.provider.create.strip()), "postgres.provider.create", "the command is empty")
    for name in postgres.settings:
        right = bool(_SETTING.fullmatch(name))
        refuse.unless(right, "postgres.settings", f"{quote(name)} is not a setting's name")
    for index, name in enumerate(postgres.extensions):
        refuse.name(name, f"postgres.extensions[{index}]")
    refuse.duration(postgres.deadlock_timeout, "postgres.deadlock_timeout", least_ns=NS_PER_MS)


def _check_snapshot(scenario: Scenario, refuse: _Refuse) -> None:
    snapshot = scenario.snapshot
    provided = scenario.postgres.engine is EngineName.EXTERNAL and scenario.postgres.provider is not None
    refuse.unless(not provided or not (snapshot.source or snapshot.setup), "snapshot",
                  "source and setup are not used with [postgres.provider]: its servers come with their data",
                  hint="leave them out, or give a server by dsn_env")  # fmt: skip
    refuse.unless(snapshot.scale == 1, "snapshot.scale", "amplification is not in this version",
                  hint="leave scale out, or make the data bigger with a setup file and variables")  # fmt: skip
    refuse.unless(not snapshot.statistics, "snapshot.statistics", "production statistics are not in this version",
                  hint="leave statistics out")  # fmt: skip
    for name in snapshot.variables:
        right = bool(_VARIABLE.fullmatch(name))
        refuse.unless(right, "snapshot.variables", f"{quote(name)} is not a psql variable's name",
                      hint="use letters, digits and underscores")  # fmt: skip


def _check_migration(scenario: Scenario, refuse: _Refuse) -> None:
    migration = scenario.migration
    if migration.tool not in TOOLS_BY_COMMAND:
        refuse.word(migration.tool, TOOLS, "migration.tool")
    command = migration.command is not None
    refuse.unless(migration.tool != "command" or command, "migration.command", 'tool = "command" needs the commands',
                  hint='command = { up = "…", down = "…" }')  # fmt: skip
    refuse.unless(migration.tool in ("command", "auto") or not command, "migration.command",
                  f"commands are not used with tool = {migration.tool!r}", hint='write tool = "command"')  # fmt: skip
    if migration.command is not None:
        refuse.unless(bool(migration.command.up.strip()), "migration.command.up", "the command is empty")
    else:
        _check_what_to_rehearse(scenario, refuse)
    if isinstance(migration.steps, str):
        hint = 'write "pending", "all" or a list of step names'
        message = f"{quote(migration.steps)} is not known here"
        refuse.unless(migration.steps in ("pending", "all"), "migration.steps", message, hint=hint)
    refuse.duration(migration.lock_timeout, "migration.lock_timeout")
    refuse.duration(migration.retry_delay, "migration.retry_delay")
    refuse.unless(0 <= migration.retries <= _MAX_RETRIES, "migration.retries", f"must be 0 to {_MAX_RETRIES}")


def _check_what_to_rehearse(scenario: Scenario, refuse: _Refuse) -> None:
    migration = scenario.migration
    both = bool(migration.path) and bool(migration.up or migration.down)
    hint = "path is a tool's folder, up and down are files"
    refuse.unless(not both, "migration.path", "path and up/down exclude each other", hint=hint)
    refuse.unless(bool(migration.up) or not migration.down, "migration.up", "down is given without up")
    refuse.unless(bool(migration.path or migration.up), "migration", "does not say what to rehearse",
                  hint='set path = "migrations", or up = "up.sql" and down = "down.sql"')  # fmt: skip


def _check_traffic(scenario: Scenario, refuse: _Refuse) -> None:
    traffic = scenario.traffic
    hint = "operations per second, like rate = 200"
    refuse.unless(traffic.rate > 0 and math.isfinite(traffic.rate), "traffic.rate", "must be more than 0", hint=hint)
    refuse.unless(1 <= traffic.actors <= MAX_ACTORS, "traffic.actors", f"must be 1 to {MAX_ACTORS}")
    for key in ("pool_timeout", "statement_timeout", "baseline", "settle"):
        refuse.duration(getattr(traffic, key), f"traffic.{key}")
    refuse.twice((operation.name for operation in traffic.operation), "traffic.operation")
    for index, operation in enumerate(traffic.operation):
        _check_operation(operation, f"traffic.operation[{index}]", refuse)
    for index, antagonist in enumerate(traffic.antagonist):
        _check_antagonist(antagonist, f"traffic.antagonist[{index}]", refuse)


def _check_operation(operation: OperationSpec, key: str, refuse: _Refuse) -> None:
    refuse.name(operation.name, f"{key}.name")
    called = f"operation {quote(operation.name)}"
    right = operation.weight > 0 and math.isfinite(operation.weight)
    refuse.unless(right, f"{key}.weight", f"the weight of {called} must be more than 0")
    statements = (operation.sql,) if isinstance(operation.sql, str) else operation.sql
    has_sql = operation.sql not in ("", ())
    refuse.unless(has_sql or bool(operation.pgbench), key, f"{called} has neither sql nor pgbench",
                  hint='add sql = "SELECT …" or pgbench = "script.sql"')  # fmt: skip
    refuse.unless(not (has_sql and operation.pgbench), key, f"{called} has both sql and pgbench", hint="keep one")
    texts = [s if isinstance(s, str) else s.sql for s in statements]
    refuse.unless(not has_sql or all(s.strip() for s in texts), f"{key}.sql", f"a statement of {called} is empty")
    for index, state in enumerate(operation.expected):
        message = f"{quote(state)} is not an SQLSTATE"
        hint = 'five characters, like "23505"'
        refuse.unless(bool(_SQLSTATE.fullmatch(state)), f"{key}.expected[{index}]", message, hint=hint)


def _check_antagonist(antagonist: AntagonistSpec, key: str, refuse: _Refuse) -> None:
    refuse.word(antagonist.kind, ANTAGONISTS, f"{key}.kind")
    needs_table = antagonist.kind not in ANTAGONISTS_WITHOUT_TABLE
    refuse.unless(bool(antagonist.table) or not needs_table, f"{key}.table", f"{antagonist.kind} needs a table",
                  hint='add table = "…"')  # fmt: skip
    is_sql = antagonist.kind == "sql"
    refuse.unless(not is_sql or bool(antagonist.sql.strip()), f"{key}.sql", "an antagonist of kind sql needs sql")
    refuse.unless(is_sql or not antagonist.sql, f"{key}.sql", f"sql is not used by {antagonist.kind}",
                  hint='write kind = "sql"')  # fmt: skip
    refuse.duration(antagonist.every, f"{key}.every", least_ns=NS_PER_MS)
    refuse.duration(antagonist.hold, f"{key}.hold")
    refuse.duration(antagonist.start, f"{key}.start")
    if antagonist.before_migration:
        refuse.duration(antagonist.before_migration, f"{key}.before_migration")


def _check_phases(scenario: Scenario, refuse: _Refuse) -> None:
    refuse.twice((phase.name for phase in scenario.phase), "phase")
    taken: dict[str, str] = {}
    for index, phase in enumerate(scenario.phase):
        key = f"phase[{index}]"
        refuse.name(phase.name, f"{key}.name")
        refuse.duration(phase.duration, f"{key}.for")
        for step in phase.steps:
            message = f"step {quote(step)} is already in phase {quote(taken.get(step, ''))}"
            refuse.unless(step not in taken, f"{key}.steps", message)
            taken[step] = phase.name
        for version, share in phase.traffic.items():
            right = share > 0 and math.isfinite(share)
            refuse.unless(right, f"{key}.traffic", f"the share of {quote(version)} must be more than 0",
                          hint="leave out a version that gets no traffic")  # fmt: skip
    _check_versions(scenario, refuse)


def _check_versions(scenario: Scenario, refuse: _Refuse) -> None:
    mixed = sorted({version for phase in scenario.phase for version in phase.traffic})
    for index, operation in enumerate(scenario.traffic.operation):
        if operation.version and mixed:
            message = f"no phase gives traffic to version {quote(operation.version)}{nearest(operation.version, mixed)}"
            hint = f"the phases' traffic names: {', '.join(mixed)}"
            key = f"traffic.operation[{index}].version"
            refuse.unless(operation.version in mixed, key, message, hint=hint)


def _check_invariants(scenario: Scenario, refuse: _Refuse) -> None:
    phases = [phase.name for phase in scenario.phase]
    refuse.twice((invariant.name for invariant in scenario.invariant), "invariant")
    for index, invariant in enumerate(scenario.invariant):
        key = f"invariant[{index}]"
        refuse.name(invariant.name, f"{key}.name")
        one = bool(invariant.sql.strip()) != bool(invariant.file)
        refuse.unless(one, key, f"invariant {quote(invariant.name)} needs either sql or file")
        head, colon, phase = invariant.when.partition(":")
        if head == "after" and colon:
            known = ", ".join(phases) or "none"
            message = f"there is no phase {quote(phase)}{nearest(phase, phases)}"
            refuse.unless(phase in phases, f"{key}.when", message, hint=f"the phases are: {known}")
        else:
            refuse.word(invariant.when, ("always", "end", "after:<phase>"), f"{key}.when")


def _check_rollback_and_accept(scenario: Scenario, refuse: _Refuse) -> None:
    rollback = scenario.rollback
    irreversible = rollback.restore is Restore.NONE
    refuse.unless(not irreversible or bool(rollback.reason.strip()), "rollback.reason",
                  'restore = "none" declares the migration irreversible and needs a reason',
                  hint='add reason = "…"')  # fmt: skip
    for index, accept in enumerate(scenario.accept):
        key = f"accept[{index}]"
        refuse.unless(bool(accept.hazard.strip()), f"{key}.hazard", "the hazard is empty",
                      hint="`rehearse hazards` lists them")  # fmt: skip
        refuse.unless(bool(accept.reason.strip()), f"{key}.reason", "accepting a hazard needs a reason")


def _check_budgets(scenario: Scenario, refuse: _Refuse) -> None:
    budgets = scenario.budgets
    for key, text in _limits(scenario, ("blocked", "outage", "held", "rollback_time", "duration")):
        refuse.duration(text, key)
    for key, text in _limits(scenario, ("wal", "disk")):
        refuse.unit(parse_size, text, key)
    limit = refuse.unit(_ratio_or_duration, budgets.p99, "budgets.p99")
    refuse.unless(limit > 0, "budgets.p99", "must be more than 0", hint='write a multiple of the baseline, like "10x"')
    if isinstance(budgets.failed, int):
        refuse.unless(budgets.failed >= 0, "budgets.failed", "must not be negative")
    else:
        share = refuse.unit(parse_ratio, budgets.failed, "budgets.failed")
        refuse.unless(share <= 1, "budgets.failed", "is more than every operation", hint='write a share, like "0.1%"')


def _limits(scenario: Scenario, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        text = getattr(scenario.budgets, name)
        if text is not None:
            yield f"budgets.{name}", text


def _short(message: str) -> str:
    return message if len(message) <= 160 else message[:159] + "…"


def _ratio_or_duration(text: str) -> float:
    """A multiple of the baseline ("10x"), or an absolute time ("250ms")."""
    try:
        return parse_ratio(text)
    except ValueError:
        pass
    try:
        return parse_duration(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a ratio nor a duration; write '10x' or '250ms'") from None
