"""Queries are chosen by the floor of their version."""

import pytest

from harness.postgres.connect import query


def test_the_newest_text_the_version_reaches_is_taken() -> None:
    assert "prattrs" not in query("image_publications", version_num=140009)
    assert "prattrs" in query("image_publications", version_num=150000)
    assert query("image_publications", version_num=180004) == query("image_publications", version_num=150000)
    assert query("image_columns", version_num=140000) == query("image_columns", version_num=180000)


def test_no_text_for_a_version_that_is_too_old() -> None:
    with pytest.raises(LookupError, match="130000"):
        query("image_publications", version_num=130000)
    with pytest.raises(LookupError, match="nothing_like_it"):
        query("nothing_like_it", version_num=180000)
