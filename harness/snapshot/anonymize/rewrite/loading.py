"""Loading the compiled loops, in a process that needs them: it takes as long as anonymizing some tens of megabytes."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.snapshot.anonymize.rewrite.large_blocks import LargeBlocks


def large_blocks() -> "type[LargeBlocks]":
    """The class `LargeBlocks`, with numba ready: a quarter of a second, once, and seconds where nothing is cached."""
    with _uncollected():
        from harness.snapshot.anonymize.kernels.fields import fields_of
        from harness.snapshot.anonymize.rewrite.large_blocks import LargeBlocks

        # The first loop makes numba read its own registries, which takes as long as importing it.
        fields_of(b"\n", width=1)
    return LargeBlocks


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection: numba makes half a million objects that stay, and a fifth of its time went there.

    Nor are they looked through later: the first collection would meet them all at once.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was:
            gc.enable()
