"""A provider of Faker by name, for what nothing else fits: frequencies are kept, lengths and uniqueness are not."""

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.transforms.keyed import number

_LOCALE = "en_US"


class Faker:
    """`provider` or `provider:locale`, seeded by the value's keyed digest; cut to `max_length` characters."""

    def __init__(self, subkey: bytes, *, provider: str, max_length: int | None = None) -> None:
        # Imported here: it looks through all its locales, for longer than most of a small dump takes.
        from faker import Faker as Source

        name, _, locale = provider.partition(":")
        try:
            self._source = Source(locale or _LOCALE)
        except AttributeError:
            raise SnapshotError(f"Faker has no locale {locale!r}", hint="for example de_DE") from None
        if name.startswith("_") or name in _NOT_PROVIDERS or not hasattr(self._source, name):
            raise SnapshotError(
                f"Faker has no provider {name!r}", hint="faker.readthedocs.io lists them: company, bs, …"
            )
        self._provider = getattr(self._source, name)
        self._subkey = subkey
        self._max_length = max_length

    def __call__(self, value: bytes) -> bytes:
        """The text that stands for `value`."""
        self._source.seed_instance(number(value, self._subkey, b"faker"))
        return str(self._provider()).replace("\0", "")[: self._max_length].encode()

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        return [self(value) for value in values]


_NOT_PROVIDERS = frozenset(
    {"seed", "seed_instance", "add_provider", "set_arguments", "del_arguments", "format", "parse"}
)
