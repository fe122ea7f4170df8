"""What IF NOT EXISTS passed over, held against what its statement says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import postgast
import psycopg
from postgast import pg_query_pb2 as pb
from psycopg import sql

from harness.events.versions import OtherShape
from harness.postgres.connect import Connection, without_event_triggers
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.statement import Statement

_MODEL: Final = "rehearse_shape"  # a temporary table that is rolled back
_MODEL_INDEX: Final = "rehearse_shape_index"
_COLUMNS: Final = (
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s AND attnum > 0"
)
_INDEX: Final = (
    "SELECT indrelid::bigint, indisvalid, (CASE WHEN indisunique THEN 'UNIQUE ' ELSE '' END) || "
    "substring(pg_get_indexdef(indexrelid) FROM ' (USING .*)$') FROM pg_index WHERE indexrelid = %s"
)


@dataclass(frozen=True, slots=True)
class Existing:
    """What existed before going up: relations by oid, columns by table and name."""

    relations: frozenset[int]
    columns: frozenset[tuple[int, str]]


def read_existing(conn: Connection) -> Existing:
    """What exists now."""
    relations = conn.execute("SELECT oid FROM pg_class").fetchall()
    columns = conn.execute("SELECT attrelid, attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped")
    return Existing(frozenset(oid for (oid,) in relations), frozenset((oid, name) for oid, name in columns))


def other_shapes(conn: Connection, plan: MigrationPlan, *, before: Existing) -> tuple[OtherShape, ...]:
    """Objects that stood before a statement said IF NOT EXISTS of them, and that now are not what it says.

    Tables by their columns, columns by their types, indexes by their table, keys and validity. What a later statement
    made right is right. Models are made as temporary tables, which are rolled back.
    """
    found: list[OtherShape] = []
    for step in plan.steps:
        for statement in step.up.statements:
            if "not exists" in " ".join(statement.text.lower().split()):
                found += _of(conn, statement, before)
    return tuple(dict.fromkeys(found))


def _of(conn: Connection, statement: Statement, before: Existing) -> list[OtherShape]:
    try:
        node: Any = postgast.parse(statement.text).stmts[0].stmt
    except (postgast.PgQueryError, IndexError):
        return []
    try:
        with without_event_triggers(conn), conn.transaction(force_rollback=True):
            return list(_compared(conn, statement.id, node, before))
    except psycopg.Error:
        return []  # a type or a relation that only the migration's own search path finds


def _compared(conn: Connection, statement: str, node: Any, before: Existing) -> Iterator[OtherShape]:
    match node.WhichOneof("node"):
        case "create_stmt" if node.create_stmt.if_not_exists:
            relation = _oid(conn, node.create_stmt.relation)
            if relation in before.relations:
                definitions = [e.column_def for e in node.create_stmt.table_elts if e.HasField("column_def")]
                yield from _columns(conn, statement, relation, definitions)
        case "alter_table_stmt":
            relation = _oid(conn, node.alter_table_stmt.relation)
            commands = [c.alter_table_cmd for c in node.alter_table_stmt.cmds]
            added = [getattr(c, "def").column_def for c in commands if c.subtype == pb.AT_AddColumn and c.missing_ok]
            passed_over = [d for d in added if (relation, d.colname) in before.columns]
            yield from _columns(conn, statement, relation, passed_over)
        case "index_stmt" if node.index_stmt.if_not_exists:
            yield from _index(conn, statement, node.index_stmt, before)


def _columns(conn: Connection, statement: str, relation: int, definitions: list[Any]) -> Iterator[OtherShape]:
    if not definitions:
        return
    model = pb.CreateStmt(
        relation=pb.RangeVar(relname=_MODEL, inh=True, relpersistence="t"),
        table_elts=[
            pb.Node(column_def=pb.ColumnDef(colname=d.colname, type_name=d.type_name, is_local=True))
            for d in definitions
        ],
        oncommit=pb.ONCOMMIT_NOOP,
    )
    _make(conn, create_stmt=model)
    wanted = conn.execute(_COLUMNS, [_named(conn, _MODEL)]).fetchall()
    there: dict[str, str] = dict(conn.execute(_COLUMNS, [relation]).fetchall())
    table = _qualified(conn, relation)
    for name, type_ in wanted:
        if there.get(name) != type_:
            yield OtherShape(
                statement=statement, identity=f"{table}.{name}", says=type_, found=there.get(name, "no such column")
            )


def _index(conn: Connection, statement: str, node: Any, before: Existing) -> Iterator[OtherShape]:
    table = _oid(conn, node.relation)
    if not node.idxname or not table:
        return
    index = _beside(conn, table, node.idxname)
    if index not in before.relations:
        return
    on, valid, definition = conn.execute(_INDEX, [index]).fetchone() or (0, True, "not an index")
    if not valid:
        definition = "invalid"
    conn.execute(
        sql.SQL("CREATE TEMP TABLE {} (LIKE {})").format(
            sql.Identifier(_MODEL),
            sql.SQL(_qualified(conn, table)),  # the server quoted it
        )
    )
    node.relation.CopyFrom(pb.RangeVar(relname=_MODEL, inh=True, relpersistence="p"))
    node.idxname, node.concurrent, node.if_not_exists, node.table_space = _MODEL_INDEX, False, False, ""
    _make(conn, index_stmt=node)
    model = conn.execute(_INDEX, [_named(conn, _MODEL_INDEX)]).fetchone()
    says, found = (table, model[2] if model else ""), (on, definition)
    if says != found:
        yield OtherShape(
            statement=statement,
            identity=f"index {_qualified(conn, index)}",
            says=f"{_qualified(conn, says[0])} {says[1]}",
            found=f"{_qualified(conn, found[0])} {found[1]}".strip(),
        )


def _make(conn: Connection, **statement: Any) -> None:
    text = postgast.deparse(pb.ParseResult(stmts=[pb.RawStmt(stmt=pb.Node(**statement))]))
    conn.execute(str(text).encode())


def _oid(conn: Connection, relation: Any) -> int:
    """The oid of a RangeVar, 0 where there is no such relation."""
    parts = [part for part in (relation.schemaname, relation.relname) if part]
    return _named(conn, sql.Identifier(*parts).as_string(conn))


def _named(conn: Connection, name: str) -> int:
    row = conn.execute("SELECT coalesce(to_regclass(%s)::oid::bigint, 0)", [name]).fetchone()
    return int(row[0]) if row else 0


def _beside(conn: Connection, table: int, index: str) -> int:
    """An index lives in its table's schema."""
    row = conn.execute(
        "SELECT i.oid::bigint FROM pg_class t JOIN pg_class i USING (relnamespace) WHERE t.oid = %s AND i.relname = %s",
        [table, index],
    ).fetchone()
    return int(row[0]) if row else 0


def _qualified(conn: Connection, relation: int) -> str:
    row = conn.execute(
        "SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.oid = %s",
        [relation],
    ).fetchone()
    return str(row[0]) if row else ""
