"""Statements made ready to send: bytes, closures for values, rows for the ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from psycopg import sql

from harness.rehearsal.traffic.ledger import resolve
from harness.spec.operation import Statement
from harness.spec.pgbench.nodes import Capture, Value
from harness.spec.pgbench.values import ExpressionError, to_text
from harness.spec.targets import LedgerAction

Variables: TypeAlias = dict[str, Value]
Values: TypeAlias = list[bytes | None]
Bind: TypeAlias = Callable[[Variables], Values]
Render: TypeAlias = Callable[[Variables], bytes]
_ABSENT: Final = "\0"  # no value holds it: PostgreSQL's text cannot


@dataclass(frozen=True, slots=True)
class Missed:
    """Executions of an operation, and those whose sampled keys found no row."""

    operation: int
    executions: int
    misses: int


class Followed:
    """What the ledger does with a statement's rows; `tail` is the RETURNING of the key that is added to it."""

    __slots__ = ("action", "relation", "tail")

    def __init__(self, action: LedgerAction, relation: str, tail: bytes) -> None:
        self.action = action
        self.relation = relation
        self.tail = tail


class CompiledStatement:
    """One statement: `sent` with `$n`, or `render` where only text can be sent (simple protocol).

    `key` tells the prepared statements of a connection apart. `followed` goes for the rest of the run once the server
    refuses the addition, say after a migration renamed a key column: what the harness added must never look like a
    failure of the application. `expects` a row: of its `executions`, `misses` found none.
    """

    __slots__ = (
        "bind",
        "capture",
        "executions",
        "expects",
        "followed",
        "index",
        "into",
        "key",
        "misses",
        "prefix",
        "render",
        "sent",
        "tail",
        "text",
        "was_followed",
    )

    def __init__(
        self,
        statement: Statement,
        *,
        operation: int,
        number: int,
        simple: bool,
        literal: bool,
        keys: Mapping[str, tuple[str, ...]],
        expects: bool = False,
    ) -> None:
        self.expects = expects
        self.executions = self.misses = 0
        self.index = number
        self.text = statement.text.encode()
        self.key = b"%d_%d+" % (operation, number)
        self.bind = binder(statement.names) if literal else script_binder(statement.names)
        self.render = renderer(statement.template, literal=literal) if simple or statement.textual else None
        self.capture: Capture | None = statement.capture
        self.prefix = statement.prefix
        self.into = statement.into
        self.followed = _followed(statement, keys)
        self.was_followed = self.followed is not None
        self.tail = b"" if self.followed is None else self.followed.tail
        self.sent = self.text + self.tail

    def unfollow(self) -> None:
        """From now on as the application wrote it."""
        self.followed, self.tail, self.sent = None, b"", self.text
        self.key = self.key.removesuffix(b"+")


def _followed(statement: Statement, keys: Mapping[str, tuple[str, ...]]) -> Followed | None:
    relation = resolve(statement.ledger.relation, keys) if statement.ledger else None
    if statement.ledger is None or relation is None or not keys[relation]:
        return None
    columns = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in keys[relation])
    returning = "\nRETURNING " + columns.as_string(None)
    return Followed(statement.ledger.action, relation, returning.encode())


def binder(names: Sequence[str]) -> Bind:
    """Values of `names` in order, as the server's text; ExpressionError for a variable that is not set."""

    def bind(variables: Variables) -> Values:
        values: Values = []
        try:
            for name in names:
                value = variables[name]
                if isinstance(value, str):
                    values.append(value.encode())
                else:
                    values.append(None if value is None else to_text(value).encode())
        except KeyError as error:
            raise ExpressionError(f"undefined variable :{error.args[0]}", sqlstate="42704") from None
        return values

    return bind


def script_binder(names: Sequence[str]) -> Bind:
    """As pgbench binds: a variable's text, which is "NULL" for NULL, and NULL for a variable without a value."""
    if len(names) == 1:
        return _script_binder_of_one(names[0])

    def bind(variables: Variables) -> Values:
        values: Values = []
        for name in names:
            value = variables.get(name, _ABSENT)
            if type(value) is int:
                values.append(b"%d" % value)
            else:
                values.append(None if value == _ABSENT else to_text(value).encode())
        return values

    return bind


def _script_binder_of_one(name: str) -> Bind:
    """The same without a loop: most statements of an application have one parameter."""

    def bind(variables: Variables) -> Values:
        value = variables.get(name, _ABSENT)
        if type(value) is int:
            return [b"%d" % value]
        return [None if value == _ABSENT else to_text(value).encode()]

    return bind


def renderer(template: Sequence[str], *, literal: bool) -> Render:
    """The text with the values in it: as literals, or as they are (`literal` false: pgbench)."""

    def render(variables: Variables) -> bytes:
        parts = []
        for index, part in enumerate(template):
            if index % 2 == 0:
                parts.append(part)
            elif literal:
                value = variables[part]
                parts.append("NULL" if value is None else quote_literal(to_text(value)))
            else:
                parts.append(to_text(variables[part]) if part in variables else f":{part}")
        return "".join(parts).encode()

    return render


def quote_literal(text: str) -> str:
    """`text` as an SQL literal, whatever standard_conforming_strings says.

    >>> print(quote_literal("it's"), quote_literal("a\\\\b"))
    'it''s'  E'a\\\\b'
    """
    quoted = text.replace("'", "''")
    return f"'{quoted}'" if "\\" not in quoted else " E'" + quoted.replace("\\", "\\\\") + "'"
