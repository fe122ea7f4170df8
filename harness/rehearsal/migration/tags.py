"""What kind of command a parsed statement is, in the words of PostgreSQL's command tags."""

from collections.abc import Callable
from typing import Any

from postgast import pg_query_pb2 as pb

# Nodes whose command is not in their name; the words are those of the server's own command tags.
_PLAIN = {
    "create_stmt": "CREATE TABLE",
    "create_trig_stmt": "CREATE TRIGGER",
    "create_event_trig_stmt": "CREATE EVENT TRIGGER",
    "alter_event_trig_stmt": "ALTER EVENT TRIGGER",
    "create_seq_stmt": "CREATE SEQUENCE",
    "alter_seq_stmt": "ALTER SEQUENCE",
    "create_enum_stmt": "CREATE TYPE",
    "create_range_stmt": "CREATE TYPE",
    "composite_type_stmt": "CREATE TYPE",
    "alter_enum_stmt": "ALTER TYPE",
    "create_stats_stmt": "CREATE STATISTICS",
    "alter_stats_stmt": "ALTER STATISTICS",
    "create_plang_stmt": "CREATE LANGUAGE",
    "create_am_stmt": "CREATE ACCESS METHOD",
    "create_fdw_stmt": "CREATE FOREIGN DATA WRAPPER",
    "create_foreign_server_stmt": "CREATE SERVER",
    "alter_foreign_server_stmt": "ALTER SERVER",
    "create_table_space_stmt": "CREATE TABLESPACE",
    "drop_table_space_stmt": "DROP TABLESPACE",
    "createdb_stmt": "CREATE DATABASE",
    "dropdb_stmt": "DROP DATABASE",
    "alter_database_stmt": "ALTER DATABASE",
    "alter_database_set_stmt": "ALTER DATABASE",
    "alter_role_set_stmt": "ALTER ROLE",
    "alter_extension_contents_stmt": "ALTER EXTENSION",
    "grant_role_stmt": "GRANT ROLE",
    "rule_stmt": "CREATE RULE",
    "view_stmt": "CREATE VIEW",
    "sec_label_stmt": "SECURITY LABEL",
    "constraints_set_stmt": "SET CONSTRAINTS",
    "variable_show_stmt": "SHOW",
    "check_point_stmt": "CHECKPOINT",
    "lock_stmt": "LOCK TABLE",
    "truncate_stmt": "TRUNCATE TABLE",
    "declare_cursor_stmt": "DECLARE CURSOR",
    "close_portal_stmt": "CLOSE CURSOR",
    "create_op_class_stmt": "CREATE OPERATOR CLASS",
    "create_op_family_stmt": "CREATE OPERATOR FAMILY",
    "alter_op_family_stmt": "ALTER OPERATOR FAMILY",
    "alter_tsdictionary_stmt": "ALTER TEXT SEARCH DICTIONARY",
    "alter_tsconfiguration_stmt": "ALTER TEXT SEARCH CONFIGURATION",
}
_OBJECTS = {
    pb.OBJECT_MATVIEW: "MATERIALIZED VIEW",
    pb.OBJECT_FDW: "FOREIGN DATA WRAPPER",
    pb.OBJECT_FOREIGN_SERVER: "SERVER",
    pb.OBJECT_STATISTIC_EXT: "STATISTICS",
    pb.OBJECT_TABCONSTRAINT: "TABLE",
    pb.OBJECT_COLUMN: "TABLE",
    pb.OBJECT_ATTRIBUTE: "TYPE",
    pb.OBJECT_DOMCONSTRAINT: "DOMAIN",
    pb.OBJECT_OPCLASS: "OPERATOR CLASS",
    pb.OBJECT_OPFAMILY: "OPERATOR FAMILY",
    pb.OBJECT_TSCONFIGURATION: "TEXT SEARCH CONFIGURATION",
    pb.OBJECT_TSDICTIONARY: "TEXT SEARCH DICTIONARY",
    pb.OBJECT_TSPARSER: "TEXT SEARCH PARSER",
    pb.OBJECT_TSTEMPLATE: "TEXT SEARCH TEMPLATE",
}
_TRANSACTION = {
    pb.TRANS_STMT_BEGIN: "BEGIN",
    pb.TRANS_STMT_START: "BEGIN",
    pb.TRANS_STMT_COMMIT: "COMMIT",
    pb.TRANS_STMT_ROLLBACK: "ROLLBACK",
    pb.TRANS_STMT_SAVEPOINT: "SAVEPOINT",
    pb.TRANS_STMT_RELEASE: "RELEASE",
    pb.TRANS_STMT_ROLLBACK_TO: "ROLLBACK TO SAVEPOINT",
    pb.TRANS_STMT_PREPARE: "PREPARE TRANSACTION",
    pb.TRANS_STMT_COMMIT_PREPARED: "COMMIT PREPARED",
    pb.TRANS_STMT_ROLLBACK_PREPARED: "ROLLBACK PREPARED",
}


def command_tag(kind: str, node: Any) -> str:
    """The tag of a statement node; `kind` is the parser's field name, like "index_stmt".

    CONCURRENTLY forms of CREATE INDEX, DROP INDEX, REINDEX and REFRESH MATERIALIZED VIEW have it in their tag.
    """
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _COMPUTED:
        return _COMPUTED[kind](node)
    return kind.removesuffix("_stmt").replace("_", " ").upper()


def option_is_on(options: Any, name: str) -> bool:
    """Whether a parenthesised option list, like REINDEX's or VACUUM's, has `name` on."""
    for item in options:
        option = item.def_elem
        if option.defname != name:
            continue
        if not option.HasField("arg"):
            return True
        kind = option.arg.WhichOneof("node")
        value = getattr(option.arg, kind)
        if kind == "string":
            return str(value.sval).lower() in ("true", "on", "1")
        return bool(value.ival if kind == "integer" else value.boolval)
    return False


def _object(number: int) -> str:
    return _OBJECTS.get(number) or pb.ObjectType.Name(number).removeprefix("OBJECT_").replace("_", " ")


def _concurrently(tag: str, *, on: bool) -> str:
    return f"{tag} CONCURRENTLY" if on else tag


def _create_table_as(node: Any) -> str:
    return "CREATE MATERIALIZED VIEW" if node.objtype == pb.OBJECT_MATVIEW else "CREATE TABLE AS"


def _vacuum(node: Any) -> str:
    if not node.is_vacuumcmd:
        return "ANALYZE"
    return "VACUUM FULL" if option_is_on(node.options, "full") else "VACUUM"


def _set(node: Any) -> str:
    return "RESET" if node.kind in (pb.VAR_RESET, pb.VAR_RESET_ALL) else "SET"


_COMPUTED: dict[str, Callable[[Any], str]] = {
    "transaction_stmt": lambda node: _TRANSACTION[node.kind],
    "index_stmt": lambda node: _concurrently("CREATE INDEX", on=node.concurrent),
    "drop_stmt": lambda node: _concurrently(f"DROP {_object(node.remove_type)}", on=node.concurrent),
    "reindex_stmt": lambda node: _concurrently("REINDEX", on=option_is_on(node.params, "concurrently")),
    "refresh_mat_view_stmt": lambda node: _concurrently("REFRESH MATERIALIZED VIEW", on=node.concurrent),
    "alter_table_stmt": lambda node: f"ALTER {_object(node.objtype)}",
    "rename_stmt": lambda node: f"ALTER {_object(node.rename_type)}",
    "alter_object_schema_stmt": lambda node: f"ALTER {_object(node.object_type)}",
    "alter_owner_stmt": lambda node: f"ALTER {_object(node.object_type)}",
    "alter_object_depends_stmt": lambda node: f"ALTER {_object(node.object_type)}",
    "alter_function_stmt": lambda node: f"ALTER {_object(node.objtype)}",
    "define_stmt": lambda node: f"CREATE {_object(node.kind)}",
    "create_function_stmt": lambda node: "CREATE PROCEDURE" if node.is_procedure else "CREATE FUNCTION",
    "create_table_as_stmt": _create_table_as,
    "vacuum_stmt": _vacuum,
    "variable_set_stmt": _set,
    "grant_stmt": lambda node: "GRANT" if node.is_grant else "REVOKE",
}
