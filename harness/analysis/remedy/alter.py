"""Safer forms of the commands of ALTER TABLE, each command a statement of its own."""

from collections.abc import Callable
from typing import Any

from postgast import pg_query_pb2 as pb

from harness.analysis.remedy.backfill import batched, is_volatile
from harness.analysis.remedy.change_type import changed_type
from harness.analysis.remedy.constraints import added_constraint, proven_not_null
from harness.analysis.remedy.partitions import attached, detached
from harness.analysis.remedy.steps import NO_WAY, Known, Piece, Way, because, join
from harness.analysis.remedy.tree import deparse, expression, ident, name_of, single, type_text

_NO_OTHER = {
    pb.AT_SetLogged: "SET LOGGED",
    pb.AT_SetUnLogged: "SET UNLOGGED",
    pb.AT_SetTableSpace: "SET TABLESPACE",
    pb.AT_SetAccessMethod: "SET ACCESS METHOD",
}
_SERIAL = frozenset({"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"})


def altered(node: Any, known: Known) -> Way:
    """Each command in its safer form, or by itself; nothing where none has a safer form."""
    table = name_of(node.relation)
    if known.tables and known.table(table) is None:
        return NO_WAY  # nobody uses a table that the migration makes itself
    ways = [safer_command(item.alter_table_cmd, table, known) for item in node.cmds]
    if not any(way.pieces or way.why for way in ways):
        return NO_WAY
    commands = [item.alter_table_cmd for item in node.cmds]
    return join(
        way if way.pieces or way.why or way.words else Way(pieces=(Piece(sql=_alone(command, table)),))
        for way, command in zip(ways, commands, strict=True)
    )


def safer_command(command: Any, table: str, known: Known) -> Way:
    """The safer way of one command; nothing where there is no other."""
    if command.subtype in _NO_OTHER:
        words = f"copy {table} into a new table in batches, kept equal by a trigger, and swap the names"
        return Way(words=words, why=f"{_NO_OTHER[command.subtype]} has no form that lets others through")
    build = _COMMANDS.get(command.subtype)
    return build(command, table, known) if build else NO_WAY


def _alone(command: Any, table: str) -> str:
    return deparse(alter_table_stmt=single(command, table))


def _set_not_null(command: Any, table: str, _: Known) -> Way:
    return Way(pieces=proven_not_null(table, command.name))


def _add_constraint(command: Any, table: str, known: Known) -> Way:
    return added_constraint(getattr(command, "def").constraint, table, known)


def _add_column(command: Any, table: str, known: Known) -> Way:
    definition = getattr(command, "def").column_def
    given = {c.constraint.contype: c.constraint for c in definition.constraints}
    default = given.get(pb.CONSTR_DEFAULT)
    computed = pb.CONSTR_GENERATED in given or pb.CONSTR_IDENTITY in given
    serial = definition.type_name.names[-1].string.sval in _SERIAL if definition.type_name.names else False
    if computed or serial:
        words = f"add {ident(definition.colname)} as a plain column, fill it by trigger and in batches, then switch"
        return Way(words=words, why=f"{ident(definition.colname)} is computed for every row at once")
    heavy = known.work in ("rewrite", "scan") or (default is not None and is_volatile(default.raw_expr))
    return _expanded(command, table, known, default=default) if heavy else NO_WAY


def _expanded(command: Any, table: str, known: Known, *, default: Any) -> Way:
    """The bare column, then its default, the fill, and each constraint in its own safer form."""
    definition = getattr(command, "def").column_def
    column, kind = ident(definition.colname), type_text(definition, table, collated=True)
    exists = "IF NOT EXISTS " if command.missing_ok else ""
    ways = [Way(pieces=(Piece(sql=f"ALTER TABLE {table} ADD COLUMN {exists}{column} {kind}", note="no rewrite"),))]
    if default is not None:
        value = expression(default.raw_expr)
        set_default = f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value}"
        fill = f"UPDATE {table} SET {column} = {value} WHERE {column} IS NULL"
        ways += [Way(pieces=(Piece(sql=set_default, note="new rows only"),)), _filled(fill, table, known)]
    for item in definition.constraints:
        constraint = item.constraint
        if constraint.contype == pb.CONSTR_NOTNULL:
            ways.append(Way(pieces=proven_not_null(table, definition.colname)))
        elif constraint.contype in (pb.CONSTR_CHECK, pb.CONSTR_FOREIGN, pb.CONSTR_UNIQUE, pb.CONSTR_PRIMARY):
            ways.append(added_constraint(_on_column(constraint, definition.colname), table, known))
    return join(ways)


def _filled(fill: str, table: str, known: Known) -> Way:
    """The backfill of a fresh column: only rows that are still empty, so that it may be run again."""
    way = batched(fill, known)
    if way.pieces:
        return Way(pieces=way.pieces)
    bare = Piece(sql=fill, above="in batches by key, each committed:")
    return because(Way(pieces=(bare,)), f"no primary key of {table} is known to make batches by")


def _on_column(constraint: Any, column: str) -> Any:
    """A column's constraint as one of the table."""
    copy = pb.Constraint()
    copy.CopyFrom(constraint)
    name = pb.Node(string=pb.String(sval=column))
    if constraint.contype == pb.CONSTR_FOREIGN and not copy.fk_attrs:
        copy.fk_attrs.append(name)
    elif constraint.contype in (pb.CONSTR_UNIQUE, pb.CONSTR_PRIMARY) and not copy.keys:
        copy.keys.append(name)
    return copy


def _change_type(command: Any, table: str, known: Known) -> Way:
    return changed_type(command, table, known)


def _set_expression(command: Any, _: str, known: Known) -> Way:
    """Of a stored column; a virtual one is computed when it is read."""
    if known.work != "rewrite":
        return NO_WAY
    column = ident(command.name)
    words = f"put the new values in a plain column beside {column}, filled by trigger and in batches, then switch"
    return Way(words=words, why=f"{column} is computed for every row at once")


def _alter_constraint(command: Any, _: str, known: Known) -> Way:
    if known.work != "scan":
        return NO_WAY
    name = ident(getattr(command, "def").atalter_constraint.conname)
    words = f"drop {name}, add it again NOT VALID, and VALIDATE it in a transaction of its own: reads and writes go on"
    return Way(words=words, why=f"pg_get_constraintdef gives the definition of {name}, this statement does not")


def _attach(command: Any, table: str, known: Known) -> Way:
    return attached(getattr(command, "def").partition_cmd, table, known, statement=_alone(command, table))


def _detach(command: Any, table: str, known: Known) -> Way:
    return detached(getattr(command, "def").partition_cmd, table, known)


_COMMANDS: dict[int, Callable[[Any, str, Known], Way]] = {
    pb.AT_SetNotNull: _set_not_null,
    pb.AT_AddConstraint: _add_constraint,
    pb.AT_AlterColumnType: _change_type,
    pb.AT_AddColumn: _add_column,
    pb.AT_AttachPartition: _attach,
    pb.AT_DetachPartition: _detach,
    pb.AT_SetExpression: _set_expression,
    pb.AT_AlterConstraint: _alter_constraint,
}
