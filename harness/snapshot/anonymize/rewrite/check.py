"""The leak check over one run: originals collected, the schema's texts looked through, the findings judged."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from harness.snapshot.anonymize.leaks import Originals, judge_leaks, refuse_leaks
from harness.snapshot.anonymize.rewrite.blocks import Collected, merge_unchanged
from harness.snapshot.anonymize.spill import FILE, Spill
from harness.snapshot.anonymize.tokens import Hashes


class Check:
    """Made with the names of all masked columns by number; keeps its files in `folder`."""

    def __init__(self, folder: Path, *, masked: list[str], allowed: Mapping[str, list[str]], key: bytes) -> None:
        self._folder = folder
        self._masked = masked
        self._allowed = allowed
        self._key = key
        self._spill = Spill(folder)
        self._originals: Originals | None = None

    @property
    def phrase(self) -> int:
        """The longest phrase to look for."""
        return self._spill.phrase

    @property
    def distinct(self) -> int:
        """How many originals there are, each counted once a column."""
        return len(self._originals) if self._originals else 0

    def add(self, collected: Collected) -> None:
        """Originals of one block."""
        for number, (hashes, phrase) in collected.originals.items():
            self._spill.add(number, hashes, phrase=phrase)

    def collected(self) -> None:
        """All originals are there, and sorted (`work.sort_originals`)."""
        self._originals = Originals(self._folder / FILE, key=self._key, phrase=self._spill.phrase)

    def refuse_in_schema(self, texts: Iterable[tuple[str, list[bytes]]]) -> None:
        """SnapshotError where originals stand in the literals of the schema, each list with its place."""
        assert self._originals is not None  # noqa: S101 - they are collected first
        found: Counter[tuple[str, str]] = Counter()
        for place, literals in texts:
            for number, count in self._originals.in_fields(literals).items():
                found[place, self._masked[number]] += count
        refuse_leaks(judge_leaks(found, {}, {}, allowed=self._allowed))

    def refuse_in_rows(
        self, found: Iterable[tuple[str, int, int]], unchanged: Iterable[Mapping[int, Iterable[int]]]
    ) -> None:
        """SnapshotError where originals were found (place, masked column's number, count) or too many are unchanged."""
        counts: Counter[tuple[str, str]] = Counter()
        for place, number, count in found:
            counts[place, self._masked[number]] += count
        same: dict[int, Hashes] = {}
        for one in unchanged:
            merge_unchanged(same, {number: np.array(list(hashes), dtype=np.uint64) for number, hashes in one.items()})
        unchanged_by_name = {self._masked[number]: len(hashes) for number, hashes in same.items()}
        assert self._originals is not None  # noqa: S101 - they are collected first
        distinct = {self._masked[number]: count for number, count in self._originals.distinct.items()}
        refuse_leaks(judge_leaks(counts, unchanged_by_name, distinct, allowed=self._allowed))
