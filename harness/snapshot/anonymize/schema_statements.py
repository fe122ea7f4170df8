"""From SQL statements to drafts of tables: pg_dump's, and those of a person.

A person's have `serial`, `REFERENCES` beside a column, `PARTITION OF`, and names without a schema, then of `public`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from postgast import pg_query_pb2 as pb

from harness.snapshot.anonymize.schema import Check, Column, ForeignKey
from harness.snapshot.anonymize.schema_drafts import Domain, Draft, Drafts, add_all
from harness.snapshot.anonymize.schema_sequences import take_identity, take_sequence
from harness.snapshot.anonymize.sql_trees import (
    bound_text,
    columns_in,
    element_columns,
    expression_text,
    object_name,
    table_name,
)
from harness.snapshot.anonymize.sql_types import SERIALS, quoted, type_names, type_text


def take(drafts: Drafts, kind: str, node: Any) -> None:
    """Take in what a parsed statement says of tables, types and indexes; other statements say nothing of them."""
    if reader := _STATEMENTS.get(kind):
        reader(drafts, node)


def _create_table(drafts: Drafts, node: Any) -> None:
    name = table_name(node.relation)
    draft = drafts.tables.setdefault(name, Draft())
    parents = [table_name(parent.range_var) for parent in node.inh_relations]
    if node.HasField("partbound"):
        draft.partition_of, draft.partition_bound = parents[0], bound_text(node.partbound)
    else:
        add_all(draft.inherits, parents)
    parts = [part.partition_elem for part in node.partspec.part_params]
    draft.partition_key = tuple(dict.fromkeys(column for part in parts for column in element_columns(part)))
    elements = list(node.table_elts)
    for element in elements:
        if element.HasField("table_like_clause"):
            source = drafts.tables.get(table_name(element.table_like_clause.relation))
            draft.columns.update(source.columns if source else {})
        elif element.HasField("column_def"):
            _column(drafts, name, element.column_def)
    # After the columns: a table's constraint may stand before the columns it names.
    for element in elements:
        if element.HasField("constraint"):
            _constraint(drafts, name, element.constraint)


def _column(drafts: Drafts, table: str, node: Any) -> None:
    draft = drafts.tables[table]
    name = str(node.colname)
    if node.HasField("type_name"):
        names = type_names(node.type_name)
        serial = len(names) == 1 and names[0] in SERIALS
        draft.columns[name] = Column(
            name=name,
            type=type_text(node.type_name),
            base="",
            not_null=serial,
            default=f"nextval('{table}_{name}_seq'::regclass)" if serial else None,
        )
    for wrapped in node.constraints:
        _constraint(drafts, table, wrapped.constraint, column=name)


def _constraint(drafts: Drafts, table: str, node: Any, *, column: str = "") -> None:
    draft = drafts.tables[table]
    columns = tuple(str(key.string.sval) for key in node.keys) or ((column,) if column else ())
    if change := _OF_COLUMN.get(node.contype):
        for name in columns:
            draft.change(name, **change(node))
            if node.contype == pb.CONSTR_IDENTITY:
                take_identity(drafts.sequences, (table, name), node)
    elif reader := _CONSTRAINTS.get(node.contype):
        reader(drafts, table, node, columns)


def _key(drafts: Drafts, table: str, node: Any, columns: tuple[str, ...]) -> None:
    draft = drafts.tables[table]
    key = drafts.indexes.get((table, str(node.indexname)), ()) if node.indexname else columns
    add_all(draft.unique_keys, [key])
    if node.contype == pb.CONSTR_PRIMARY:
        draft.primary_key = key
        for name in key:
            draft.change(name, not_null=True)


def _check(drafts: Drafts, table: str, node: Any, _columns: tuple[str, ...]) -> None:
    text = expression_text(node.raw_expr)
    add_all(drafts.tables[table].checks, [Check(str(node.conname), text, columns_in(node.raw_expr))])


def _foreign_key(drafts: Drafts, table: str, node: Any, columns: tuple[str, ...]) -> None:
    own = tuple(str(key.string.sval) for key in node.fk_attrs) or columns
    referenced = tuple(str(key.string.sval) for key in node.pk_attrs)
    add_all(drafts.tables[table].foreign_keys, [ForeignKey(node.conname, own, table_name(node.pktable), referenced)])


def _exclusion(drafts: Drafts, table: str, node: Any, _columns: tuple[str, ...]) -> None:
    elements = [pair.list.items[0].index_elem for pair in node.exclusions]
    add_all(drafts.tables[table].exclusions, [tuple(name for one in elements for name in element_columns(one))])


def _alter_table(drafts: Drafts, node: Any) -> None:
    name = table_name(node.relation)
    for wrapped in node.cmds if name in drafts.tables else ():
        command = wrapped.alter_table_cmd
        if reader := _COMMANDS.get(command.subtype):
            reader(drafts, name, command, getattr(command, "def"))


def _drop_column(drafts: Drafts, table: str, command: Any, _argument: Any) -> None:
    drafts.tables[table].columns.pop(command.name, None)


def _column_type(drafts: Drafts, table: str, command: Any, argument: Any) -> None:
    drafts.tables[table].change(command.name, type=type_text(argument.column_def.type_name))


def _column_default(drafts: Drafts, table: str, command: Any, argument: Any) -> None:
    text = expression_text(argument) if command.HasField("def") else None
    drafts.tables[table].change(command.name, default=text)


def _add_identity(drafts: Drafts, table: str, command: Any, argument: Any) -> None:
    drafts.tables[table].change(command.name, identity=True)
    take_identity(drafts.sequences, (table, str(command.name)), argument.constraint)


def _attach(drafts: Drafts, table: str, _command: Any, argument: Any) -> None:
    # ALTER INDEX … ATTACH PARTITION has the same form and names no table.
    partition = argument.partition_cmd
    if child := drafts.tables.get(table_name(partition.name)):
        child.partition_of, child.partition_bound = table, bound_text(partition.bound)


def _inherit(drafts: Drafts, table: str, _command: Any, argument: Any) -> None:
    add_all(drafts.tables[table].inherits, [table_name(argument.range_var)])


def _create_domain(drafts: Drafts, node: Any) -> None:
    constraints = [one.constraint for one in node.constraints]
    checks = [(str(c.conname), expression_text(c.raw_expr)) for c in constraints if c.contype == pb.CONSTR_CHECK]
    not_null = any(c.contype == pb.CONSTR_NOTNULL for c in constraints)
    drafts.domains[object_name(node.domainname)] = Domain(type_text(node.type_name), not_null, checks)


def _alter_domain(drafts: Drafts, node: Any) -> None:
    domain = drafts.domains.get(object_name(node.type_name))
    constraint = getattr(node, "def").constraint
    if domain and constraint.contype == pb.CONSTR_CHECK and constraint.HasField("raw_expr"):
        domain.checks.append((str(constraint.conname), expression_text(constraint.raw_expr)))


def _create_enum(drafts: Drafts, node: Any) -> None:
    drafts.enums[object_name(node.type_name)] = tuple(str(value.string.sval) for value in node.vals)


def _alter_enum(drafts: Drafts, node: Any) -> None:
    name = object_name(node.type_name)
    if node.new_val and not node.old_val and name in drafts.enums:
        drafts.enums[name] += (str(node.new_val),)


def _index(drafts: Drafts, node: Any) -> None:
    table = table_name(node.relation)
    if not node.unique or table not in drafts.tables:
        return
    elements = [param.index_elem for param in node.index_params]
    columns = tuple(dict.fromkeys(name for element in elements for name in element_columns(element)))
    if all(element.name for element in elements):
        drafts.indexes[table, str(node.idxname)] = columns
        add_all(drafts.tables[table].unique_keys, [columns])
    else:
        text = ", ".join(quoted(one.name) if one.name else expression_text(one.expr) for one in elements)
        # Without its name: a partition's index has a name of its own.
        add_all(drafts.tables[table].unique_expressions, [Check("", text, columns)])


_OF_COLUMN: Final[Mapping[int, Callable[[Any], dict[str, Any]]]] = {
    pb.CONSTR_NOTNULL: lambda _: {"not_null": True},
    pb.CONSTR_DEFAULT: lambda node: {"default": expression_text(node.raw_expr)},
    pb.CONSTR_GENERATED: lambda node: {"generated": True, "default": expression_text(node.raw_expr)},
    pb.CONSTR_IDENTITY: lambda _: {"identity": True, "not_null": True},
}
_CONSTRAINTS: Final[Mapping[int, Callable[[Drafts, str, Any, tuple[str, ...]], None]]] = {
    pb.CONSTR_PRIMARY: _key,
    pb.CONSTR_UNIQUE: _key,
    pb.CONSTR_CHECK: _check,
    pb.CONSTR_FOREIGN: _foreign_key,
    pb.CONSTR_EXCLUSION: _exclusion,
}
_Command: TypeAlias = Callable[[Drafts, str, Any, Any], None]
_COMMANDS: Final[Mapping[int, _Command]] = {
    pb.AT_AddColumn: lambda drafts, table, _, argument: _column(drafts, table, argument.column_def),
    pb.AT_DropColumn: _drop_column,
    pb.AT_AlterColumnType: _column_type,
    pb.AT_AddConstraint: lambda drafts, table, _, argument: _constraint(drafts, table, argument.constraint),
    pb.AT_ColumnDefault: _column_default,
    pb.AT_AddIdentity: _add_identity,
    pb.AT_SetNotNull: lambda drafts, table, command, _: drafts.tables[table].change(command.name, not_null=True),
    pb.AT_AttachPartition: _attach,
    pb.AT_AddInherit: _inherit,
}
_STATEMENTS: Final[Mapping[str, Callable[[Drafts, Any], None]]] = {
    "create_stmt": _create_table,
    "alter_table_stmt": _alter_table,
    "create_domain_stmt": _create_domain,
    "alter_domain_stmt": _alter_domain,
    "create_enum_stmt": _create_enum,
    "alter_enum_stmt": _alter_enum,
    "index_stmt": _index,
    "create_seq_stmt": lambda drafts, node: take_sequence(drafts.sequences, node),
    "alter_seq_stmt": lambda drafts, node: take_sequence(drafts.sequences, node),
}
