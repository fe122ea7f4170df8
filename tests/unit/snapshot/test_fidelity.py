"""What is marked as changed, and what notes say of production's sizes: pure functions over exported numbers."""

from pathlib import Path

import msgspec
import pytest

from harness.model.errors import SnapshotError
from harness.snapshot.fidelity import NOT_KEPT, changed_tables, compare_statistics, fidelity_text
from harness.snapshot.production import counted, size_notes
from harness.snapshot.statistics import (
    SCHEMA_VERSION,
    ColumnNumbers,
    IndexNumbers,
    ProductionStatistics,
    TableNumbers,
    read_statistics,
    statistics_json,
)

COLUMN = ColumnNumbers(name="c", null_frac=0.1, avg_width=20, n_distinct=100, frequencies=(0.3, 0.2), correlation=0.5)


def table(name: str = "t", *, rows: float = 1_000_000, **fields: object) -> TableNumbers:
    made = TableNumbers(
        schema="s", name=name, partitioned=False, partition_of="", rows=rows, pages=1000, all_visible_pages=0,
        heap_bytes=8_192_000, toast_bytes=0, index_bytes=0, sequential_scans=1, index_scans=2, inserted=3, updated=4,
        hot_updated=0, deleted=5, live=0, dead=0, columns=(COLUMN,),
        indexes=(IndexNumbers(name="i", unique=True, bytes=819_200, pages=100, scans=0),),
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)


def database(*tables: TableNumbers) -> ProductionStatistics:
    return ProductionStatistics(
        schema_version=SCHEMA_VERSION, server_version_num=180004, exported_at="", window_s=None, database_bytes=0,
        settings={}, tables=tables,
    )  # fmt: skip


def marked(**changed: object) -> set[str]:
    columns = (msgspec.structs.replace(COLUMN, **changed),)
    report = compare_statistics(database(table()), database(table(columns=columns)))
    return {one.figure for one in report.changed}


@pytest.mark.parametrize(
    ("figure", "within", "beyond"),
    [
        ("null_frac", 0.105, 0.12),
        ("avg_width", 21, 22),
        ("n_distinct", 119.0, 130.0),
        ("n_distinct", 81.0, -0.5),
        ("correlation", 0.41, 0.39),
    ],
)
def test_a_column_is_marked_beyond_what_samples_differ_by(figure: str, within: float, beyond: float) -> None:
    assert marked(**{figure: within}) == set()
    assert marked(**{figure: beyond}) == {figure}


def test_frequencies_are_compared_by_rank() -> None:
    assert marked(frequencies=(0.305, 0.195)) == set()
    assert marked(frequencies=(0.3, 0.1)) == {"frequency"}
    assert marked(frequencies=()) == {"frequency"}
    assert marked(frequencies=(0.3, 0.2, 0.0001)) == set()


def test_a_small_table_is_read_whole_and_must_agree() -> None:
    columns = (msgspec.structs.replace(COLUMN, null_frac=0.105),)
    report = compare_statistics(database(table(rows=1000)), database(table(rows=1000, columns=columns)))
    assert [one.figure for one in report.changed] == ["null_frac"]


def test_sizes_and_what_is_on_one_side_only() -> None:
    grown = table(
        pages=1021, heap_bytes=8_400_000, indexes=(msgspec.structs.replace(table().indexes[0], bytes=900_000),)
    )
    report = compare_statistics(database(table(), table("old")), database(grown, table("new")))
    assert {(one.part, one.figure) for one in report.changed} == {("", "pages"), ("", "heap_bytes"), ("i", "bytes")}
    assert (report.only_before, report.only_after, changed_tables(report)) == (("s.old",), ("s.new",), ["s.t"])
    text = fidelity_text(report)
    assert text.startswith("3 of ")
    assert "Only before: s.old" in text
    assert all(line in text for line in NOT_KEPT)


def test_notes_count_partitions_with_their_parents() -> None:
    parent = table("p", partitioned=True, rows=-1, heap_bytes=0)
    theirs = database(parent, *(table(f"p{i}", partition_of="s.p", rows=500_000) for i in range(2)), table("x"))
    ours = database(parent, table("p0", partition_of="s.p", rows=10_000, heap_bytes=81_920))
    size, missing = size_notes(theirs, ours)
    assert size.startswith("s.p has 1,000,000 rows (15.6 MB) in production, 10,000 (80.0 kB) here: scans and ")
    assert size.endswith("are about 100 times as long there")
    assert missing == "production has tables that are not here: s.x"
    assert counted(theirs)["s.p"] == (3, 6, 9, 12, 15)


def test_notes_name_the_largest_and_count_the_rest() -> None:
    theirs = database(*(table(f"t{i}", heap_bytes=1000 * i) for i in range(8)))
    ours = database(*(table(f"t{i}", rows=0 if i == 7 else 2_000_000, heap_bytes=0) for i in range(8)))
    notes = size_notes(theirs, ours)
    assert "was not rehearsed" in notes[0]
    assert notes[1].startswith("s.t6 ")
    assert notes[1].endswith("scans and rewrites are shorter there")
    assert notes[5] == "3 other tables are of another size than production's too"
    assert size_notes(theirs, theirs) == ()


def test_the_file_comes_back_and_others_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "prod.json"
    made = database(table())
    file.write_bytes(statistics_json(made))
    assert read_statistics(file) == made
    for content, message in (
        (b'{"schema_version": 99}', "is of version 99"),
        (b"{}", "no statistics of a database"),
        (b"\xff", "no statistics of a database"),
        (statistics_json(made).replace(b'"rows"', b'"raws"'), "no statistics of a database"),
    ):
        file.write_bytes(content)
        with pytest.raises(SnapshotError, match=message) as caught:
            read_statistics(file)
        assert "snapshot stats" in caught.value.hint
    with pytest.raises(SnapshotError, match="cannot be read"):
        read_statistics(tmp_path / "none.json")
