"""Names as an application writes them, resolved to relations."""

from collections.abc import Iterable

from harness.postgres.connect import Connection, query


def qualify(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """The qualified name of each relation, found over the search path; a name that is nothing now stays as it is."""
    version = connection.info.server_version
    resolved = {}
    for name in names:
        row = connection.execute(query("qualified_name", version_num=version), (name,)).fetchone()
        resolved[name] = row[0] if row else name
    return resolved
