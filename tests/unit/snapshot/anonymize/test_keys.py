"""The key: made, read, derived from, never shown."""

from pathlib import Path

import pytest

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.keys import Keys

_SECRET = bytes(range(32))


def test_subkeys_differ_by_domain_and_key() -> None:
    keys = Keys(_SECRET)
    subkeys = {keys.subkey("a"), keys.subkey("b"), keys.subkey(""), Keys.random().subkey("a")}
    assert len(subkeys) == 4
    assert keys.subkey("a") == Keys(_SECRET).subkey("a")
    assert all(len(subkey) == 32 for subkey in subkeys)


def test_a_key_is_never_shown() -> None:
    keys = Keys(_SECRET)
    assert _SECRET.hex() not in repr(keys)
    assert repr(keys) == f"Keys({keys.fingerprint})"
    assert len(keys.fingerprint) == 8
    assert keys.fingerprint == Keys(_SECRET).fingerprint != Keys.random().fingerprint
    assert keys == Keys(_SECRET)
    assert hash(keys) == hash(Keys(_SECRET))
    assert keys != Keys.random()


def test_a_file_must_be_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(_SECRET.hex() + "\n")
    path.chmod(0o600)
    assert Keys.from_file(path) == Keys(_SECRET)
    path.chmod(0o640)
    with pytest.raises(SnapshotError, match="may be read by others") as caught:
        Keys.from_file(path)
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("content", ["", "xyz", "00" * 31, "00" * 33])
def test_what_is_no_key_is_refused_and_not_quoted(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SnapshotError, match="does not hold a key") as caught:
        Keys.from_file(path)
    assert "token_hex" in caught.value.hint
    assert not content or content not in str(caught.value)


def test_missing_keys_say_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SnapshotError, match="cannot be read") as caught:
        Keys.from_file(tmp_path / "none")
    assert "umask 077" in caught.value.hint
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(SnapshotError, match="SOME_KEY is not set") as unset:
        Keys.from_environment("SOME_KEY")
    assert "export SOME_KEY" in unset.value.hint
    monkeypatch.setenv("SOME_KEY", _SECRET.hex())
    assert Keys.from_environment("SOME_KEY") == Keys(_SECRET)


def test_a_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keys(b"short")
