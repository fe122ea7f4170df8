"""What `[snapshot] source` of a scenario names: a file or folder beside it, else a stored snapshot."""

from pathlib import Path

from harness.model.errors import SnapshotError
from harness.snapshot.store.check import check_quickly
from harness.snapshot.store.shelf import Shelf, Stored, unknown
from harness.spec.decode import nearest
from harness.spec.load import LoadedScenario


def find_source(loaded: LoadedScenario, *, home: Path) -> Path | Stored | None:
    """The dump's path, or the stored snapshot; None for an empty database. A file of that name wins.

    SnapshotError where there is neither, with the nearest of both.
    """
    name = loaded.scenario.snapshot.source
    if not name:
        return None
    path = loaded.resolve(name)
    if path.exists():
        return path
    shelf = Shelf(home)
    if name not in (names := shelf.names()):
        raise _nothing_of_that_name(name, names, folder=loaded.folder)
    return shelf.get(name)


def use_source(loaded: LoadedScenario, *, home: Path) -> Path | Stored | None:
    """As `find_source`; a stored snapshot is checked quickly, and kept from removal until this process ends."""
    found = find_source(loaded, home=home)
    if not isinstance(found, Stored):
        return found
    stored = Shelf(home).use(found.name)
    check_quickly(stored)
    return stored


def _nothing_of_that_name(name: str, names: list[str], *, folder: Path) -> SnapshotError:
    beside = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    near = "" if nearest(name, names) else nearest(name, beside)
    return unknown(name, names, also=f", and no file of that name beside the scenario{near}")
