"""Pieces of text: what the leak check sees, and that equal pieces have equal numbers wherever they stand."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.snapshot.anonymize.copytext import encode
from harness.snapshot.anonymize.tokens import LEAST_CHARACTERS, pieces_of, whole_fields

KEY = hashlib.sha256(b"test").digest()


def seen(*fields: bytes, phrase: int = 1) -> set[bytes]:
    pieces = pieces_of(list(fields), phrase=phrase)
    return {pieces.piece(at) for at in range(len(pieces.starts))}


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        (b"write to anna.ito@example.org.", b"anna.ito@example.org"),
        (b'{"mail":"anna.ito@example.org"}', b"anna.ito@example.org"),
        (b"{x,anna.ito@example.org}", b"anna.ito@example.org"),
        (b"call +49-170-1234567 now", b"49-170-1234567"),
        (b"line\\nSchneider\\tend", b"Schneider"),
        ("Frau Müller-Lüdenscheidt".encode(), "Müller-Lüdenscheidt".encode()),
    ],
)
def test_values_inside_text_are_pieces(text: bytes, piece: bytes) -> None:
    assert piece in seen(text)


def test_phrases_stay_within_a_field_and_short_pieces_are_left_out() -> None:
    assert b"Anna Maria Ito" in seen(b"to Anna Maria Ito.", phrase=3)
    assert b"Anna Maria Ito" not in seen(b"to Anna Maria Ito.", phrase=2)
    assert not any(b"\n" in piece for piece in seen(b"alpha", b"beta", b"gamma", phrase=4))
    # Six characters, not six bytes.
    assert seen("Müllä".encode()) == set()
    assert seen("Müllär".encode()) == {"Müllär".encode()}


@given(st.lists(st.text(alphabet='abcé.@ -+ß1_\\\n\t"{,', max_size=40), max_size=8), st.binary(min_size=4, max_size=8))
def test_a_whole_field_is_found_again_in_any_surrounding(values: list[str], key: bytes) -> None:
    fields = [encode(value.encode()) for value in values]
    whole = whole_fields(fields)
    numbers = set(whole.hashes(key).tolist())
    around = [b"(" + field + b")" for field in fields]
    assert numbers <= set(pieces_of(around, phrase=4).hashes(key).tolist())
    assert all(len(whole.piece(at).decode()) >= LEAST_CHARACTERS for at in range(len(whole.starts)))


@given(st.lists(st.binary(min_size=6, max_size=300), min_size=1, max_size=30, unique=True))
def test_different_pieces_have_different_numbers(values: list[bytes]) -> None:
    words = [value.hex().encode() for value in values]
    hashes = whole_fields(words).hashes(KEY)
    assert len(np.unique(hashes)) == len(words)
    assert whole_fields(words[::-1]).hashes(KEY).tolist() == hashes.tolist()[::-1]
    assert whole_fields(words).hashes(b"other").tolist() != hashes.tolist()


def test_nothing_is_in_nothing() -> None:
    assert seen() == set()
    assert seen(b"", b"...", b"\\N") == set()
    assert len(whole_fields([b"", b"--"]).hashes(KEY)) == 0
