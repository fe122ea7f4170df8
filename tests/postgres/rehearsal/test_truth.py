"""What whole rehearsals report against what truly happened, on the embedded engine."""

from pathlib import Path

import pytest

from tests.postgres.rehearsal.rehearsals import Rehearsals
from tests.postgres.rehearsal.truth_cases import TruthCases


@pytest.fixture
def rehearsals(home: Path, tmp_path: Path) -> Rehearsals:
    """Rehearses on PostgreSQL 18, embedded."""
    return Rehearsals(home=home, folder=tmp_path)


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.alone
class TestEmbedded(TruthCases):
    """The cases on the embedded engine."""
