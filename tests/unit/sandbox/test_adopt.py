"""Which database of a foreign cluster is worked on, and which cluster can be."""

from pathlib import Path

import pytest

from harness.model.errors import SnapshotError
from harness.sandbox.adopt import check_version, choose_database


@pytest.mark.parametrize(
    ("names", "wanted", "chosen"),
    [
        (["postgres", "shop"], "", "shop"),
        (["postgres"], "", "postgres"),
        (["postgres", "shop", "crm"], "crm", "crm"),
    ],
)
def test_the_only_database_or_the_one_asked_for(names: list[str], wanted: str, chosen: str) -> None:
    assert choose_database(names, wanted=wanted) == chosen


@pytest.mark.parametrize(("wanted", "message"), [("", "several databases: crm, shop"), ("shpo", "no database 'shpo'")])
def test_a_choice_that_is_not_clear_names_what_there_is(wanted: str, message: str) -> None:
    with pytest.raises(SnapshotError, match=message) as caught:
        choose_database(["shop", "postgres", "crm"], wanted=wanted)
    assert "--database" in caught.value.hint


def test_another_major_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("16\n")
    check_version(tmp_path, major=16)
    with pytest.raises(SnapshotError, match=r"PostgreSQL 16, the scenario's is 18") as caught:
        check_version(tmp_path, major=18)
    assert 'version = "16"' in caught.value.hint
