"""Names of the files of a run directory."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """One run directory; the journal is `info`, `events` and `operations`, the rest is made from them."""

    path: Path

    @property
    def info(self) -> Path:
        """run.json: how to repeat the run."""
        return self.path / "run.json"

    @property
    def events(self) -> Path:
        """events.ndjson: a header line, then one event a line."""
        return self.path / "events.ndjson"

    @property
    def operations(self) -> Path:
        """operations.bin: one fixed-width record per operation."""
        return self.path / "operations.bin"

    def operations_part(self, process: int) -> Path:
        """The records of one generator process while it runs; joined into `operations` afterwards."""
        return self.path / f"operations-{process}.bin"
