"""E-mail addresses: local part and domain apart, the top-level domain kept, so that equal domains stay equal."""

from operator import add
from typing import TYPE_CHECKING

from harness.snapshot.anonymize.transforms.characters import Characters
from harness.snapshot.anonymize.transforms.plain import Repeats

if TYPE_CHECKING:
    from harness.snapshot.anonymize.kernels.fields import Fields
    from harness.snapshot.anonymize.kernels.words import Places

_BETWEEN = b"@\n@"


class Email:
    """anna.meier@example.com becomes a text like rvfw.kcuiq@bqzumxe.com; without an @ it is an identifier."""

    def __init__(self, subkey: bytes) -> None:
        self._local = Characters(subkey, purpose=b"local part")
        self._domain_name = Characters(subkey, purpose=b"domain")
        self._domain = Repeats(self._domain_name)

    def __call__(self, value: bytes) -> bytes:
        """The address that stands for `value`."""
        local, at, domain = value.rpartition(b"@")
        if not at:
            return self._local(value)
        name, dot, top = domain.rpartition(b".")
        return b"".join((self._local(local), at, self._domain(name or top), dot, top if name else b""))

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        # One @ in each is what all but a few columns have: then two passes over the block take them apart.
        joined = _BETWEEN.join(values)
        parts = joined.split(b"@")
        newlines = parts[2::3]
        apart = len(parts) == 3 * len(values) - 1 and newlines == [b"\n"] * len(newlines)
        if not apart or joined.count(b"\n") != len(newlines):
            return [self(value) for value in values]
        domains = parts[1::3]
        known = self._domains(set(domains))
        return list(map(add, self._local.many(parts[0::3]), map(known.__getitem__, domains)))

    def change_fields(self, before: "Fields", after: "Fields", column: int) -> "Places":  # noqa: ARG002 - as InPlace
        """The same for the column of a block."""
        from harness.snapshot.anonymize.kernels.columns import change_addresses

        return change_addresses(after, column, self._local.cipher, self._domain_name.cipher)

    def _domains(self, domains: set[bytes]) -> dict[bytes, bytes]:
        split = {domain: domain.rpartition(b".") for domain in domains}
        names = self._domain.many([name or top for name, _, top in split.values()])
        return {
            domain: b"".join((b"@", changed, dot, top if name else b""))
            for (domain, (name, dot, top)), changed in zip(split.items(), names, strict=True)
        }
