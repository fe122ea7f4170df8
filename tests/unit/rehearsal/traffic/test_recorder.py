"""Records on disk are those of harness.events.operations."""

from pathlib import Path

from harness.events.operations import NO_ACTOR, Outcome, decode_records
from harness.rehearsal.traffic.recorder import Recorder


def test_every_field_lands_in_its_place(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "operations-0.bin")
    recorder.add((1, 2, 3, 2**62, 65_535, 7, 2, Outcome.ERROR, 9, 1, b"42703"))
    recorder.add((5, 0, 0, 6, 1, NO_ACTOR, 0, Outcome.POOL_TIMEOUT, 0, 0, b"POOLT"))
    recorder.close()
    full, timed_out = decode_records((tmp_path / "operations-0.bin").read_bytes())
    assert full.tolist()[:11] == (1, 2, 3, 2**62, 65_535, 7, 2, 1, 9, 1, b"42703")
    assert timed_out.tolist()[:11] == (5, 0, 0, 6, 1, NO_ACTOR, 0, 2, 0, 0, b"POOLT")
    assert recorder.counts == [0, 1, 1, 0]


def test_blocks_are_written_as_they_fill_and_the_rest_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "operations-0.bin"
    recorder = Recorder(path)
    for due in range(10_000):
        recorder.add((due, 0, 0, due, 0, 0, 0, Outcome.OK, 0, 1, b""))
    assert path.stat().st_size == 8192 * 48
    recorder.flush()
    assert path.stat().st_size == 10_000 * 48
    recorder.close()
    assert decode_records(path.read_bytes())["due_ns"].tolist() == list(range(10_000))
