"""What a scenario's source names."""

from pathlib import Path

import pytest

from harness.model.errors import SnapshotError, SpecError
from harness.postgres.ports import Progress, Server
from harness.snapshot.intake import Taken, describe_content
from harness.snapshot.prepare import prepare_snapshot
from harness.snapshot.store.entry import DATA_DIRECTORY, Source
from harness.snapshot.store.resolve import find_source, use_source
from harness.snapshot.store.shelf import Shelf, Stored
from harness.spec.load import LoadedScenario, load_scenario
from tests.unit.snapshot.store.conftest import BIG, Put


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


class WithoutFiles:
    """An engine that restores dumps only."""

    name = "external"
    reason = identity = "a fake"

    def has(self, digest: str) -> bool:
        assert digest
        return False

    def provision(self) -> Server:
        raise AssertionError("nothing is to be provisioned")

    def clone(self, digest: str, *, on_progress: Progress | None = None) -> Server:
        raise AssertionError(digest, on_progress)

    def freeze(self, server: Server, digest: str) -> None:
        raise AssertionError(server, digest)

    def forget(self, digest: str) -> None:
        raise AssertionError(digest)

    def collect(self) -> list[str]:
        return []


def test_an_engine_that_cannot_start_from_files_says_which_can(home: Path, tmp_path: Path) -> None:
    shelf = Shelf(home)
    taken = Taken(kind=DATA_DIRECTORY, content="data", source=Source(kind="data directory", server_version="18"))
    with shelf.making("files") as partial:
        (partial / "data").mkdir()
        (partial / "data" / "PG_VERSION").write_text("18\n")
        shelf.publish(partial, describe_content(partial, "files", taken, limit_bytes=BIG))
    with pytest.raises(SnapshotError, match="data directory, which the external engine cannot start from") as caught:
        prepare_snapshot(WithoutFiles(), scenario(tmp_path / "s", "files"), home=home)
    assert 'engine = "embedded"' in caught.value.hint
