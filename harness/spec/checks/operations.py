"""[[traffic.operation]] and how the application takes its errors."""

import math
import re

from harness.spec.checks.refuse import Refuse
from harness.spec.decode import quote
from harness.spec.pgbench.expressions import parse_expression
from harness.spec.pgbench.values import ExpressionError
from harness.spec.scenario import OperationSpec, Protocol, RetrySpec, Scenario, StatementSpec

MAX_ATTEMPTS = 100
"""With doubling pauses, more than any application would wait for."""

# pgbench's rule for variable names (pgbench.c, valid_variable_name), without letters beyond ASCII.
_VARIABLE = re.compile(r"[A-Za-z0-9_]+")


def check_operations(scenario: Scenario, refuse: Refuse) -> None:
    """Refuse operations that say too little, or two things at once."""
    operations = scenario.traffic.operation
    refuse.twice((operation.name for operation in operations), "traffic.operation")
    for index, operation in enumerate(operations):
        key = f"traffic.operation[{index}]"
        _check_operation(operation, key, refuse)
        if operation.pipeline:
            _check_pipeline(operation, scenario.traffic.protocol, key, refuse)


def check_retry(retry: RetrySpec | None, key: str, refuse: Refuse) -> None:
    """Refuse a retry policy that never retries, or retries what no server says."""
    if retry is None:
        return
    refuse.sqlstates(retry.on, f"{key}.on")
    refuse.unless(bool(retry.on), f"{key}.on", "names no SQLSTATE", hint='like on = ["40001", "40P01"]')
    refuse.unless(1 <= retry.attempts <= MAX_ATTEMPTS, f"{key}.attempts", f"must be 1 to {MAX_ATTEMPTS}",
                  hint="the first one counts: 1 never retries")  # fmt: skip
    refuse.duration(retry.backoff, f"{key}.backoff")


def _check_operation(operation: OperationSpec, key: str, refuse: Refuse) -> None:
    refuse.name(operation.name, f"{key}.name")
    called = f"operation {quote(operation.name)}"
    right = operation.weight > 0 and math.isfinite(operation.weight)
    refuse.unless(right, f"{key}.weight", f"the weight of {called} must be more than 0")
    has_sql = operation.sql not in ("", ())
    refuse.unless(has_sql or bool(operation.pgbench), key, f"{called} has neither sql nor pgbench",
                  hint='add sql = "SELECT …" or pgbench = "script.sql"')  # fmt: skip
    refuse.unless(not (has_sql and operation.pgbench), key, f"{called} has both sql and pgbench", hint="keep one")
    if has_sql:
        _check_statements(operation, called, f"{key}.sql", refuse)
    refuse.sqlstates(operation.expected, f"{key}.expected")
    check_retry(operation.retry, f"{key}.retry", refuse)


def _check_statements(operation: OperationSpec, called: str, key: str, refuse: Refuse) -> None:
    statements = (operation.sql,) if isinstance(operation.sql, str) else operation.sql
    for index, statement in enumerate(statements):
        if isinstance(statement, StatementSpec):
            _check_statement(statement, f"{key}[{index}]", refuse)
        else:
            refuse.unless(bool(statement.strip()), key, f"a statement of {called} is empty")
    silent = all(isinstance(statement, StatementSpec) and not statement.sql for statement in statements)
    refuse.unless(not silent, key, f"{called} sends nothing", hint="add a statement with sql")


def _check_statement(statement: StatementSpec, key: str, refuse: Refuse) -> None:
    sent = bool(statement.sql.strip())
    refuse.unless(sent or bool(statement.think), key, "has neither sql nor think",
                  hint='like { sql = "SELECT …", into = "id" } or { think = "20ms" }')  # fmt: skip
    if statement.think:
        refuse.duration(statement.think, f"{key}.think")
    names = (statement.into,) if isinstance(statement.into, str) else statement.into
    refuse.unless(sent or not names, f"{key}.into", "is given without sql")
    for name in names:
        right = bool(_VARIABLE.fullmatch(name))
        refuse.unless(right, f"{key}.into", f"{quote(name)} is not a variable's name",
                      hint="use letters, digits and underscores")  # fmt: skip
    refuse.unless(len(set(names)) == len(names), f"{key}.into", "names a variable twice")
    if statement.when:
        try:
            parse_expression(statement.when)
        except (ExpressionError, RecursionError) as error:
            hint = "a pgbench expression, like ':total > 100'"
            refuse.unless(False, f"{key}.when", f"{quote(statement.when)} cannot be read: {error}", hint=hint)


def _check_pipeline(operation: OperationSpec, protocol: Protocol, key: str, refuse: Refuse) -> None:
    key = f"{key}.pipeline"
    refuse.unless(protocol is not Protocol.SIMPLE, key, "the simple protocol has no pipelines",
                  hint='protocol = "prepared" or "extended"')  # fmt: skip
    refuse.unless(not operation.pgbench, key, "is not used with a pgbench script",
                  hint="write \\startpipeline and \\endpipeline in the script")  # fmt: skip
    statements = (operation.sql,) if isinstance(operation.sql, str) else operation.sql
    for statement in statements:
        asks = isinstance(statement, StatementSpec) and bool(statement.into or statement.when or statement.think)
        refuse.unless(not asks, key, "a pipeline does not wait for results: into, when and think cannot be in it",
                      hint="leave out pipeline, or those")  # fmt: skip
