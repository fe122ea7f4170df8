"""The digest changes with everything that changes the data, and with nothing else."""

from pathlib import Path

import pytest

from harness.model.errors import RestoreError
from harness.snapshot.digest import snapshot_digest
from harness.spec.scenario import PostgresSpec, SnapshotSpec


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.dump").write_bytes(b"PGDMP one")
    (tmp_path / "seed.sql").write_text("SELECT :rows;\n\\ir more.sql\n\\copy t from 'rows.csv' csv\n")
    (tmp_path / "more.sql").write_text("SELECT 2;\n\\ir more.sql\n")
    (tmp_path / "rows.csv").write_text("1\n")
    return tmp_path


SPEC = SnapshotSpec(source="a.dump", setup=("seed.sql",), variables={"rows": 1})


def digest(folder: Path, spec: SnapshotSpec = SPEC, *, identity: str = "e", extensions: tuple[str, ...] = ()) -> str:
    return snapshot_digest(spec, postgres=PostgresSpec(extensions=extensions), identity=identity, folder=folder)


def test_the_same_content_elsewhere_under_another_name_is_the_same(folder: Path) -> None:
    before = digest(folder)
    (folder / "a.dump").rename(folder / "b.dump")
    assert digest(folder, SnapshotSpec(source="b.dump", setup=("seed.sql",), variables={"rows": 1})) == before


def test_everything_that_decides_the_data_changes_it(folder: Path) -> None:
    seen = {
        digest(folder),
        digest(folder, identity="f"),
        digest(folder, extensions=("hstore",)),
        digest(folder, SnapshotSpec(source="a.dump", setup=("seed.sql",), variables={"rows": 2})),
        digest(folder, SnapshotSpec(source="a.dump", setup=("seed.sql", "seed.sql"), variables={"rows": 1})),
        digest(folder, SnapshotSpec(source="a.dump")),
        digest(folder, SnapshotSpec(setup=("seed.sql",), variables={"rows": 1})),
        digest(folder, SnapshotSpec()),
        digest(folder, SnapshotSpec(source="a.dump", setup=("seed.sql",), variables={"rows": 1}, scale=2)),
    }
    for name in ("a.dump", "seed.sql", "more.sql", "rows.csv"):
        (folder / name).write_bytes((folder / name).read_bytes() + b"-- changed\n")
        seen.add(digest(folder))
    assert len(seen) == 13


def test_variables_without_setup_files_change_nothing(folder: Path) -> None:
    one, two = (SnapshotSpec(source="a.dump", variables={"rows": n}) for n in (1, 2))
    assert digest(folder, one) == digest(folder, two)


def test_a_directory_dump_is_digested_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "toc.dat").write_bytes(b"PGDMP")
    (folder / "1.dat").write_bytes(b"x")
    spec = SnapshotSpec(source="dump")
    before = digest(tmp_path, spec)
    (folder / "1.dat").rename(folder / "2.dat")
    assert digest(tmp_path, spec) != before


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RestoreError, match=r"gone\.dump"):
        digest(tmp_path, SnapshotSpec(source="gone.dump"))
