"""The key of a dataset: 32 random bytes from which every column's own key is derived; it is never shown."""

import hashlib
import os
import secrets
import stat
from pathlib import Path

from harness.model.errors import SnapshotError

FORMAT = 2
"""The number of what all transforms give for one key: raise it whenever any output changes (docs/snapshots.md)."""

KEY_BYTES = 32
_HEX_DIGITS = 2 * KEY_BYTES
_FINGERPRINT_BYTES = 4
# BLAKE2's personalization keeps the two uses of the key apart, whatever a domain is called (RFC 7693, section 2.8 and
# the BLAKE2 paper, section 2.5: 16 bytes).
_SUBKEY, _FINGERPRINT = b"rehearse subkey", b"rehearse fprint"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAKE = "python3 -c 'import secrets; print(secrets.token_hex(32))'"


class Keys:
    """The key; `repr` shows its fingerprint only."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(secret)}")
        self._secret = bytes(secret)

    @classmethod
    def random(cls) -> "Keys":
        """A fresh key from the operating system's generator: for one dataset, gone with the process."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def from_file(cls, path: Path) -> "Keys":
        """The key in `path`: 64 hex digits. SnapshotError where it cannot be read, or where others may read it."""
        try:
            with path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
                    raise SnapshotError(f"{path} may be read by others", hint=f"chmod 600 {path}")
                content = file.read(1024)
        except OSError as error:
            raise SnapshotError(
                f"the key file {path} cannot be read: {error.strerror}",
                hint=f"make one: (umask 077; {_MAKE} > {path})",
            ) from None
        return cls(_parse(content, where=str(path)))

    @classmethod
    def from_environment(cls, name: str) -> "Keys":
        """The key in the environment's variable `name`: 64 hex digits. SnapshotError where there is none."""
        content = os.environ.get(name)
        if content is None:
            raise SnapshotError(f"{name} is not set", hint=f'make a key: export {name}="$({_MAKE})"')
        return cls(_parse(content.encode(errors="replace"), where=name))

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that say "the same key" in a provenance and nothing else about it."""
        digest = hashlib.blake2b(key=self._secret, digest_size=_FINGERPRINT_BYTES, person=_FINGERPRINT)
        return digest.hexdigest()

    def subkey(self, domain: str) -> bytes:
        """The 32 bytes that belong to `domain`: keyed BLAKE2b, so no domain's key tells anything of another's."""
        return hashlib.blake2b(domain.encode(), key=self._secret, digest_size=KEY_BYTES, person=_SUBKEY).digest()

    def __repr__(self) -> str:
        return f"Keys({self.fingerprint})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and secrets.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def _parse(content: bytes, *, where: str) -> bytes:
    try:
        secret = bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise SnapshotError(f"{where} does not hold a key: {_HEX_DIGITS} hex digits", hint=f"make one: {_MAKE}")
    return secret
