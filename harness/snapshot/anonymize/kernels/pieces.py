"""The leak check's loops: pieces of text that may be originals, and the numbers of pieces (`tokens.py`)."""

from typing import NamedTuple

import numpy as np

from harness.snapshot.anonymize.kernels.compiling import compiled, part_of_loop
from harness.snapshot.anonymize.kernels.fields import Fields
from harness.snapshot.anonymize.kernels.words import (
    BACKSLASHES,
    HIGH,
    LANE,
    LOW_6,
    ONE,
    SEVEN,
    SIX,
    TAILS,
    ZERO,
    Bytes,
    Places,
    Words,
    has_byte,
    place_of,
    signs,
)
from harness.snapshot.anonymize.tokens import JOINER, LEAST_CHARACTERS, M1, M2, S29, S33

SURELY_LONG = 4 * LEAST_CHARACTERS
"""So many bytes are LEAST_CHARACTERS in any case: a character of UTF-8 has four at the most."""

_BACKSLASH, _BLANK = ord("\\"), ord(" ")
_FOLLOWING, _FOLLOWS = 0xC0, 0x80
_SUSPECTS = 4096
# Rows of what is known of a field while it is looked at; most fields have fewer words.
_WORD_BEGINS, _WORD_ENDS, _COMPOUND_OF, _BEGINS, _ENDS = range(5)
_LINE = 256
_MORE = np.uint64(0x7F7F7F7F7F7F7F7F)
# The product with one bit in each byte, the lowest, has them side by side in its highest byte, the first one lowest.
_GATHERED = np.uint64(0x0102040810204080)
_HIGHEST = np.uint64(0xFF << 56)
_TWO, _FOUR, _B8 = np.uint64(2), np.uint64(4), np.uint64(8)


class Filter(NamedTuple):
    """`bits` has three bits set, in one word, for every original; the highest bits of its number say which word."""

    bits: Words
    shift: np.uint64


class Text(NamedTuple):
    """A column: the bytes of the block as they are, also eight at once, those as they were, and the fields' bounds.

    Where nothing was `changed`, `before` are the same bytes.
    """

    data: Bytes
    eights: Words
    before: Words
    changed: bool
    starts: Places
    ends: Places


class Suspects(NamedTuple):
    """Pieces that the filter lets through: the row, first byte and end in the block, and the number."""

    rows: Places
    starts: Places
    ends: Places
    numbers: Words


def blanked(fields: Fields) -> Fields:
    r"""The fields with blanks for escapes: in COPY's text `\n` before a word is no letter of it."""
    other = fields.copied()
    return other if _blank(other.data, other.eights) else fields


def suspects_of(
    text: Fields, before: Fields, column: int, filter_: Filter, *, seed: np.uint64, phrase: int
) -> Suspects:
    """The pieces of a column that may be originals, and stood in the same field of `before`, which may be `text`.

    Both are blanked, and the column has the same bounds in both.
    """
    given = Text(text.data, text.eights, before.eights, text is not before, *text.column(column))
    room = _SUSPECTS
    while True:
        rows, starts, ends = np.empty((3, room), dtype=np.int64)
        out = Suspects(rows, starts, ends, np.empty(room, dtype=np.uint64))
        count = _suspects(given, filter_, seed, phrase, out)
        if count <= room:
            return Suspects(rows[:count], starts[:count], ends[:count], out.numbers[:count])
        room = count


@compiled
def _blank(data: Bytes, eights: Words) -> bool:
    """Whether there was any."""
    at, any_ = 0, False
    while at < len(eights):
        if not has_byte(eights[at], BACKSLASHES):
            at += LANE
            continue
        while data[at] != _BACKSLASH:
            at += 1
        data[at], data[at + 1] = _BLANK, _BLANK
        any_ = True
        at += 2
    return any_


@part_of_loop
def mixed(state: np.uint64, word: np.uint64) -> np.uint64:
    """The state of a piece's number (`tokens.number_of`) after eight more bytes, zeros behind the last."""
    mixed = (state ^ word) * M1
    mixed ^= mixed >> S33
    return mixed * M2 ^ mixed >> S29


@part_of_loop
def numbered(state: np.uint64, size: int) -> np.uint64:
    """The number of a piece of `size` bytes."""
    state = (state ^ np.uint64(size)) * M1
    return state ^ state >> S33


@compiled
def characters(data: Bytes, start: int, end: int) -> int:
    """How many characters of UTF-8 there are."""
    count = 0
    for at in range(start, end):
        count += data[at] & _FOLLOWING != _FOLLOWS
    return count


@compiled
def _suspects(text: Text, filter_: Filter, seed: np.uint64, phrase: int, out: Suspects) -> int:
    """Fills `out` as far as there is room, and tells how many there are."""
    line = np.empty((5, _LINE), dtype=np.int64)
    count = 0
    for row in range(len(text.starts)):
        start, end = text.starts[row], text.ends[row]
        if end - start < LEAST_CHARACTERS or (text.changed and not _is_some_left(text, start, end)):
            continue
        if end - start >= 2 * line.shape[1] - 2:
            line = np.empty((5, end - start), dtype=np.int64)
        words, compounds = _divided(text.data, text.eights, start, end, line)
        # After the last compound stands the whole field.
        line[_BEGINS, compounds], line[_ENDS, compounds] = line[_BEGINS, 0], line[_ENDS, compounds - 1]
        # A compound of one word is looked for as a compound.
        for number in range(0 if words > compounds else words, words + compounds + (compounds > phrase)):
            if number < words:
                begin, ends = line[_WORD_BEGINS, number], line[_WORD_ENDS, number : number + 1]
                compound = line[_COMPOUND_OF, number]
                if begin == line[_BEGINS, compound] and ends[0] == line[_ENDS, compound]:
                    continue
            else:
                first = number - words
                begin, ends = line[_BEGINS, first], line[_ENDS, first : max(first + 1, min(first + phrase, compounds))]
            if ends[-1] - begin >= LEAST_CHARACTERS:
                count = _look(text, row, begin, ends, filter_, seed, out, count)
    return count


@compiled
def _is_some_left(text: Text, start: int, end: int) -> bool:
    """Whether six bytes in a row are what they were: LEAST_CHARACTERS have no fewer."""
    run = ZERO  # a bit for each byte so far that is what it was, the latest highest
    for at in range(start, end, LANE):
        other = (text.eights[at] ^ text.before[at]) | ~TAILS[min(LANE, end - at)]
        same = ~(((other & _MORE) + _MORE) | other) & HIGH
        run = run >> _B8 | (same >> SEVEN) * _GATHERED & _HIGHEST
        pairs = run & run << ONE
        if pairs & pairs << _TWO & pairs << _FOUR:
            return True
    return False


@compiled
def _divided(data: Bytes, eights: Words, start: int, end: int, line: Places) -> tuple[int, int]:
    """How many words and compounds a field has, where they begin and end, and which words make which compound."""
    words, compounds, begin, after = 0, 0, start, -1
    for lane in range(start, end + 1, LANE):
        # What stands behind the end ends the last word.
        marks = signs(eights[lane] & TAILS[min(LANE, end - lane)])
        while marks != ZERO:
            at = lane + place_of(marks & (~marks + ONE))
            marks &= marks - ONE
            if at > begin:
                if begin - after != 1 or not JOINER[data[after]]:
                    line[_BEGINS, compounds] = begin
                    compounds += 1
                line[_WORD_BEGINS, words], line[_WORD_ENDS, words] = begin, at
                line[_COMPOUND_OF, words], line[_ENDS, compounds - 1] = compounds - 1, at
                words += 1
                after = at
            begin = at + 1
    return words, compounds


@part_of_loop
def _look(
    text: Text, row: int, start: int, ends: Places, filter_: Filter, seed: np.uint64, out: Suspects, count: int
) -> int:
    """Keep the pieces from `start` to each of `ends`, in order, that may be originals; how many there are then."""
    state, at, seen = seed, start, ZERO
    for end in ends:
        # What a longer piece shares with a shorter one is mixed in once.
        while at + LANE <= end:
            word = text.eights[at]
            # Elsewhere in the field it was made by chance, and so is each longer piece.
            if word != text.before[at]:
                return count
            seen |= word
            state = mixed(state, word)
            at += LANE
        tail = TAILS[end - at]
        word = text.eights[at] & tail
        if word != text.before[at] & tail:
            return count
        size = end - start
        if size < LEAST_CHARACTERS:
            continue
        number = numbered(mixed(state, word) if at < end else state, size)
        if not _is_likely(filter_, number):
            continue
        if (seen | word) & HIGH and size < SURELY_LONG and characters(text.data, start, end) < LEAST_CHARACTERS:
            continue
        if count < len(out.rows):
            out.rows[count], out.starts[count], out.ends[count], out.numbers[count] = row, start, end, number
        count += 1
    return count


@part_of_loop
def _is_likely(filter_: Filter, number: np.uint64) -> bool:
    word = filter_.bits[np.int64(number >> filter_.shift)]
    all_three = word >> (number & LOW_6) & word >> (number >> SIX & LOW_6) & word >> (number >> SIX >> SIX & LOW_6)
    return bool(all_three & ONE)
