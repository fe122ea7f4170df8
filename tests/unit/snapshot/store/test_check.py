"""Differences found quickly before use, and by digest on demand."""

import os

import pytest

from harness.model.errors import SnapshotError
from harness.snapshot.store.check import Difference, check_quickly, differences
from tests.unit.snapshot.store.conftest import Put


def test_what_is_as_stored_passes(put: Put) -> None:
    stored = put("prod")
    check_quickly(stored)
    assert differences(stored) == ()


def test_a_changed_byte_with_the_old_time_is_found_by_its_digest_only(put: Put) -> None:
    stored = put("prod", b"rows")
    before = stored.content.stat()
    stored.content.write_bytes(b"rowz")
    os.utime(stored.content, ns=(before.st_atime_ns, before.st_mtime_ns))
    check_quickly(stored)
    assert differences(stored) == (Difference("dump", "changed"),)


def test_size_time_and_absence_are_found_quickly(put: Put) -> None:
    stored = put("prod", b"rows")
    stored.content.write_bytes(b"more rows")
    with pytest.raises(SnapshotError, match="dump has 9 bytes, not 4") as caught:
        check_quickly(stored)
    assert "verify prod" in caught.value.hint
    assert differences(stored) == (Difference("dump", "of another size"),)
    stored.content.write_bytes(b"rows")
    with pytest.raises(SnapshotError, match="written to after"):
        check_quickly(stored)
    stored.content.unlink()
    with pytest.raises(SnapshotError, match="dump is missing"):
        check_quickly(stored)


def test_files_missing_and_unexpected(put: Put) -> None:
    stored = put("prod")
    stored.content.unlink()
    stored.content.mkdir()
    (stored.content / "extra").write_bytes(b"")
    assert differences(stored) == (Difference("dump", "missing"), Difference("dump/extra", "unexpected"))
