"""The leak check's loops: originals of a column as numbers, and pieces of text that may be originals (`tokens.py`)."""

from typing import NamedTuple

import numpy as np

from harness.snapshot.anonymize.kernels.columns import is_null
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
from harness.snapshot.anonymize.tokens import (
    JOINER,
    LEAST_CHARACTERS,
    M1,
    M2,
    PHRASE,
    S29,
    S33,
    WORD,
)

RECENT = 1 << 12
"""Numbers of a column that are not told again, so that what repeats is sorted once and not once a row: 32 kB."""

_BACKSLASH, _BLANK = ord("\\"), ord(" ")
_FOLLOWING, _FOLLOWS = 0xC0, 0x80
_SUSPECTS = 4096
# Of UTF-8, each character has four bytes at the most.
_SURELY_LONG = 4 * LEAST_CHARACTERS
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


def originals_of(text: Fields, column: int, *, seed: np.uint64, recent: Words) -> tuple[Words, int]:
    """The numbers of whole fields, seldom one twice, and how many compounds the fullest has; `text` is blanked."""
    return _originals(text.data, text.eights, *text.column(column), seed, recent)


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


@compiled
def number_of(eights: Words, start: int, end: int, seed: np.uint64) -> np.uint64:
    """The number of a piece, as `tokens` defines it."""
    state = seed
    for at in range(start, end, LANE):
        state = _mixed(state, eights[at] & TAILS[min(LANE, end - at)])
    return _numbered(state, end - start)


@part_of_loop
def _mixed(state: np.uint64, word: np.uint64) -> np.uint64:
    mixed = (state ^ word) * M1
    mixed ^= mixed >> S33
    return mixed * M2 ^ mixed >> S29


@part_of_loop
def _numbered(state: np.uint64, size: int) -> np.uint64:
    state = (state ^ np.uint64(size)) * M1
    return state ^ state >> S33


@compiled
def _characters(data: Bytes, start: int, end: int) -> int:
    """How many characters of UTF-8."""
    count = 0
    for at in range(start, end):
        count += data[at] & _FOLLOWING != _FOLLOWS
    return count


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
            state = _mixed(state, word)
        if seen & HIGH and end - start < _SURELY_LONG and _characters(data, start, end) < LEAST_CHARACTERS:
            continue
        number = _numbered(state, end - start)
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
            state = _mixed(state, word)
            at += LANE
        tail = TAILS[end - at]
        word = text.eights[at] & tail
        if word != text.before[at] & tail:
            return count
        size = end - start
        if size < LEAST_CHARACTERS:
            continue
        number = _numbered(_mixed(state, word) if at < end else state, size)
        if not _is_likely(filter_, number):
            continue
        if (seen | word) & HIGH and size < _SURELY_LONG and _characters(text.data, start, end) < LEAST_CHARACTERS:
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
