"""E-mail addresses: local part and domain apart, the top-level domain kept, so that equal domains stay equal."""

from harness.snapshot.anonymize.transforms.characters import Characters
from harness.snapshot.anonymize.transforms.plain import Repeats


class Email:
    """anna.meier@example.com becomes a text like rvfw.kcuiq@bqzumxe.com; without an @ it is an identifier."""

    def __init__(self, subkey: bytes) -> None:
        self._local = Characters(subkey, purpose=b"local part")
        self._domain = Repeats(Characters(subkey, purpose=b"domain"))

    def __call__(self, value: bytes) -> bytes:
        """The address that stands for `value`."""
        local, at, domain = value.rpartition(b"@")
        if not at:
            return self._local(value)
        name, dot, top = domain.rpartition(b".")
        return b"".join((self._local(local), at, self._domain(name or top), dot, top if name else b""))

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        parts = [value.rpartition(b"@") for value in values]
        if not all(at for _, at, _ in parts):
            return [self(value) for value in values]
        locals_ = self._local.many([local for local, _, _ in parts])
        known = self._domains({domain for _, _, domain in parts})
        return [local + known[domain] for local, (_, _, domain) in zip(locals_, parts, strict=True)]

    def _domains(self, domains: set[bytes]) -> dict[bytes, bytes]:
        split = {domain: domain.rpartition(b".") for domain in domains}
        names = self._domain.many([name or top for name, _, top in split.values()])
        return {
            domain: b"".join((b"@", changed, dot, top if name else b""))
            for (domain, (name, dot, top)), changed in zip(split.items(), names, strict=True)
        }
