"""Words for words: names by a dictionary, free text word by word, lengths, case and punctuation kept."""

import functools
import re
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from harness.snapshot.anonymize.transforms.characters import Characters
from harness.snapshot.anonymize.transforms.keyed import ranked

if TYPE_CHECKING:
    from harness.snapshot.anonymize.kernels.fields import Fields
    from harness.snapshot.anonymize.kernels.vocabulary import Vocabulary
    from harness.snapshot.anonymize.kernels.words import Places

# Letters and bytes of letters in UTF-8, or digits, as runs; the rest stands between words.
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+|[0-9]+")
_ZERO = b"\0"
_BETWEEN_VALUES = b" \0 "
_MEMO_ENTRIES = 1 << 17


class Words:
    """A bijection of words: those of the dictionary among one another, all others by their characters.

    Words of as many bytes and characters change places by keyed rank; all in lower or in upper case they do as well.
    """

    def __init__(self, subkey: bytes, dictionary: Iterable[str]) -> None:
        self.others = Characters(subkey, purpose=b"words")
        self._known = _table(subkey, dictionary)

    def __call__(self, value: bytes) -> bytes:
        """The word that stands for `value`."""
        return self.many([value])[0]

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        out = [self._known.get(value, b"") for value in values]
        rest = [at for at, word in enumerate(out) if not word]
        for at in rest:
            out[at] = values[at]
        while rest:
            for at, word in zip(rest, self.others.many([out[at] for at in rest]), strict=True):
                out[at] = word
            # A word of the dictionary is taken already: walking on keeps the whole a bijection.
            rest = [at for at in rest if out[at] and out[at] in self._known]
        return out

    @functools.cached_property
    def vocabulary(self) -> "Vocabulary":
        """The dictionary's table for the compiled loop."""
        from harness.snapshot.anonymize.kernels.vocabulary import vocabulary_of

        return vocabulary_of(self._known)


class Text:
    """Names and free text: every word and every number by itself, so that what repeats in it still repeats."""

    def __init__(self, subkey: bytes, dictionary: Iterable[str]) -> None:
        self._words = Words(subkey, dictionary)
        self._memo = {_ZERO: _ZERO}

    def __call__(self, value: bytes) -> bytes:
        """The text that stands for `value`."""
        if _ZERO in value:
            raise ValueError("PostgreSQL's text has no zero bytes")
        return self._by_word(value)

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`: what stands between blanks is looked up, new pieces are made together."""
        joined = _BETWEEN_VALUES.join(values)
        if not values or joined.count(_ZERO) >= len(values):
            return [self(value) for value in values]
        pieces = joined.split(b" ")
        memo = self._memo
        if len(memo) > _MEMO_ENTRIES:
            memo.clear()
            memo[_ZERO] = _ZERO
        known = list(map(memo.get, pieces))
        try:
            out = b" ".join(known)  # type: ignore[arg-type]  # None is what it looks for, at no cost
        except TypeError:
            missing = list({piece for piece, word in zip(pieces, known, strict=True) if word is None})
            memo.update(zip(missing, self._by_word(_ZERO.join(missing)).split(_ZERO), strict=True))
            out = b" ".join([memo[piece] for piece in pieces])
        return out.split(_BETWEEN_VALUES)

    def change_fields(self, before: "Fields", after: "Fields", column: int) -> "Places":  # noqa: ARG002 - as InPlace
        """The same for the column of a block."""
        from harness.snapshot.anonymize.kernels.vocabulary import change_words

        return change_words(after, column, self._words.vocabulary, self._words.others.cipher)

    def _by_word(self, value: bytes) -> bytes:
        words = iter(self._words.many(_WORD.findall(value)))
        return _WORD.sub(lambda _: next(words), value)


def _table(subkey: bytes, dictionary: Iterable[str]) -> dict[bytes, bytes]:
    """Each word, and its forms in lower and upper case, with the word whose place it takes."""
    table: dict[bytes, bytes] = {}
    for group in _groups(frozenset(dictionary)):
        # One circle through all words of a shape: of a permutation by chance, one word on average stays where it is.
        words = ranked(list(group), subkey, b"dictionary")
        for word, other in zip(words, [*words[1:], *words[:1]], strict=True) if len(words) > 1 else ():
            table.update(zip(group[word], group[other], strict=True))
    return table


@functools.cache
def _groups(dictionary: frozenset[str]) -> list[dict[bytes, tuple[bytes, bytes, bytes]]]:
    """The words that may change places, each with those of its shape; as they are, in lower and in upper case."""
    single: dict[str, str] = {}
    for word in sorted(dictionary):
        if _WORD.fullmatch(word.encode()) and _case_holds(word):
            single.setdefault(word.lower(), word)
    return [
        {word.encode(): (word.encode(), word.lower().encode(), word.upper().encode()) for word in sorted(group)}
        for _, group in groupby(sorted(single.values(), key=_shape), key=_shape)
    ]


def _case_holds(word: str) -> bool:
    forms = (word, word.lower(), word.upper())
    return len({(len(form), len(form.encode())) for form in forms}) == 1 and word.upper().lower() == word.lower()


def _shape(word: str) -> tuple[int, int, tuple[bool, bool]]:
    return len(word.encode()), len(word), (word == word.lower(), word == word.upper())
