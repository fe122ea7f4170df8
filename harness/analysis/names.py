"""Relation names as events, scenarios and people write them."""

TABLE_KINDS = frozenset({"r", "p", "m"})
"""relkinds whose rows an application reads: table, partitioned table, materialized view (manual, pg_class)."""


def qualified(name: str) -> str:
    """`name` with its schema; an unqualified one is looked for in public, as the default search_path does.

    >>> qualified("orders"), qualified("audit.log")
    ('public.orders', 'audit.log')
    """
    plain = name.replace('"', "").strip()
    return plain if "." in plain or not plain else f"public.{plain}"


def short(name: str) -> str:
    """`name` without the schema public.

    >>> short("public.orders"), short("audit.log")
    ('orders', 'audit.log')
    """
    return name.removeprefix("public.")


def same_relation(one: str, other: str) -> bool:
    """Whether two names mean one relation; a name without a schema matches in any schema."""
    a, b = one.replace('"', ""), other.replace('"', "")
    if "." in a and "." in b:
        return a == b
    return a.rpartition(".")[2] == b.rpartition(".")[2]
