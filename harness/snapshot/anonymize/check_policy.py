"""The proofs before a run: every column decided, every constraint still true of masked rows; else nothing is read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.check_expressions import Columns, domain_columns, judge_check
from harness.snapshot.anonymize.domains import Conflict, complete_policy, domain_conflicts
from harness.snapshot.anonymize.findings import Finding, Level
from harness.snapshot.anonymize.follow import followed, own_columns, policy_of
from harness.snapshot.anonymize.guarantees import classes_for, is_injective, is_masked, is_wordwise, suits
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.policy_changes import diff_policy
from harness.snapshot.anonymize.schema import Column, Schema, Table

ANY: Final = "*"
"""The path that stands for all that are not named."""

_SHOWN: Final = 30
"""Columns an error names one by one; `policy diff` lists them all."""


def check_policy(policy: Policy, schema: Schema) -> tuple[Finding, ...]:
    """What holds of each column; SnapshotError names every column that stops the run, with the reason and the way out.

    Partitions and inherited columns follow their parents and are found with them.
    """
    findings = judge_policy(policy, schema)
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    if errors:
        shown = "".join(f"\n  {finding}" for finding in errors[:_SHOWN])
        more = f"\n  and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
        raise SnapshotError(
            f"the policy cannot be applied; no data has been read:{shown}{more}",
            hint="give each column a class that fits (keep is one); `rehearse snapshot policy diff` shows what is new "
            "or has changed",
        )
    return findings


def judge_policy(policy: Policy, schema: Schema) -> tuple[Finding, ...]:
    """The same without raising: at least one finding for every column, in the order of tables, errors among them."""
    conflicts = domain_conflicts(policy, schema)
    found = [*_of_changes(policy, schema), *_of_classes(policy, schema), *_of_domains(conflicts)]
    if not conflicts:
        whole = complete_policy(policy, schema)
        for table in schema.tables.values():
            found += _of_constraints(table, whole.tables.get(table.name, {}), schema)
    judged = {(finding.table, finding.column) for finding in found}
    for place in own_columns(schema):
        if place not in judged and (one := policy_of(policy, schema, place)):
            found.append(Finding(Level.OK, *place, f"{one.class_.value}: every constraint holds"))
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: (finding.table, finding.column)))


def _of_changes(policy: Policy, schema: Schema) -> Iterator[Finding]:
    diff = diff_policy(policy, schema)
    for table, column in diff.new:
        known = table in policy.tables
        what = "is new: the policy does not name it" if known else "is of a table that the policy does not name"
        yield Finding(Level.ERROR, table, column, what)
    for table, column in diff.gone:
        what = "the database no longer has it" if table in schema.tables else "the database has no such table"
        yield Finding(Level.ERROR, table, column, f"the policy names it, and {what}")
    for one in diff.changed:
        yield Finding(Level.ERROR, one.table, one.column, f"its type was {one.was} when reviewed, and is {one.now}")


def _of_classes(policy: Policy, schema: Schema) -> Iterator[Finding]:
    for table, columns in policy.tables.items():
        for name, one in columns.items():
            for place, leaf in _leaves(name, one):
                if leaf.class_ is Class.UNCLASSIFIED:
                    yield Finding(Level.ERROR, table, place, "is unclassified")
            if table in schema.tables and (column := _column(schema.tables[table], name)):
                yield from _of_class(table, column, one, schema)


def _of_class(table: str, column: Column, one: ColumnPolicy, schema: Schema) -> Iterator[Finding]:
    if not suits(one, column, schema):
        reason = f"the class {one.class_.value} does not suit {column.type}; these do: {classes_for(column, schema)}"
        yield Finding(Level.ERROR, table, column.name, reason)
    if one.class_ is Class.NULL and column.not_null:
        yield Finding(Level.ERROR, table, column.name, "is NOT NULL, and the class null makes it NULL")
    if one.class_ is Class.FAKER and not one.provider:
        yield Finding(Level.ERROR, table, column.name, 'the class faker needs provider = "…"')
    if one.class_ is Class.JSON and ANY not in one.paths:
        level, what = (Level.WARN, "a path that is not named") if one.paths else (Level.ERROR, "every path")
        yield Finding(level, table, column.name, f'the class json needs paths, "*" for the rest: {what} stops the run')
    if one.paths and one.class_ is not Class.JSON:
        yield Finding(Level.ERROR, table, column.name, 'has paths, which belong to class = "json"')
    if one.subject and _column(schema.tables[table], one.subject) is None:
        yield Finding(Level.ERROR, table, column.name, f"its subject {one.subject!r} is no column of the table")


def _of_domains(conflicts: Iterable[Conflict]) -> Iterator[Finding]:
    for conflict in conflicts:
        (table, column), other = conflict.first, ".".join(conflict.second)
        yield Finding(Level.ERROR, table, column, f"must map like {other}, but {conflict.reason}")


def _of_constraints(table: Table, policies: Mapping[str, ColumnPolicy], schema: Schema) -> Iterator[Finding]:
    parent = schema.tables.get(table.partition_of or "")
    for key in table.unique_keys:
        if parent is None or key not in parent.unique_keys:
            yield from _of_key(table, key, policies)
    for index in table.unique_expressions:
        if parent is None or index not in parent.unique_expressions:
            yield from _of_index(table.name, index.expression, index.columns, policies)
    yield from _of_checks(table, policies, schema)
    for columns in table.exclusions:
        yield from _of_exclusion(table, columns, policies)
    yield from _of_partitions(table, policies, schema)
    for column in table.columns:
        one = policies.get(column.name)
        inherited = followed(schema, table.name, column.name)
        if one and is_masked(one) and not column.generated and not inherited and _quotes_text(column.default):
            reason = "its default is a text, which masked rows will not have: look whether it quotes somebody"
            yield Finding(Level.WARN, table.name, column.name, reason)


def _of_key(table: Table, key: tuple[str, ...], policies: Mapping[str, ColumnPolicy]) -> Iterator[Finding]:
    if any(
        other != key and set(other) < set(key) and _all_injective(other, table, policies) for other in table.unique_keys
    ):
        return
    nullable = [name for name in key if name in policies and policies[name].class_ is Class.NULL]
    for name in key if not nullable else ():
        one = policies.get(name)
        if one is None or is_injective(one, _base(table, name)):
            continue
        what = f"is in the unique key ({', '.join(key)}), and the class {one.class_.value}"
        if is_wordwise(one):
            yield Finding(Level.WARN, table.name, name, f"{what} changes words one to one: the restore will show")
        elif one.class_ is Class.DATE:
            yield Finding(Level.ERROR, table.name, name, f"{what} keeps values apart only without a subject")
        else:
            yield Finding(Level.ERROR, table.name, name, f"{what} may make two values one: identifier does not")


def _of_index(
    table: str, expression: str, columns: tuple[str, ...], policies: Mapping[str, ColumnPolicy]
) -> Iterator[Finding]:
    for name in columns:
        one = policies.get(name)
        if one is None or not is_masked(one):
            continue
        simple = expression in (f"lower({name})", f"upper({name})", f"lower({name}::text)", f"upper({name}::text)")
        if simple and one.class_ in (Class.IDENTIFIER, Class.EMAIL, Class.NULL):
            continue
        level = Level.WARN if is_injective(one) or is_wordwise(one) else Level.ERROR
        reason = f"is in a unique index on {expression}; not proven for the class {one.class_.value}"
        yield Finding(level, table, name, reason)


def _of_checks(table: Table, policies: Mapping[str, ColumnPolicy], schema: Schema) -> Iterator[Finding]:
    bases = {column.name: column.base for column in table.columns}
    columns = Columns(policies, bases, {name: one.domain for name, one in policies.items()})
    parents = [schema.tables[name] for name in (table.partition_of, *table.inherits) if name in schema.tables]
    for check in table.checks:
        if any(check in parent.checks for parent in parents):
            continue
        of_domain = len(check.columns) == 1 and "value" not in bases and _names_value(check.expression)
        view = domain_columns(check.columns[0], columns) if of_domain else columns
        judged = judge_check(check.expression, view)
        for name in check.columns if judged.level is not Level.OK else ():
            if name in policies and is_masked(policies[name]):
                yield Finding(
                    judged.level, table.name, name, f"check {check.name or 'without a name'}: {judged.reason}"
                )


def _of_exclusion(table: Table, columns: tuple[str, ...], policies: Mapping[str, ColumnPolicy]) -> Iterator[Finding]:
    for name in columns:
        one, column = policies.get(name), _column(table, name)
        if one is None or column is None or not is_masked(one) or one.class_ is Class.NULL:
            continue
        # A scalar is compared for being the same; what overlaps or lies near has another type.
        if not is_injective(one) or "range" in column.base:
            reason = f"is in an exclusion constraint, which the class {one.class_.value} does not keep: keep the column"
            yield Finding(Level.ERROR, table.name, name, reason)


def _of_partitions(table: Table, policies: Mapping[str, ColumnPolicy], schema: Schema) -> Iterator[Finding]:
    children = [child for child in schema.tables.values() if child.partition_of == table.name]
    if all(child.partition_bound == "DEFAULT" for child in children):
        return
    for name in table.partition_key:
        one = policies.get(name)
        if one is not None and is_masked(one):
            reason = f"the table is partitioned by it, and the class {one.class_.value} would move rows out of bounds"
            yield Finding(Level.ERROR, table.name, name, f"{reason}: keep the column")


def _leaves(name: str, one: ColumnPolicy) -> Iterator[tuple[str, ColumnPolicy]]:
    yield name, one
    for path, leaf in one.paths.items():
        yield from _leaves(f"{name}:{path}", leaf)


def _column(table: Table, name: str) -> Column | None:
    return next((column for column in table.columns if column.name == name), None)


def _all_injective(key: tuple[str, ...], table: Table, policies: Mapping[str, ColumnPolicy]) -> bool:
    return all(name not in policies or is_injective(policies[name], _base(table, name)) for name in key)


def _base(table: Table, name: str) -> str:
    column = _column(table, name)
    return column.base if column else ""


def _names_value(expression: str) -> bool:
    return "value" in expression.lower()


def _quotes_text(default: str | None) -> bool:
    return bool(default) and "'" in str(default) and "nextval(" not in str(default) and "''" not in str(default)


def counts(findings: tuple[Finding, ...]) -> dict[Level, int]:
    """How many columns have which level, each by its worst finding."""
    by_column: dict[tuple[str, str], Level] = {}
    for finding in findings:
        place = (finding.table, finding.column)
        by_column[place] = max(by_column.get(place, Level.OK), finding.level, key=lambda level: level.rank)
    tally: dict[Level, int] = defaultdict(int)
    for level in by_column.values():
        tally[level] += 1
    return dict(tally)
