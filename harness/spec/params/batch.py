"""Draws many values at once, as they are sent: what an event loop wants to do while it has nothing else to do."""

from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

from harness.spec.params.draw import compile_parameter
from harness.spec.params.nodes import (
    Evaluated,
    Fixed,
    Inserted,
    Now,
    Parameter,
    RowValue,
    Sample,
    walk,
)
from harness.spec.params.sources import Sources

Batch: TypeAlias = Callable[[Random, int], list[bytes | None]]
"""Gives so many values; the same as drawing them one by one from that random source."""
_OF_THE_MOMENT: Final = (RowValue, Evaluated, Inserted, Now)
"""What depends on the operation's other parameters, on the clock or on what was inserted cannot be drawn ahead."""


def compile_batch(parameter: Parameter, *, sources: Sources) -> Batch | None:
    """How many values of `parameter` are drawn ahead; None where each must wait for its execution."""
    if any(isinstance(inner, _OF_THE_MOMENT) for inner in walk(parameter)):
        return None
    if isinstance(parameter, Fixed):
        fixed = parameter.value.encode()
        return lambda _, n: [fixed] * n
    if isinstance(parameter, Sample):
        return _sampled(tuple(value.encode() for value in sources.samples.columns[parameter.source]))
    draw = compile_parameter(parameter, sources=sources)

    def batch(random: Random, n: int) -> list[bytes | None]:
        drawn = [draw(random) for _ in range(n)]
        return [None if value is None else value.encode() for value in drawn]

    return batch


def _sampled(values: tuple[bytes, ...]) -> Batch:
    size = len(values)

    def batch(random: Random, n: int) -> list[bytes | None]:
        number = random.random
        return [values[int(number() * size)] for _ in range(n)]

    return batch
