"""What a failed migration left behind."""

from harness.postgres.connect import Connection
from harness.rehearsal.migration.queries import text

Standing = frozenset[tuple[str, str]]
"""What stands in the catalogs: kind and name of each object."""

# pg_inherits has inhdetachpending, and DETACH PARTITION has CONCURRENTLY, since version 14.
_DETACH_CONCURRENTLY = 140000
# A committed half can be hundreds of columns; the first ones say what happened.
_MOST_TOLD = 20


def standing(connection: Connection) -> Standing:
    """What stands now; takes no lock on any relation of the user's."""
    rows = connection.execute(text("standing")).fetchall()
    if connection.info.server_version >= _DETACH_CONCURRENTLY:
        rows += connection.execute(text("detach_pending")).fetchall()
    return frozenset((kind, name) for kind, name in rows)


def left_behind(before: Standing, after: Standing) -> tuple[str, ...]:
    """In words, what differs: halves of unfinished statements first, then what was added, then what is gone."""
    added, gone = after - before, before - after
    unfinished = {(kind, name) for kind, name in added if kind.startswith(("invalid", "partition left", "unvalidated"))}
    # An index that became invalid is told as such, not as one that is gone too.
    gone = frozenset((kind, name) for kind, name in gone if not any(name == other for _, other in unfinished))
    told = [f"{kind} {name}" for kind, name in sorted(unfinished)]
    told += [f"{kind} {name}" for kind, name in sorted(added - unfinished)]
    told += [f"{kind} {name} is gone" for kind, name in sorted(gone)]
    if len(told) > _MOST_TOLD:
        told = [*told[:_MOST_TOLD], f"and {len(told) - _MOST_TOLD} more"]
    return tuple(told)
