"""What each key of a scenario means, for its JSON Schema and for docs/scenario.md."""

from typing import Final

from harness.spec.schema.describe_traffic import TRAFFIC_KEYS
from harness.spec.schema.key import DURATION, Key

SECTIONS: Final[dict[str, tuple[str, str]]] = {
    "": ("The top of the file", "What the rehearsal is called, and its random seed."),
    "postgres": ("[postgres]", "The disposable server: where it comes from, its version, production's settings."),
    "postgres.provider": (
        "[postgres.provider]",
        'With `engine = "external"`: commands that make a disposable server for each clone and remove it.',
    ),
    "snapshot": (
        "[snapshot]",
        "The data: restored once, vacuumed and analyzed, then kept under a digest of everything that decides it.",
    ),
    "migration": ("[migration]", "The change: a tool's folder (`path`), or one file each way (`up`, `down`)."),
    "migration.command": (
        "[migration.command]",
        'With `tool = "command"`: any tool, run with DATABASE_URL and PG* set.',
    ),
    "traffic": (
        "[traffic]",
        "The application: an open loop of operations over a pool of connections; see [traffic.md](traffic.md).",
    ),
    "traffic.retry": (
        "retry = { … }",
        "What the application does about errors that pass: in [traffic] for all operations, or in one for itself.",
    ),
    "traffic.burst": (
        "[[traffic.burst]]",
        "Windows with a rate of their own, whatever the rate is else; where two overlap, the later in the file counts.",
    ),
    "traffic.ramp": (
        "[[traffic.ramp]]",
        "Points of the rate's course in order of time: straight lines from traffic.rate on, constant after the last.",
    ),
    "traffic.operation": (
        "[[traffic.operation]]",
        "One unit of the application's work, one transaction: from `sql` or from a pgbench script.",
    ),
    "traffic.operation.sql": (
        "sql = [{ … }]",
        "A statement of an operation with more to say than its SQL; it stands in the list beside plain ones.",
    ),
    "traffic.antagonist": ("[[traffic.antagonist]]", "A session that makes life hard for the migration."),
    "phase": (
        "[[phase]]",
        "One stage of a rolling deploy. Without phases all steps are migrated, then rolled back.",
    ),
    "invariant": ("[[invariant]]", "A query whose answer must be 0, whatever runs beside it: `sql` or `file`."),
    "rollback": ("[rollback]", "The way back, under the same traffic."),
    "probe": (
        "[probe]",
        "Experiments that show what traffic alone would not, each on a clone of its own, between trace and load.",
    ),
    "budgets": ("[budgets]", "The limits; exceeding one fails the rehearsal."),
    "budget": (
        "[[budget]]",
        "A limit on any other recorded number; one that was not measured makes the rehearsal inconclusive.",
    ),
    "accept": ("[[accept]]", "A hazard that somebody has looked at: it is still reported, and no longer fails."),
}
"""Title and purpose of each table of the file, in the order of the reference."""

_SIZE = "size"

DESCRIBED_ELSEWHERE: Final = frozenset({"traffic.operation.retry"})
"""Tables with the keys of another that is described."""

KEYS: Final[dict[str, Key]] = {
    "name": Key("text", "What the rehearsal is called in reports; absent: the folder's name.", 'name = "0042-status"'),
    "description": Key("text", "One line for people.", 'description = "Add orders.status"'),
    "seed": Key("whole number", "Of everything random; runs with the same seed send the same.", "seed = 7"),
    "expect": Key(
        "table", "What a test of the project's own scenarios demands; the judge never reads it.", "expect = {}"
    ),
    "postgres.engine": Key(
        "auto, docker, embedded or external",
        "Where the server comes from; auto takes docker where its engine answers and has the image, else embedded.",
        'engine = "embedded"',
    ),
    "postgres.version": Key("text", "The major version.", 'version = "16"'),
    "postgres.image": Key("text", "The docker image; absent: `postgres:` and the version.", 'image = "my/postgres:18"'),
    "postgres.dsn_env": Key(
        "text", "external: the environment variable that holds the connection string.", 'dsn_env = "REHEARSE_DSN"'
    ),
    "postgres.settings": Key(
        "table of text, numbers, booleans",
        "Production's settings, as in postgresql.conf; max_connections too, which bounds the lock table (else 200).",
        'settings = { shared_buffers = "256MB", work_mem = "16MB" }',
    ),
    "postgres.extensions": Key(
        "list of text", "Extensions the data needs: checked before anything is restored.", 'extensions = ["pg_trgm"]'
    ),
    "postgres.deadlock_timeout": Key(
        DURATION,
        "Every lock wait longer than this is recorded exactly. Production's usual 1s would hide most of them.",
        'deadlock_timeout = "10ms"',
    ),
    "postgres.provider.create": Key(
        "command", 'Makes a server and prints {"dsn": "postgresql://…"}.', 'create = "./branch.sh create"'
    ),
    "postgres.provider.destroy": Key("command", "Removes it again.", 'destroy = "./branch.sh destroy"'),
    "snapshot.source": Key(
        "path or name",
        "A pg_dump archive (custom, directory, tar) or plain SQL, as it is, .gz or .zst; or the name of a stored "
        "snapshot (`rehearse snapshot list`), where there is no such file. Absent: an empty database.",
        'source = "shop.dump"',
    ),
    "snapshot.setup": Key(
        "list of paths", "SQL files in psql's syntax, run after the restore.", 'setup = ["seed.sql"]'
    ),
    "snapshot.variables": Key(
        "table of text and numbers", "psql variables of the setup files.", "variables = { rows = 200000 }"
    ),
    "snapshot.policy": Key(
        "path",
        "Anonymize the dump on its way into the server, as `rehearse snapshot anonymize` does; docs/snapshots.md.",
        'policy = "policy.toml"',
    ),
    "snapshot.scale": Key(
        "whole number", "Times the tables grow after restore and setup, 1 to 1000; docs/snapshots.md.", "scale = 1"
    ),
    "snapshot.statistics": Key(
        "path", "Production's counts and sizes, by `rehearse snapshot stats`.", 'statistics = ""'
    ),
    "migration.tool": Key(
        "auto, sql, prisma, golang-migrate, diesel or command",
        "The migration tool. Others (alembic, django, flyway, …) run by `command` in this version.",
        'tool = "prisma"',
    ),
    "migration.path": Key("path", "The tool's folder of migrations.", 'path = "migrations"'),
    "migration.up": Key("path", "For one change: the file that makes it.", 'up = "up.sql"'),
    "migration.down": Key("path", "For one change: the file that takes it back.", 'down = "down.sql"'),
    "migration.steps": Key(
        "pending, all, or a list of step names", "Which steps of the folder to rehearse.", 'steps = ["0042_status"]'
    ),
    "migration.transaction": Key(
        "step or as-written",
        "step: one transaction around each step; as-written: like psql -f, with the file's own BEGIN and COMMIT.",
        'transaction = "as-written"',
    ),
    "migration.lock_timeout": Key(DURATION, "Set for the migration's session; 0: none.", 'lock_timeout = "2s"'),
    "migration.retries": Key("whole number", "How often a step is tried again after lock_timeout.", "retries = 5"),
    "migration.retry_delay": Key(DURATION, "The pause before each retry.", 'retry_delay = "500ms"'),
    "migration.command.up": Key("command", "Makes the change.", 'up = "npx prisma migrate deploy"'),
    "migration.command.down": Key("command", "Takes it back.", 'down = "alembic downgrade base"'),
    "migration.command.cwd": Key("path", "Where the commands run.", 'cwd = "app"'),
    **TRAFFIC_KEYS,
    "phase.name": Key("text, required", "What the phase is called.", 'name = "expand"'),
    "phase.steps": Key("list of text", "The steps applied at its beginning.", 'steps = ["001_add_column"]'),
    "phase.traffic": Key(
        "table of shares", "The application versions running from then on.", "traffic = { old = 0.5, new = 0.5 }"
    ),
    "phase.rate": Key(
        "number, 0.001 to 1000000",
        "Operations per second from its beginning on, instead of rate and ramp; absent: as in the phase before. The "
        "rollback goes back through the phases with their rates.",
        "rate = 50",
    ),
    "phase.for": Key(DURATION, "How long it lasts after its steps.", 'for = "5s"'),
    "invariant.name": Key("text, required", "What the invariant is called.", 'name = "totals agree"'),
    "invariant.sql": Key("text", "The query; its answer must be 0.", 'sql = "SELECT count(*) FROM t WHERE a <> b"'),
    "invariant.file": Key("path", "A file instead; its last statement counts.", 'file = "invariant.sql"'),
    "invariant.when": Key(
        "`always`, `end`, `rollback` or `after:<phase>`",
        "When it is checked. With `rollback`, once after the way back: it counts facts that the way back lost.",
        'when = "after:expand"',
    ),
    "rollback.run": Key("boolean", "Whether the way back is rehearsed.", "run = true"),
    "rollback.restore": Key(
        "schema+data, schema or none",
        "What must be as before; none declares the migration irreversible.",
        'restore = "schema"',
    ),
    "rollback.reason": Key(
        "text", "Why there is no way back: needed with none.", 'reason = "the old table is retired"'
    ),
    "budgets.blocked": Key(
        DURATION,
        "The longest time any operation waited for a lock that the migration held or queued for.",
        'blocked = "500ms"',
    ),
    "budgets.outage": Key(DURATION, "The longest time with offered load and no completion.", 'outage = "250ms"'),
    "budgets.p99": Key(
        "ratio or duration", "The 99th percentile while migrating: against the baseline, or absolute.", 'p99 = "10x"'
    ),
    "budgets.failed": Key(
        "whole number or share", "Operations with an error that is not declared as expected.", 'failed = "0.1%"'
    ),
    "budgets.held": Key(
        DURATION,
        "The longest AccessExclusive, Exclusive, ShareRowExclusive or Share lock on a table that traffic uses.",
        'held = "1s"',
    ),
    "probe.versions": Key(
        "boolean",
        "Whether the operations of the old and of the new version are run against every state of the schema: what "
        "fails, what a prepared statement does, how the plans' costs change, whether the way back keeps new writes.",
        "versions = false",
    ),
    "probe.queue": Key(
        "boolean",
        "Whether a long reader and a long writer stand on each table before the first statement that asks for a strong "
        "lock on it, to see how long the migration waits and what queues behind it.",
        "queue = false",
    ),
    "probe.deadlock": Key(
        "boolean",
        "Whether the application's transactions run in a loop against each transaction of the migration.",
        "deadlock = false",
    ),
    "budgets.rollback_time": Key(DURATION, "How long the way back may take.", 'rollback_time = "60s"'),
    "budgets.duration": Key(DURATION, "How long the migration may take.", 'duration = "10m"'),
    "budgets.wal": Key(_SIZE, "WAL the migration may write.", 'wal = "10GB"'),
    "budgets.disk": Key(_SIZE, "Disk the migration may need at its peak.", 'disk = "20GB"'),
    "budgets.preset": Key(
        "strict, web or batch",
        "Limits for what is behind the database: strict (services), web (people), batch (jobs); keys written out count "
        "before it. The numbers and their reasons are in [budgets.md](budgets.md).",
        'preset = "strict"',
    ),
    "budget.metric": Key(
        "text, required", "The number; [budgets.md](budgets.md) lists all of them.", 'metric = "latency.p95"'
    ),
    "budget.limit": Key(
        "duration, size, whole number or ratio, required",
        "The most it may be; latencies also as a multiple of the baseline.",
        'limit = "3x"',
    ),
    "budget.statement": Key("text", "Of this statement only; absent: the worst.", 'statement = "S3"'),
    "budget.operation": Key("text", "Of this operation only; absent: of all.", 'operation = "checkout"'),
    "budget.sqlstate": Key("text", "Errors with this code, or that begin with it.", 'sqlstate = "40"'),
    "budget.during": Key(
        "baseline, migrate, settle or rollback", "The window that latencies are taken from.", 'during = "settle"'
    ),
    "accept.hazard": Key("text, required", "The hazard's id.", 'hazard = "table_rewrite"'),
    "accept.reason": Key("text, required", "Why it is fine here.", 'reason = "retired table, no readers"'),
    "accept.relation": Key("text", "Only on this relation; absent: on every one.", 'relation = "audit_log"'),
}
"""Every key by its dotted name, without the numbers of list items."""
