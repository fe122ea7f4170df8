"""The leak check's loops over masked columns: originals as numbers, and rows that stayed as they were (`tokens.py`)."""

import numpy as np

from harness.snapshot.anonymize.kernels.columns import is_null
from harness.snapshot.anonymize.kernels.compiling import compiled
from harness.snapshot.anonymize.kernels.fields import Fields
from harness.snapshot.anonymize.kernels.pieces import SURELY_LONG, characters, mixed, numbered
from harness.snapshot.anonymize.kernels.words import (
    HIGH,
    LANE,
    ONE,
    TAILS,
    ZERO,
    Bytes,
    Places,
    Words,
    place_of,
    signs,
)
from harness.snapshot.anonymize.tokens import JOINER, LEAST_CHARACTERS, PHRASE, WORD

RECENT = 1 << 14
"""Numbers of a column that are not told again, so that what repeats is sorted once and not once a row: 128 kB."""


def originals_of(text: Fields, column: int, *, seed: np.uint64, recent: Words) -> tuple[Words, int]:
    """The numbers of whole fields, seldom one twice, and how many compounds the fullest has; `text` is blanked."""
    return _originals(text.data, text.eights, *text.column(column), seed, recent)


@compiled
def unchanged_rows(before: Words, after: Words, starts: Places, ends: Places) -> Places:
    """Rows whose field, long enough to be an original, is what it was."""
    rows = np.empty(len(starts), dtype=np.int64)
    count = 0
    for row in range(len(starts)):
        start, size = starts[row], ends[row] - starts[row]
        if size >= LEAST_CHARACTERS and not is_null(before, start, size) and _equal(before, after, start, size):
            rows[count] = row
            count += 1
    return rows[:count]


@compiled
def _equal(before: Words, after: Words, start: int, size: int) -> bool:
    for at in range(0, size, LANE):
        if (before[start + at] ^ after[start + at]) & TAILS[min(LANE, size - at)]:
            return False
    return True


@compiled
def _originals(
    data: Bytes, eights: Words, starts: Places, ends: Places, seed: np.uint64, recent: Words
) -> tuple[Words, int]:
    numbers = np.empty(len(starts), dtype=np.uint64)
    count, most = 0, 0
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        while start < end and not WORD[data[start]]:
            start += 1
        while end > start and not WORD[data[end - 1]]:
            end -= 1
        if start < end and most < PHRASE:
            most = max(most, _compounds(data, eights, start, end))
        if end - start < LEAST_CHARACTERS:
            continue
        state, seen = seed, ZERO
        for at in range(start, end, LANE):
            word = eights[at] & TAILS[min(LANE, end - at)]
            seen |= word
            state = mixed(state, word)
        if seen & HIGH and end - start < SURELY_LONG and characters(data, start, end) < LEAST_CHARACTERS:
            continue
        number = numbered(state, end - start)
        place = np.int64(number) & (RECENT - 1)
        if recent[place] != number:
            recent[place] = number
            numbers[count] = number
            count += 1
    return numbers[:count], most


@compiled
def _compounds(data: Bytes, eights: Words, start: int, end: int) -> int:
    """How many compounds the text has, from its first word to its last, counted up to PHRASE."""
    count = 1
    for begin in range(start, end, LANE):
        marks = signs(eights[begin] & TAILS[min(LANE, end - begin)] | ~TAILS[min(LANE, end - begin)])
        while marks:
            at = begin + place_of(marks & (~marks + ONE))
            marks &= marks - ONE
            # Nothing but one sign between two words joins them; more signs than one are counted at the first.
            if WORD[data[at - 1]] and not (JOINER[data[at]] and WORD[data[at + 1]]):
                count += 1
    return min(count, PHRASE)
