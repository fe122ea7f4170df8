"""Word lists by name, from Faker's locales: "last_name", "city:de_DE", "first_name:en_US+fr_FR"."""

import functools
import importlib
from collections.abc import Iterable

from harness.model.errors import SnapshotError

_LOCALES = ("en_US", "de_DE", "fr_FR", "es_ES", "it_IT")
# For each list: Faker's provider and the attributes of its class that are lists of words.
_SOURCES = {
    "first_name": ("person", ("first_names", "first_names_male", "first_names_female")),
    "last_name": ("person", ("last_names", "last_names_male", "last_names_female")),
    "city": ("address", ("cities", "city_names")),
    "street": ("address", ("streets", "street_names")),
    "state": ("address", ("states", "provinces", "regions", "departments")),
    "country": ("address", ("countries",)),
    "job": ("job", ("jobs",)),
    "word": ("lorem", ("word_list",)),
}
_TOGETHER = {"name": ("first_name", "last_name")}


def dictionary_names() -> tuple[str, ...]:
    """What a policy's `dictionary` may name, without locales."""
    return tuple(sorted([*_SOURCES, *_TOGETHER]))


@functools.cache
def dictionary(name: str) -> frozenset[str]:
    """The words of a list; SnapshotError where there is no such list or locale.

    "list:locale+locale" takes these locales; without them it is those of five large European languages, English first.
    """
    list_name, _, locales = name.partition(":")
    sources = _TOGETHER.get(list_name, (list_name,))
    if any(source not in _SOURCES for source in sources):
        raise SnapshotError(f"there is no dictionary {list_name!r}", hint=f"one of {', '.join(dictionary_names())}")
    chosen = tuple(locales.split("+")) if locales else _LOCALES
    words = {word for source in sources for locale in chosen for word in _words(source, locale)}
    if not words:
        raise SnapshotError(f"Faker has no words for the dictionary {name!r}", hint="name another locale")
    return frozenset(words)


def _words(source: str, locale: str) -> set[str]:
    provider, attributes = _SOURCES[source]
    try:
        module = importlib.import_module(f"faker.providers.{provider}.{locale}")
    except ModuleNotFoundError:
        try:
            importlib.import_module(f"faker.providers.{provider}")
        except ModuleNotFoundError:
            raise SnapshotError("Faker is not installed", hint="pip install faker") from None
        return set()
    found: set[str] = set()
    for attribute in attributes:
        found.update(_flat(getattr(module.Provider, attribute, ())))
    return found


def _flat(items: Iterable[object]) -> Iterable[str]:
    for item in items:
        if isinstance(item, str):
            yield item
        elif isinstance(item, (tuple, list)) and item and isinstance(item[-1], str):
            yield item[-1]  # a number or code and its name
