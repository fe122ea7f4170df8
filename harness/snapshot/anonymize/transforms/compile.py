"""From a column's policy to its transform: the class and the type together decide; what does not fit is an error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.schema import Column
from harness.snapshot.anonymize.sql_types import ADDRESSES, DOCUMENTS, INTEGERS, NUMBERS, TEXTS, TIMES, plain_type
from harness.snapshot.anonymize.transform import Transform
from harness.snapshot.anonymize.transforms.arrays import Arrays
from harness.snapshot.anonymize.transforms.binary import Binary
from harness.snapshot.anonymize.transforms.characters import Characters
from harness.snapshot.anonymize.transforms.checked import Iban, Luhn
from harness.snapshot.anonymize.transforms.dates import Dates
from harness.snapshot.anonymize.transforms.dictionaries import dictionary
from harness.snapshot.anonymize.transforms.email import Email
from harness.snapshot.anonymize.transforms.fakers import Faker
from harness.snapshot.anonymize.transforms.json_paths import Json, LeafTransforms
from harness.snapshot.anonymize.transforms.keyed import keep_freed_memory
from harness.snapshot.anonymize.transforms.labels import BOOLEANS, Labels
from harness.snapshot.anonymize.transforms.networks import Macs, Networks
from harness.snapshot.anonymize.transforms.numbers import Numbers
from harness.snapshot.anonymize.transforms.ordered import Ordered
from harness.snapshot.anonymize.transforms.plain import Keep, Memo, Nothing, Repeats, RepeatsInPlace
from harness.snapshot.anonymize.transforms.uuids import Uuids
from harness.snapshot.anonymize.transforms.words import Text

Enums = Mapping[str, tuple[str, ...]]
"""The labels of enum types by the type's name."""

WORDS, NAMES = "word", "name"
"""The dictionaries of `text` and `name` where a policy names none."""

_MACS = frozenset({"macaddr", "macaddr8"})
_BOOLEAN, _BYTEA, _UUID = "boolean", "bytea", "uuid"
_TEXTS = frozenset(TEXTS)
_ALL_NUMBERS = frozenset(NUMBERS)


@dataclass(frozen=True, slots=True)
class _Task:
    policy: ColumnPolicy
    column: Column
    base: str
    subkey: bytes
    keys: Keys
    domain: str


def compile_transform(
    policy: ColumnPolicy, *, column: Column, domain: str, keys: Keys, enums: Enums | None = None
) -> Transform:
    """The transform of a column; `domain` names the key that it shares with the columns that refer to it.

    For Class.NULL it is a `Nothing`. SnapshotError where the class does not suit the column's type.
    """
    keep_freed_memory()
    if policy.class_ is Class.KEEP:
        return Keep()
    if policy.class_ is Class.NULL:
        if column.not_null:
            raise SnapshotError(f"{column.name} is NOT NULL and cannot become NULL", hint="give it another class")
        return Nothing()
    base = plain_type(column.base)
    task = _Task(policy, column, base, keys.subkey(domain), keys, domain)
    transform = _labels(task, enums or {}) or _of_type(task)
    return Arrays(transform) if _is_array(column) else transform


def _labels(task: _Task, enums: Enums) -> Transform | None:
    labels = enums.get(task.column.base.removesuffix("[]")) or enums.get(task.base)
    if labels is not None and task.policy.class_ in _FOR_LABELS:
        return Labels(task.subkey, [label.encode() for label in labels])
    if task.base == _BOOLEAN and task.policy.class_ in _FOR_LABELS:
        return Labels(task.subkey, BOOLEANS)
    return None


def _of_type(task: _Task) -> Transform:
    allowed, build = _FAMILIES.get(task.policy.class_, (frozenset[str](), _identifier))
    if task.base not in allowed:
        raise SnapshotError(
            f"{task.column.name} of type {task.column.type} cannot have the class {task.policy.class_.value!r}",
            hint=f"for this type: {', '.join(suitable_classes(task.base))}",
        )
    return build(task)


def suitable_classes(base: str) -> list[str]:
    """The classes that columns of a type may have; `base` as in Column, without modifiers."""
    fitting = [class_.value for class_, (types, _) in _FAMILIES.items() if base in types]
    return [Class.KEEP.value, Class.NULL.value, *([Class.IDENTIFIER.value] if base == _BOOLEAN else []), *fitting]


def _identifier(task: _Task) -> Transform:
    if task.base in INTEGERS or task.base in _ALL_NUMBERS:
        return _number(task)
    if task.base == _UUID:
        return Uuids(task.subkey)
    return RepeatsInPlace(Characters(task.subkey))


def _number(task: _Task) -> Transform:
    return RepeatsInPlace(Numbers(task.subkey, base=task.base))


def _ordered(task: _Task) -> Transform:
    written = task.column.type.removesuffix("[]")
    type_ = written if plain_type(written) == task.base else task.column.base.removesuffix("[]")
    return Repeats(Ordered(task.subkey, type_=type_))


def _inet(task: _Task) -> Transform:
    return Memo(Macs(task.subkey) if task.base in _MACS else Networks(task.subkey, base=task.base))


def _name(task: _Task) -> Transform:
    return RepeatsInPlace(Text(task.subkey, dictionary(task.policy.dictionary or NAMES)))


def _text(task: _Task) -> Transform:
    return Text(task.subkey, dictionary(task.policy.dictionary or WORDS))


def _faker(task: _Task) -> Transform:
    if not task.policy.provider:
        raise SnapshotError(f"{task.column.name} names no provider of Faker", hint='provider = "company"')
    return Memo(Faker(task.subkey, provider=task.policy.provider, max_length=task.column.max_length))


def _json(task: _Task) -> Transform:
    """Each path has the domain it names, or one of its own under the column's."""
    paths: dict[str, LeafTransforms] = {}
    for path, leaf in task.policy.paths.items():
        domain = leaf.domain or f"{task.domain}:{path}"
        string = Column(name=f"{task.column.name}:{path}", type="text", base="text")
        number = msgspec.structs.replace(leaf, class_=_FOR_NUMBERS.get(leaf.class_, Class.NUMBER))
        numeric = Column(name=string.name, type="numeric", base="numeric")
        paths[path] = LeafTransforms(
            _string_leaf(leaf, string, domain, task.keys),
            compile_transform(number, column=numeric, domain=domain, keys=task.keys),
        )
    return Json(paths)


def _string_leaf(leaf: ColumnPolicy, column: Column, domain: str, keys: Keys) -> Transform:
    # A string in JSON has no type: dates, UUIDs and addresses are known by the class alone.
    types = {
        Class.DATE: "date",
        Class.UUID: "uuid",
        Class.INET: "inet",
        Class.NUMBER: "numeric",
        Class.ORDERED: "numeric",
    }
    type_ = types.get(leaf.class_, "text")
    return compile_transform(leaf, column=Column(name=column.name, type=type_, base=type_), domain=domain, keys=keys)


def _is_array(column: Column) -> bool:
    return column.type.endswith("[]") or column.base.endswith("[]")


_FOR_LABELS = frozenset({Class.IDENTIFIER, Class.NUMBER, Class.NAME, Class.TEXT})
_FOR_NUMBERS = {class_: class_ for class_ in (Class.KEEP, Class.NULL, Class.ORDERED)}
_FAMILIES: dict[Class, tuple[frozenset[str], Callable[[_Task], Transform]]] = {
    Class.IDENTIFIER: (_TEXTS | _ALL_NUMBERS | {_UUID}, _identifier),
    Class.EMAIL: (_TEXTS, lambda task: RepeatsInPlace(Email(task.subkey))),
    Class.NUMBER: (_TEXTS | _ALL_NUMBERS, _number),
    Class.ORDERED: (_TEXTS | _ALL_NUMBERS - {"money", "real", "double precision"}, _ordered),
    Class.DATE: (_TEXTS | TIMES, lambda task: Dates(task.subkey)),
    Class.UUID: (_TEXTS | {_UUID}, lambda task: Uuids(task.subkey)),
    Class.LUHN: (_TEXTS | {"bigint", "numeric"}, lambda task: Repeats(Luhn(task.subkey))),
    Class.IBAN: (_TEXTS, lambda task: Repeats(Iban(task.subkey))),
    Class.NAME: (_TEXTS, _name),
    Class.TEXT: (_TEXTS, _text),
    Class.JSON: (frozenset(DOCUMENTS), _json),
    Class.INET: (_TEXTS | frozenset(ADDRESSES), _inet),
    Class.BYTES: (frozenset({_BYTEA}), lambda task: Binary(task.subkey)),
    Class.FAKER: (_TEXTS, _faker),
}
