"""Labelled cases rehearsed as a user would, and everything that is said held against their measured truth.

One case for each word, because a rehearsal takes ten seconds; `REHEARSE_CASES_ALL=1` or `make cases` takes all.
"""

import os
from pathlib import Path

import pytest

from tests.cases.corpus import ENVIRONMENT, Case, find_cases, representatives
from tests.cases.rehearsed import Setting, rehearse_case
from tests.cases.score import Scored

_SETTING = Setting()
_FOUND = find_cases()
_CASES = _FOUND if os.environ.get("REHEARSE_CASES_ALL") else representatives(_FOUND, major=_SETTING.version)
# Other processes may starve the generator or the observer; the run then says so instead of judging.
_ATTEMPTS = 3

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.skipif(not _CASES, reason=f"no labelled cases here; name their folder in {ENVIRONMENT}"),
]


@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_a_case_is_found_to_be_what_it_is(case: Case, home: Path, tmp_path: Path) -> None:
    for attempt in range(_ATTEMPTS):
        found = rehearse_case(case, _SETTING, folder=tmp_path / str(attempt), home=home)
        if found.verdict != "inconclusive":
            break
    scored = Scored(case=case, truth=case.truth(major=_SETTING.version), found=found)
    assert scored.wrong == (), found.sentence
