"""Safer forms of the commands of ALTER TABLE."""

from collections.abc import Callable
from typing import Any

from postgast import pg_query_pb2 as pb

from harness.analysis.remedy.backfill import BATCH_ROWS
from harness.analysis.remedy.tree import deparse, expression, ident, name_of, single, type_text


def safer_command(command: Any, table: str) -> str:
    """The safer way of one command, "" where there is no other."""
    build = _COMMANDS.get(command.subtype)
    return build(command, table) if build else ""


def _set_not_null(command: Any, table: str) -> str:
    column, check = ident(command.name), ident(f"{table.rpartition('.')[2].strip(chr(34))}_{command.name}_not_null")
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n"
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {check};  -- scans, but lets reads and writes through\n"
        f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;  -- finds the proof, does not scan\n"
        f"ALTER TABLE {table} DROP CONSTRAINT {check};"
    )


def _add_constraint(command: Any, table: str) -> str:
    constraint = getattr(command, "def").constraint
    if constraint.contype in (pb.CONSTR_FOREIGN, pb.CONSTR_CHECK) and not constraint.skip_validation:
        return _not_valid(constraint, command, table)
    if constraint.contype in (pb.CONSTR_UNIQUE, pb.CONSTR_PRIMARY) and not constraint.indexname:
        return _using_index(constraint, table)
    return ""


def _not_valid(constraint: Any, command: Any, table: str) -> str:
    base = table.rpartition(".")[2].strip('"')
    if not constraint.conname:
        suffix = "fkey" if constraint.contype == pb.CONSTR_FOREIGN else "check"
        columns = "_".join(item.string.sval for item in constraint.fk_attrs)
        constraint.conname = "_".join(part for part in (base, columns, suffix) if part)
    constraint.skip_validation, constraint.initially_valid = True, False
    # Each in its own transaction: VALIDATE in the transaction of ADD would keep its lock for the whole scan.
    return (
        f"{deparse(alter_table_stmt=single(command, table))};\n"
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {ident(constraint.conname)};  -- in a transaction of its own"
    )


def _using_index(constraint: Any, table: str) -> str:
    base = table.rpartition(".")[2].strip('"')
    columns = [item.string.sval for item in constraint.keys]
    primary = constraint.contype == pb.CONSTR_PRIMARY
    name = constraint.conname or (f"{base}_pkey" if primary else "_".join((base, *columns, "key")))
    listed, what = ", ".join(ident(column) for column in columns), "PRIMARY KEY" if primary else "UNIQUE"
    proof = "".join(f"{_set_not_null_named(column, table)}\n" for column in columns) if primary else ""
    return (
        f"{proof}-- outside a transaction block:\n"
        f"CREATE UNIQUE INDEX CONCURRENTLY {ident(name)} ON {table} ({listed});\n"
        f"ALTER TABLE {table} ADD CONSTRAINT {ident(name)} {what} USING INDEX {ident(name)};"
    )


def _set_not_null_named(column: str, table: str) -> str:
    return f"-- {ident(column)} must be NOT NULL already, else {table} is scanned under the lock"


def _change_type(command: Any, table: str) -> str:
    column, fresh = ident(command.name), ident(f"{command.name}_new")
    kind = type_text(getattr(command, "def").column_def.type_name, table, command.name)
    trigger = ident(f"{command.name}_sync")
    fill = f"UPDATE {table} SET {fresh} = {column} WHERE {fresh} IS DISTINCT FROM {column};"  # noqa: S608 - only shown
    return "\n".join(
        (
            "-- expand, backfill, switch, contract: each step in a deploy of its own",
            f"ALTER TABLE {table} ADD COLUMN {fresh} {kind};",
            f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS",
            f"  $$ BEGIN NEW.{fresh} := NEW.{column}; RETURN NEW; END $$;",
            f"CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {trigger}();",
            f"-- then, in batches of {BATCH_ROWS:,} rows by key, each committed:",
            fill,
            f"-- then let the application use {fresh}, and drop {column} and the trigger",
        )
    )


def _add_column(command: Any, table: str) -> str:
    definition = getattr(command, "def").column_def
    wanted = [c.constraint for c in definition.constraints if c.constraint.contype == pb.CONSTR_DEFAULT]
    if not wanted:
        return ""
    value = expression(wanted[0].raw_expr)
    column, kind = ident(definition.colname), type_text(definition.type_name, table, definition.colname)
    return (
        f"ALTER TABLE {table} ADD COLUMN {column} {kind};  -- without the default: no rewrite\n"
        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value};  -- new rows only\n"
        f"-- then, in batches of {BATCH_ROWS:,} rows by key, each committed:\n"
        f"UPDATE {table} SET {column} = {value} WHERE {column} IS NULL;"
    )


def _attach(command: Any, table: str) -> str:
    part = name_of(getattr(command, "def").partition_cmd.name)
    check = ident(f"{part.rpartition('.')[2].strip(chr(34))}_bounds")
    return (
        f"-- first prove the bounds (the partition's range, and that its key is not null) without the strong lock:\n"
        f"--   ALTER TABLE {part} ADD CONSTRAINT {check} CHECK (<bounds>) NOT VALID;\n"
        f"--   ALTER TABLE {part} VALIDATE CONSTRAINT {check};\n"
        f"{deparse(alter_table_stmt=single(command, table))};  -- finds the proof, does not scan\n"
        f"ALTER TABLE {part} DROP CONSTRAINT {check};"
    )


def _detach(command: Any, table: str) -> str:
    part = name_of(getattr(command, "def").partition_cmd.name)
    return f"ALTER TABLE {table} DETACH PARTITION {part} CONCURRENTLY;  -- outside a transaction block"


_COMMANDS: dict[int, Callable[[Any, str], str]] = {
    pb.AT_SetNotNull: _set_not_null,
    pb.AT_AddConstraint: _add_constraint,
    pb.AT_AlterColumnType: _change_type,
    pb.AT_AddColumn: _add_column,
    pb.AT_AttachPartition: _attach,
    pb.AT_DetachPartition: _detach,
}
