"""A series of cases, several at a time; each result is kept as soon as it is there."""

import multiprocessing
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from tests.cases.corpus import Case
from tests.cases.rehearsed import Found, Setting, rehearse_case
from tests.cases.score import Scored


def rehearse_series(cases: Sequence[Case], setting: Setting, *, folder: Path, jobs: int) -> Iterator[Scored]:
    """Each case as it is done; those that were rehearsed by this program before come at once."""
    kept = folder / setting.name
    kept.mkdir(parents=True, exist_ok=True)
    with _home() as home, ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        # A home each: while one process looks for what a killed run left, another's server may be starting.
        running = {pool.submit(_one, case, setting, kept, home): case for case in cases}
        for done in as_completed(running):
            case = running[done]
            yield Scored(case=case, truth=case.truth(major=setting.version), found=done.result())


def _one(case: Case, setting: Setting, folder: Path, home: Path) -> Found:
    mine = home / case.name
    mine.mkdir(mode=0o711)
    try:
        return rehearse_case(case, setting, folder=folder, home=mine)
    finally:
        shutil.rmtree(mine, ignore_errors=True)


@contextmanager
def _home() -> Iterator[Path]:
    """A folder that a server's unprivileged account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="rehearse-cases-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
