"""Names as an application writes them, resolved to relations."""

from collections.abc import Iterable

from psycopg import sql

from harness.postgres.connect import Connection, query


def read_primary_keys(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The primary key's columns, in key order, of every table that has one, by qualified name."""
    text = query("primary_keys", version_num=connection.info.server_version)
    return {relation: tuple(columns) for relation, columns in connection.execute(text).fetchall()}


def identifier(connection: Connection, qualified: str) -> sql.Identifier:
    """A qualified name, quoted where it must be (`public."Order"`), as an identifier to compose statements with."""
    row = connection.execute("SELECT parse_ident(%s)", (qualified,)).fetchone()
    return sql.Identifier(*(row[0] if row else [qualified]))


def qualify(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """The qualified name of each relation, found over the search path; a name that is nothing now stays as it is."""
    version = connection.info.server_version
    resolved = {}
    for name in names:
        row = connection.execute(query("qualified_name", version_num=version), (name,)).fetchone()
        resolved[name] = row[0] if row else name
    return resolved
