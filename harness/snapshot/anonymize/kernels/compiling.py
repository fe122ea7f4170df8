"""How the loops are compiled: once for each machine, kept on disk beside the program, or else in the user's cache."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """The same function as machine code, made at its first call.

    It takes numbers, arrays and named tuples of these. Unsigned numbers wrap around, and nothing looks at bounds: the
    loops are given arrays with EIGHTS spare bytes behind the text, and places that `split` has proven.
    """
    try:
        return cast("Function", numba.njit(cache=True, error_model="numpy")(function))
    except RuntimeError:  # no folder can be written to: then it is compiled anew in each process
        return cast("Function", numba.njit(error_model="numpy")(function))


def part_of_loop(function: Function) -> Function:
    """The same function, to be called from compiled ones: it becomes a part of each, and is not compiled by itself."""
    return cast("Function", numba.njit(inline="always", error_model="numpy")(function))
