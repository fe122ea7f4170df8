"""A folder with the files that scenarios of these tests name."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a scenario may be written."""
    place = tmp_path / "0042-status"
    place.mkdir()
    for name in ("up.sql", "down.sql", "seed.sql", "checkout.sql"):
        (place / name).write_text("SELECT 1;\n")
    (place / "shop.dump").write_bytes(b"PGDMP")
    (place / "trace.csv").write_text("seconds,operation\n0.5,view\n2.0,view\n")
    return place
