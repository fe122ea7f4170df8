"""Choosing for many arrivals at once is choosing for each."""

import numpy as np
import pytest

from harness.spec.schedule import DRAWN, Chooser, Weighted

OPERATIONS = [Weighted(0, 1.0, "old"), Weighted(1, 2.5, ""), Weighted(2, 0.0, ""), Weighted(3, 1.5, "new")]


@pytest.mark.parametrize("mix", [{}, {"old": 1.0}, {"old": 0.3, "new": 0.7}])
@pytest.mark.parametrize("named", [False, True])
def test_at_once_as_one_by_one(mix: dict[str, float], named: bool) -> None:
    chooser = Chooser(OPERATIONS, versions=("", "old", "new"), mix=mix)
    random = np.random.default_rng(4)
    versions, operations = random.random(500), random.random(500)
    asked = random.choice(np.array([DRAWN, 0, 1, 2, 3]), 500) if named else None
    one_by_one = [
        chooser.choose(float(versions[i]), float(operations[i]), DRAWN if asked is None else int(asked[i]))
        for i in range(500)
    ]
    assert list(zip(*chooser.choose_all(versions, operations, asked), strict=True)) == one_by_one
