"""What a scenario's source names."""

from pathlib import Path

import pytest

from harness.model.errors import SnapshotError, SpecError
from harness.snapshot.store.resolve import find_source, use_source
from harness.snapshot.store.shelf import Stored
from harness.spec.load import LoadedScenario, load_scenario
from tests.unit.snapshot.store.conftest import Put


def scenario(folder: Path, source: str) -> LoadedScenario:
    folder.mkdir(exist_ok=True)
    (folder / "up.sql").write_text("SELECT 1;")
    (folder / "scenario.toml").write_text(f'[snapshot]\nsource = "{source}"\n[migration]\nup = "up.sql"\n')
    return load_scenario(folder)


def test_a_stored_snapshot_by_name_and_a_file_of_that_name_first(home: Path, put: Put, tmp_path: Path) -> None:
    stored = put("prod")
    loaded = scenario(tmp_path / "s", "prod")
    found = find_source(loaded, home=home)
    assert isinstance(found, Stored)
    assert found.content == stored.content
    (tmp_path / "s" / "prod").write_text("SELECT 1;")
    assert find_source(loaded, home=home) == tmp_path / "s" / "prod"


def test_neither_file_nor_snapshot(home: Path, put: Put, tmp_path: Path) -> None:
    put("production")
    with pytest.raises(SnapshotError, match="did you mean 'production'"):
        find_source(scenario(tmp_path / "s", "producton"), home=home)
    (tmp_path / "s" / "shop").write_text("")
    with pytest.raises(SnapshotError, match="did you mean 'shop'"):
        find_source(scenario(tmp_path / "s", "shpo"), home=home)
    with pytest.raises(SpecError, match="does not exist"):
        scenario(tmp_path / "s", "prod.dump")


def test_a_snapshot_that_was_written_to_is_not_used(home: Path, put: Put, tmp_path: Path) -> None:
    put("prod").content.write_bytes(b"other rows")
    with pytest.raises(SnapshotError, match="not what was stored"):
        use_source(scenario(tmp_path / "s", "prod"), home=home)


def test_an_empty_database_has_no_source(home: Path, tmp_path: Path) -> None:
    assert use_source(scenario(tmp_path / "s", ""), home=home) is None
