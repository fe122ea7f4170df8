"""Which app version and which operation an arrival is, by its own two draws."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

DRAWN: Final = -1
"""In place of an operation's index: the arrival names none, it is drawn."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """What choosing needs of an operation: its index, its weight, its app version ("" is every one)."""

    index: int
    weight: float
    version: str


class Chooser:
    """Chooses version and operation of an arrival by its draws, for one version mix.

    `mix` gives each version's share and is normalised to 1; an empty mix runs every operation by weight, as version 0.
    ValueError where a version of the mix has no operation to run.
    """

    def __init__(self, operations: Sequence[Weighted], *, versions: Sequence[str], mix: Mapping[str, float]) -> None:
        shares = {version: share for version, share in mix.items() if share > 0}
        if mix and not shares:
            raise ValueError("the version mix gives every version a share of 0; at least one must run")
        names = list(shares) or [""]
        self._version_edges = _edges([shares.get(name, 1.0) for name in names])
        self._versions = [list(versions).index(name) for name in names]
        running = [[o for o in operations if o.weight > 0 and (not mix or o.version in ("", name))] for name in names]
        for name, own in zip(names, running, strict=True):
            if not own:
                raise ValueError(f"no operation runs for app version {name!r}" if name else "no operation runs")
        self._operations = [[o.index for o in own] for own in running]
        self._operation_edges = [_edges([o.weight for o in own]) for own in running]

    def choose(self, version_draw: float, operation_draw: float, named: int = DRAWN) -> tuple[int, int]:
        """Index of the version and of the operation.

        That is the operation `named` by the arrival itself, where the drawn version has it.
        """
        drawn = bisect_right(self._version_edges, version_draw)
        if named != DRAWN and named in self._operations[drawn]:
            return self._versions[drawn], named
        return self._versions[drawn], self._operations[drawn][
            bisect_right(self._operation_edges[drawn], operation_draw)
        ]

    def choose_all(
        self,
        version_draws: npt.NDArray[np.float64],
        operation_draws: npt.NDArray[np.float64],
        named: npt.NDArray[np.int64] | None = None,
    ) -> tuple[list[int], list[int]]:
        """`choose` for many arrivals: their versions and their operations; `named` has an entry for each."""
        if named is None and [len(own) for own in self._operations] == [1]:
            return self._versions * len(version_draws), self._operations[0] * len(version_draws)
        drawn = np.searchsorted(self._version_edges, version_draws, side="right")
        operations = np.zeros(len(drawn), dtype=np.int64)
        for place, own in enumerate(self._operations):
            here = drawn == place
            picked = np.searchsorted(self._operation_edges[place], operation_draws[here], side="right")
            operations[here] = np.asarray(own)[picked]
            if named is not None:
                asked = here & np.isin(named, own)
                operations[asked] = named[asked]
        versions = np.asarray(self._versions)[drawn]
        return versions.tolist(), operations.tolist()


def _edges(weights: Sequence[float]) -> list[float]:
    """Upper edges of all shares but the last, so that no rounding leaves a draw without a place."""
    total = sum(weights)
    return [edge / total for edge in accumulate(weights[:-1])]
