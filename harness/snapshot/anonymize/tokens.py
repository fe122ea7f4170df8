"""What the leak check compares: pieces of text at word boundaries, as keyed 64-bit numbers, whole blocks at once.

A *word* is a run of letters, digits and bytes above 127. Words with one sign of a mail address, a telephone or account
number between them make a *compound* ("anna.ito@example.org"). A piece is a word, a compound, up to PHRASE compounds
in a row with whatever stands between them, or a whole field from its first word to its last. Quotes, commas, colons
and brackets only separate, so that leaves of JSON and elements of arrays are pieces too.
"""

import hashlib
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_CHARACTERS = 6
"""Shorter values are ordinary words and codes, found everywhere by chance (issue 5 sets the limit)."""

PHRASE = 4
"""The longest phrase looked for inside other text, in compounds: names and streets with a number have two to four."""

# The last so many of the longest pieces are finished one by one: a step of columns costs as much as so many.
_FEW = 40
_MASK = (1 << 64) - 1
_PAD = bytes(8)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
WORD = np.zeros(256, dtype=bool)
WORD[[*range(48, 58), *range(65, 91), *range(97, 123), *range(128, 256)]] = True
JOINER = np.zeros(256, dtype=bool)
JOINER[list(b".@+-_%#~$*&'")] = True
_NEWLINE = 10
# Odd 64-bit constants of MurmurHash3's finaliser (Appleby), which mixes every bit of its input into every bit.
M1, M2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
S33, S29 = np.uint64(33), np.uint64(29)

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of `data` (fields, a line each): where each begins and ends, and the number of its line.

    `most_compounds` is how many the fullest line has, at most PHRASE.
    """

    data: bytes
    starts: Places
    ends: Places
    lines: Places
    most_compounds: int = 0

    def hashes(self, key: bytes) -> Hashes:
        """A number for each piece; equal bytes have equal numbers under one key."""
        return _hash(self.data, self.starts, self.ends, key=key)

    def piece(self, at: int) -> bytes:
        """The bytes of one piece."""
        return self.data[self.starts[at] : self.ends[at]]


def whole_fields(fields: list[bytes]) -> Pieces:
    """Each field from its first word to its last, where it is long enough to be looked for."""
    data = _text_of(fields)
    words = _words(data)
    if not len(words[0]):
        return _pieces(data, words[0], words[1], words[0], 0)
    lines = _lines_of(data, words[0])
    first = np.flatnonzero(np.diff(lines, prepend=-1))
    last = np.append(first[1:], len(lines)) - 1
    begins = np.append(True, ~_joined(data, *words))
    most = min(int(np.bincount(lines[begins]).max()), PHRASE)
    return _pieces(data, words[0][first], words[1][last], lines[first], most)


def pieces_of(fields: list[bytes], *, phrase: int) -> Pieces:
    """Every piece of the fields, phrases up to `phrase` compounds, and the whole fields longer than that."""
    data = _text_of(fields)
    starts, ends = _words(data)
    if not len(starts):
        return _pieces(data, starts, ends, starts, 0)
    first, last = _compounds(data, starts, ends)
    of_words = _lines_of(data, starts)
    # A compound is of one line: a newline joins no words.
    of_first = of_words[np.append(True, ~_joined(data, starts, ends))]
    found = [(starts, ends, of_words), (first, last, of_first)]
    for more in range(1, phrase):
        same = of_first[:-more] == of_first[more:]
        found.append((first[:-more][same], last[more:][same], of_first[:-more][same]))
    begins = np.flatnonzero(np.diff(of_first, prepend=-1))
    finishes = np.append(begins[1:], len(of_first)) - 1
    longer = finishes - begins >= max(phrase, 1)
    found.append((first[begins[longer]], last[finishes[longer]], of_first[begins[longer]]))
    joined = [np.concatenate(part) for part in zip(*found, strict=True)]
    return _pieces(data, joined[0], joined[1], joined[2], phrase)


def blanked(field: bytes) -> bytes:
    r"""The field with blanks for escapes: in COPY's text `\n` before a word is no letter of it."""
    return _ESCAPE.sub(b"  ", field) if b"\\" in field else field


def _text_of(fields: list[bytes]) -> bytes:
    """The fields, a line each, with escapes blanked."""
    return blanked(b"\n".join(fields))


def _words(data: bytes) -> tuple[Places, Places]:
    inside = np.zeros(len(data) + 2, dtype=bool)
    inside[1:-1] = WORD[np.frombuffer(data, dtype=np.uint8)]
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    return edges[0::2], edges[1::2]


def _compounds(data: bytes, starts: Places, ends: Places) -> tuple[Places, Places]:
    joined = _joined(data, starts, ends)
    return starts[np.append(True, ~joined)], ends[np.append(~joined, True)]


def _joined(data: bytes, starts: Places, ends: Places) -> NDArray[np.bool_]:
    """Of each word but the first, whether it is of one compound with the word before."""
    text = np.frombuffer(data, dtype=np.uint8)
    joined: NDArray[np.bool_] = (starts[1:] - ends[:-1] == 1) & JOINER[text[ends[:-1]]]
    return joined


def _lines_of(data: bytes, places: Places) -> Places:
    numbers = np.cumsum(np.frombuffer(data, dtype=np.uint8) == _NEWLINE, dtype=np.int64)
    return numbers[places]


def _pieces(data: bytes, starts: Places, ends: Places, lines: Places, most: int) -> Pieces:
    sizes = ends - starts
    if not data.isascii():
        text = np.frombuffer(data, dtype=np.uint8)
        following = np.append(0, np.cumsum((text & 0xC0) == 0x80))
        sizes = sizes - (following[ends] - following[starts])
    long = sizes >= LEAST_CHARACTERS
    return Pieces(data, starts[long], ends[long], lines[long], most)


def seed_of(key: bytes) -> np.uint64:
    """What every number begins with."""
    return np.uint64(int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little"))


def number_of(piece: bytes, seed: np.uint64) -> int:
    """The number of a piece: the readable definition."""
    return _finished(int(seed), piece, size=len(piece))


def _finished(state: int, rest: bytes, *, size: int) -> int:
    for at in range(0, len(rest), 8):
        mixed = (state ^ int.from_bytes(rest[at : at + 8], "little")) * int(M1) & _MASK
        mixed ^= mixed >> 33
        state = mixed * int(M2) & _MASK ^ mixed >> 29
    state = (state ^ size) * int(M1) & _MASK
    return state ^ state >> 33


def _hash(data: bytes, starts: Places, ends: Places, *, key: bytes) -> Hashes:
    sizes = ends - starts
    state = np.full(len(sizes), seed_of(key))
    padded = data + _PAD
    # Every run of eight bytes, at any place, as a number.
    eights = np.ndarray((len(data) + 1,), dtype="<u8", buffer=padded, strides=(1,))
    active = np.arange(len(sizes))
    step = 0
    while len(active) > _FEW:
        left = sizes[active] - step
        word = eights[starts[active] + step]
        short = left < 8
        word[short] &= (np.uint64(1) << (left[short] * 8).astype(np.uint64)) - np.uint64(1)
        mixed = (state[active] ^ word) * M1
        mixed ^= mixed >> S33
        state[active] = mixed * M2 ^ mixed >> S29
        step += 8
        active = active[left > 8]
    done = (state ^ sizes.astype(np.uint64)) * M1
    done ^= done >> S33
    for at in active.tolist():
        done[at] = _finished(int(state[at]), data[starts[at] + step : ends[at]], size=int(sizes[at]))
    return done
