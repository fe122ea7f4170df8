"""What each key of the application means: [traffic] and the tables in it."""

from typing import Final

from harness.spec.schema.key import DURATION, Key

TRAFFIC_KEYS: Final[dict[str, Key]] = {
    "traffic.rate": Key(
        "number, 0.001 to 1000000", "Operations per second; arrivals do not wait for completions.", "rate = 200"
    ),
    "traffic.actors": Key("whole number, 1 to 1000", "Connections of the application's pool.", "actors = 16"),
    "traffic.arrival": Key(
        "poisson, uniform or trace",
        "The arrival process: at random, at even distances, or as recorded in the file `trace`.",
        'arrival = "uniform"',
    ),
    "traffic.protocol": Key(
        "prepared, extended or simple",
        "How operations are sent; prepared keeps prepared statements across the migration, as applications do.",
        'protocol = "extended"',
    ),
    "traffic.pool_timeout": Key(DURATION, "How long an operation waits for a connection.", 'pool_timeout = "5s"'),
    "traffic.statement_timeout": Key(
        DURATION, "Set for the application's sessions; 0: none.", 'statement_timeout = "30s"'
    ),
    "traffic.baseline": Key(DURATION, "The quiet time before the migration.", 'baseline = "10s"'),
    "traffic.settle": Key(DURATION, "The time after the migration and after the rollback.", 'settle = "3s"'),
    "traffic.calibration": Key(
        DURATION,
        "An A/A window before the baseline, in which nothing differs from it: what it differs by all the same is the "
        "noise that every claim is held against. 0: the noise is estimated from the baseline alone.",
        'calibration = "10s"',
    ),
    "traffic.trace": Key(
        "path",
        'With `arrival = "trace"`: lines of `seconds` or `seconds,operation`, commas or tabs, repeated when they end.',
        'trace = "arrivals.csv"',
    ),
    "traffic.pooling": Key(
        "session or transaction",
        "Whether a connection of the application has a server connection of its own, or takes one of "
        "`server_connections` for each transaction, as behind PgBouncer.",
        'pooling = "transaction"',
    ),
    "traffic.server_connections": Key(
        "whole number, up to actors",
        'With `pooling = "transaction"`: server connections of the pooler; 0: as many as actors.',
        "server_connections = 10",
    ),
    "traffic.max_waiters": Key(
        "whole number",
        "Operations that may wait for a connection at once; one more fails without waiting. 0: any number.",
        "max_waiters = 100",
    ),
    "traffic.connect_cost": Key(
        DURATION,
        "What a new connection costs the application beyond what it costs here: network, TLS, authentication.",
        'connect_cost = "20ms"',
    ),
    "traffic.settings": Key(
        "table of text, numbers, booleans",
        "Settings of the application's sessions, as ALTER ROLE … SET gives them in production.",
        'settings = { lock_timeout = "2s", idle_in_transaction_session_timeout = "1min" }',
    ),
    "traffic.retry": Key(
        "table, see below", "Errors after which an operation is tried again; absent: none.", "retry = { attempts = 3 }"
    ),
    "traffic.processes": Key(
        "whole number, 0 to 64",
        "Processes that generate the traffic; 0: as many as the rate asks for.",
        "processes = 2",
    ),
    "traffic.auto": Key(
        "boolean",
        "Derive the operations from the catalog and the data: reads, joins along foreign keys, and writes of every "
        "table. Operations that are written out come beside them.",
        "auto = true",
    ),
    "traffic.from_log": Key(
        "path, or list of paths",
        "Derive the operations from a server log (jsonlog, csvlog or stderr), a file or a folder of them; several in "
        "the order of their time.",
        'from_log = "postgresql.json"',
    ),
    "traffic.from_statements": Key(
        "path",
        "Derive the operations from an export of pg_stat_statements.",
        'from_statements = "pg_stat_statements.csv"',
    ),
    "traffic.retry.on": Key("list of SQLSTATEs", "The errors that are tried again.", 'on = ["40001", "40P01"]'),
    "traffic.retry.attempts": Key(
        "whole number, 1 to 100",
        "Executions at most; the first due time is kept, so the waiting of users is measured in full.",
        "attempts = 3",
    ),
    "traffic.retry.backoff": Key(
        DURATION, "The pause before the first retry; it doubles with each further one.", 'backoff = "10ms"'
    ),
    "traffic.burst.rate": Key(
        "number, 0.001 to 1000000, required", "Operations per second while the burst lasts.", "rate = 1000"
    ),
    "traffic.burst.every": Key(
        DURATION, "From the beginning of one to that of the next, 100ms at least.", 'every = "10s"'
    ),
    "traffic.burst.for": Key(DURATION, "How long it lasts: shorter than `every`.", 'for = "1s"'),
    "traffic.burst.start": Key(DURATION, "When the first one begins, after traffic began.", 'start = "3s"'),
    "traffic.ramp.at": Key(f"{DURATION}, required", "When the point is reached, after traffic began.", 'at = "30s"'),
    "traffic.ramp.rate": Key(
        "number, 0 to 1000000, required", "Operations per second at that point; 0 is silence.", "rate = 500"
    ),
    "traffic.operation.name": Key("text, required", "What the operation is called in reports.", 'name = "checkout"'),
    "traffic.operation.weight": Key("number", "Its share of the mix, relative to the others.", "weight = 60"),
    "traffic.operation.version": Key(
        "text", "The application version that sends it; absent: every version.", 'version = "old"'
    ),
    "traffic.operation.sql": Key(
        "text, or a list of texts and tables",
        "A statement, or several: one transaction. A table says more about one, see below.",
        'sql = "SELECT * FROM orders WHERE id = :id"',
    ),
    "traffic.operation.pgbench": Key("path", "A pgbench script instead of sql.", 'pgbench = "checkout.sql"'),
    "traffic.operation.params": Key(
        "table",
        "A value, or a function, for each :name: sample(table.column), row(), once(), zipf(), fitted(), stats(), "
        "new_key(), inserted(), int(), float(), bool(), text(), uuid(), now(), date(), choice(), faker(), expr(), "
        "null(), json(); see traffic.md, Parameters.",
        'params = { id = "sample(orders.id)" }',
    ),
    "traffic.operation.sql.sql": Key("text", "The statement; absent: only a pause.", 'sql = "SELECT 1"'),
    "traffic.operation.sql.into": Key(
        "text or list of text",
        "Variables that take the columns of its one row, in order; statements after it use them as :name.",
        'into = ["id", "total"]',
    ),
    "traffic.operation.sql.when": Key(
        "text", "A pgbench expression; where it is not true, the statement is left out.", 'when = ":total > 100"'
    ),
    "traffic.operation.sql.think": Key(
        DURATION, "A pause before the statement, inside the transaction.", 'think = "20ms"'
    ),
    "traffic.operation.pipeline": Key(
        "boolean",
        "Send the statements without waiting for one another's results, where the application does so.",
        "pipeline = true",
    ),
    "traffic.operation.retry": Key(
        "table, see below", "As in [traffic], for this operation alone.", "retry = { attempts = 5 }"
    ),
    "traffic.operation.expected": Key(
        "list of SQLSTATEs", "Errors that the application expects and handles.", 'expected = ["23505"]'
    ),
    "traffic.antagonist.kind": Key(
        "long_reader, idle_in_transaction, bulk_writer, batch, vacuum, analyze, wraparound_vacuum, held_snapshot, "
        "pg_dump or sql, required",
        "What it does ([traffic.md](traffic.md)).",
        'kind = "long_reader"',
    ),
    "traffic.antagonist.table": Key(
        "text",
        "On which table; vacuum, analyze, pg_dump and sql need none, held_snapshot takes none.",
        'table = "orders"',
    ),
    "traffic.antagonist.sql": Key(
        "text", "What an antagonist of kind sql runs.", 'sql = "REFRESH MATERIALIZED VIEW m"'
    ),
    "traffic.antagonist.every": Key(DURATION, "From one beginning to the next.", 'every = "10s"'),
    "traffic.antagonist.hold": Key(
        DURATION, "How long it stays, from the instant at which it holds what it is to hold.", 'hold = "2s"'
    ),
    "traffic.antagonist.start": Key(DURATION, "The first one after the baseline begins.", 'start = "1s"'),
    "traffic.antagonist.placement": Key(
        "clock or random",
        "Every `every` by the clock, or at random instants of that mean distance, from the seed.",
        'placement = "random"',
    ),
    "traffic.antagonist.before": Key(
        "text",
        "Aimed: it stands before the transaction of each statement named so: S3, a step, or the beginning of its text.",
        'before = "ALTER TABLE orders"',
    ),
    "traffic.antagonist.lead": Key(
        DURATION,
        "With `before`: how long the migration waits once the antagonist is in place.",
        'lead = "200ms"',
    ),
    "traffic.antagonist.rows": Key("whole number", "Rows of one batch (batch, bulk_writer).", "rows = 100"),
    "traffic.antagonist.before_migration": Key(
        DURATION, "One begins this long before the migration, and lies across its start.", 'before_migration = "500ms"'
    ),
}
"""Every key below `traffic` by its dotted name."""
