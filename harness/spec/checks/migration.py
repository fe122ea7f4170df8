"""[migration]."""

from harness.spec.checks.refuse import Refuse
from harness.spec.decode import quote
from harness.spec.scenario import Scenario

TOOLS = ("auto", "sql", "golang-migrate", "diesel", "prisma", "command")
"""Migration tools of this version."""

TOOLS_BY_COMMAND = (
    "alembic", "django", "dbmate", "goose", "flyway", "sqitch", "liquibase", "rails", "knex", "node-pg-migrate",
    "typeorm", "sequelize", "drizzle", "yoyo",
)  # fmt: skip
"""Tools of the published format that this version runs by `tool = "command"`; whoever reads the migration says how."""

_MAX_RETRIES = 1000


def check_migration(scenario: Scenario, refuse: Refuse) -> None:
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


def _check_what_to_rehearse(scenario: Scenario, refuse: Refuse) -> None:
    migration = scenario.migration
    both = bool(migration.path) and bool(migration.up or migration.down)
    hint = "path is a tool's folder, up and down are files"
    refuse.unless(not both, "migration.path", "path and up/down exclude each other", hint=hint)
    refuse.unless(bool(migration.up) or not migration.down, "migration.up", "down is given without up")
    refuse.unless(bool(migration.path or migration.up), "migration", "does not say what to rehearse",
                  hint='set path = "migrations", or up = "up.sql" and down = "down.sql"')  # fmt: skip
