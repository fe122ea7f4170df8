"""What going up changed in the schema on the side: grants, owners, triggers, replication, settings.

The schema image tells each object as a text in words of its own (`harness/postgres/queries/image_*.sql`); those words
are read here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.model.catalog import Change, Difference

_OWNER = re.compile(r"(?:^| )owner ((?:\"(?:[^\"]|\"\")+\")|\S+)")
_IDENTITY = re.compile(r" replica identity (nothing|full|index)")
_TARGET = re.compile(r" statistics (\d+)")
_COLUMN_OPTION = re.compile(r" set \(([^)]*)\)")
_FUNCTION_SETTING = re.compile(r"^ SET (\S+) TO (.*)$", re.MULTILINE)
_OPTIONS = re.compile(r"\{[^}]*\}")
_GRANT = re.compile(r"(?P<what>.+?)(?P<option> with grant option)? by (?:\".*\"|\S+)")
_ALTERED = {
    "partitioned table": "TABLE", "foreign table": "FOREIGN TABLE", "materialized view": "MATERIALIZED VIEW",
    "enum": "TYPE", "composite type": "TYPE", "range type": "TYPE", "type": "TYPE",
}  # fmt: skip
"""How ALTER names a kind of the image that is not its own word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """One thing that is not as it was: on what, in words, and the SQL that brings it back."""

    relation: str
    text: str
    remedy: str
    identity: str = ""


def lost_grants(changes: Sequence[Difference]) -> Iterator[SchemaChange]:
    """Privileges that an object which is still there had, or gave to everybody, and does not any more."""
    gone, new = _gone(changes), {change.identity for change in changes if change.change is Change.EXTRA}
    for change in changes:
        if change.kind not in ("grant", "revoke"):
            continue
        kind, _, rest = change.identity.partition(" ")
        name, _, grantee = rest.rpartition(" ")
        lost, again = (change.before, change.after) if change.kind == "grant" else (change.after, change.before)
        privileges = [one for one in _privileges(lost) if one not in _privileges(again)]
        if not privileges or name in new or _is_gone(name, gone):
            continue
        words = ", ".join(privilege for privilege, _ in privileges)
        yield SchemaChange(
            identity=change.identity,
            relation=name if kind in ("table", "sequence") else name.rpartition(".")[0] if kind == "column" else "",
            text=f"{grantee} has no longer {words} on {kind} {name}",
            remedy="\n".join(_grant(kind, name, grantee, *one) for one in privileges),
        )


def changed_owners(changes: Sequence[Difference]) -> Iterator[SchemaChange]:
    """Objects of another owner than before, also ones made anew under the same name."""
    for change in _changed(changes):
        if change.kind in ("subscription", "column", "constraint", "trigger", "comment"):
            continue
        old, new = _OWNER.search(change.before), _OWNER.search(change.after)
        if old and new and old[1] != new[1]:
            kind = _ALTERED.get(change.kind, change.kind.upper())
            yield SchemaChange(
                identity=change.identity,
                relation=change.identity if "." in change.identity and "(" not in change.identity else "",
                text=f"{change.kind} {change.identity} belongs to {new[1]}, before to {old[1]}",
                remedy=f"ALTER {kind} {change.identity} OWNER TO {old[1]};",
            )


def disabled_triggers(changes: Sequence[Difference]) -> Iterator[SchemaChange]:
    """Triggers, event triggers and rules that no longer fire."""
    for change in changes:
        if change.kind not in ("trigger", "rule", "event trigger") or change.change is Change.MISSING:
            continue
        if not _is_disabled(change.after) or _is_disabled(change.before):
            continue
        if (
            change.kind != "event trigger"
            and change.change is Change.EXTRA
            and " of constraint " not in change.identity
        ):
            continue
        yield _disabled(change)


def replication_changes(changes: Sequence[Difference]) -> Iterator[SchemaChange]:
    """Another replica identity of a table, another membership or kind of a publication."""
    for change in _changed(changes):
        if change.kind in ("table", "partitioned table"):
            old, new = _identity(change.before), _identity(change.after)
            if old != new:
                back = "USING INDEX …" if old == "index" else old.upper()
                yield SchemaChange(
                    identity=change.identity,
                    relation=change.identity,
                    text=f"the replica identity of {change.identity} is {new}, before {old}",
                    remedy=f"ALTER TABLE {change.identity} REPLICA IDENTITY {back};",
                )
        elif change.kind == "publication" and _OWNER.sub("", change.before) != _OWNER.sub("", change.after):
            remedy = f"-- ALTER PUBLICATION {change.identity} …: its tables, columns and filters as they were"
            text = f"publication {change.identity}: {' → '.join(_published(change))}"
            yield SchemaChange(identity=change.identity, relation="", text=text, remedy=remedy)
    for change in changes:
        if change.kind == "publication" and change.change is Change.MISSING:
            remedy = f"CREATE PUBLICATION {change.identity} …;  -- and refresh its subscriptions"
            yield SchemaChange(
                identity=change.identity, relation="", text=f"publication {change.identity} is gone", remedy=remedy
            )


def lost_metadata(changes: Sequence[Difference]) -> Iterator[SchemaChange]:
    """Comments, statistics targets, default privileges and settings that what is still there had."""
    gone = _gone(changes)
    for change in changes:
        if change.kind == "comment":
            if change.change is Change.MISSING and not _is_described_gone(change.identity, gone):
                remedy = f"-- COMMENT ON {change.identity} IS …; again"
                yield SchemaChange(
                    identity=change.identity,
                    relation="",
                    text=f"the comment on {change.identity} is gone",
                    remedy=remedy,
                )
        elif change.kind in ("default privileges", "setting"):
            yield from _other_setting(change)
        elif change.change is Change.CHANGED and change.kind == "column":
            yield from _lost_column_attributes(change)
        elif change.change is Change.CHANGED and change.kind in ("function", "procedure"):
            yield from _lost_function_settings(change)


def _other_setting(change: Difference) -> Iterator[SchemaChange]:
    """Default privileges or a setting that is gone or another one; of new ones only a search_path."""
    what = f"{change.kind} {change.identity}"
    if change.change is not Change.EXTRA:
        alter = "DEFAULT PRIVILEGES" if change.kind == "default privileges" else change.identity.upper()
        text = f"{what}: {change.before} → {change.after or 'none'}"
        yield SchemaChange(identity=change.identity, relation="", text=text, remedy=f"-- ALTER {alter} … as it was")
    elif "search_path" in change.after:
        remedy = "-- sessions that begin from now on find other tables by unqualified names"
        yield SchemaChange(identity=change.identity, relation="", text=f"{what}: none → {change.after}", remedy=remedy)


def _lost_column_attributes(change: Difference) -> Iterator[SchemaChange]:
    table, _, column = change.identity.rpartition(".")
    for pattern, what, sql in (
        (_TARGET, "statistics target", "SET STATISTICS {}"),
        (_COLUMN_OPTION, "options", "SET ({})"),
    ):
        old, new = pattern.search(change.before), pattern.search(change.after)
        if old and (not new or new[1] != old[1]):
            yield SchemaChange(
                identity=change.identity,
                relation=table,
                text=f"{change.identity} had {what} {old[1]}, now {new[1] if new else 'none'}",
                remedy=f"ALTER TABLE {table} ALTER COLUMN {column} {sql.format(old[1])};",
            )


def _lost_function_settings(change: Difference) -> Iterator[SchemaChange]:
    now = dict(_FUNCTION_SETTING.findall(change.after))
    for name, value in _FUNCTION_SETTING.findall(change.before):
        if now.get(name) != value:
            yield SchemaChange(
                identity=change.identity,
                relation="",
                text=f"{change.kind} {change.identity} had SET {name} TO {value}, now {now.get(name, 'none')}",
                remedy=f"ALTER {change.kind.upper()} {change.identity} SET {name} TO {value};",
            )


def _changed(changes: Sequence[Difference]) -> Iterator[Difference]:
    return (change for change in changes if change.change is Change.CHANGED)


def _gone(changes: Sequence[Difference]) -> frozenset[str]:
    """Identities of what is missing; what stands under the same name as another kind is still there."""
    there = {change.identity for change in changes if change.change is not Change.MISSING}
    missing = {
        c.identity for c in changes if c.change is Change.MISSING and c.kind not in ("grant", "revoke", "comment")
    }
    return frozenset(missing - there)


def _is_gone(name: str, gone: frozenset[str]) -> bool:
    return name in gone or name.rpartition(".")[0] in gone


def _is_described_gone(described: str, gone: frozenset[str]) -> bool:
    """Whether what pg_identify_object describes ("table column public.orders.note", "i on public.orders") is gone."""
    part, on, table = described.rpartition(" on ")
    if on:
        name = part.rpartition(" ")[2]
        return f"{table}.{name}" in gone or table in gone
    return any(described.endswith(" " + name) or f" {name}." in described for name in gone)


def _privileges(text: str) -> list[tuple[str, bool]]:
    found = (_GRANT.fullmatch(one) for one in text.split(", ") if one)
    return [(match["what"], bool(match["option"])) for match in found if match]


def _grant(kind: str, name: str, grantee: str, privilege: str, option: bool) -> str:
    to = "PUBLIC" if grantee == "public" else grantee
    more = " WITH GRANT OPTION" if option else ""
    if kind == "column":
        table, _, column = name.rpartition(".")
        return f"GRANT {privilege} ({column}) ON {table} TO {to}{more};"
    return f"GRANT {privilege} ON {'' if kind == 'table' else kind.upper() + ' '}{name} TO {to}{more};"


def _is_disabled(definition: str) -> bool:
    return definition.endswith((" disabled", "enabled D")) or " enabled D " in definition


def _disabled(change: Difference) -> SchemaChange:
    if change.kind == "event trigger":
        return SchemaChange(identity=change.identity, relation="", text=f"event trigger {change.identity} is disabled",
                            remedy=f"ALTER EVENT TRIGGER {change.identity} ENABLE;")  # fmt: skip
    owner, _, constraint = change.identity.partition(" of constraint ")
    table, _, name = owner.rpartition(".")
    what = f"the trigger of foreign key {constraint}" if constraint else f"{change.kind} {name}"
    return SchemaChange(
        identity=change.identity,
        relation=table,
        text=f"{what} of {table} is disabled",
        remedy=f"ALTER TABLE {table} ENABLE {change.kind.upper()} {'ALL' if constraint else name};",
    )


def _identity(definition: str) -> str:
    found = _IDENTITY.search(definition)
    return found[1] if found else "default"


def _published(change: Difference) -> tuple[str, str]:
    """What a publication has before and after, without its options where those are the same."""
    old, new = (_OWNER.sub("", text).strip() for text in (change.before, change.after))
    options = _OPTIONS.match(old)
    if options and new.startswith(options[0]):
        old, new = old.removeprefix(options[0]), new.removeprefix(options[0])
    return old.strip() or "no table", new.strip() or "no table"
