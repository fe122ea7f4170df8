"""Small decisions about output: width, files that can be written."""

from pathlib import Path

import pytest

from harness.cli.output import DEFAULT_WIDTH, check_writable, width
from harness.model.errors import SpecError


@pytest.mark.parametrize(("columns", "wide"), [("72", 72), ("10", 40), ("", DEFAULT_WIDTH), ("many", DEFAULT_WIDTH)])
def test_width(monkeypatch: pytest.MonkeyPatch, columns: str, wide: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width() == wide


def test_finding_out_leaves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    there, new = tmp_path / "there.xml", tmp_path / "new.xml"
    there.write_text("kept", encoding="utf-8")
    check_writable(there, None, new)
    assert there.read_text(encoding="utf-8") == "kept"
    assert not new.exists()


@pytest.mark.parametrize("name", [".", "no/such.xml"])
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match="cannot be written"):
        check_writable(tmp_path / name)
