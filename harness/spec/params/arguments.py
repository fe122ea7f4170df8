"""Splits the arguments of a parameter's function: commas outside of quotes and parentheses separate them."""

from dataclasses import dataclass
from typing import Final

_BEFORE_A_QUOTE: Final = "(,:=."
"""What stands before a quote that opens; any other is an apostrophe, as in 5 o'clock."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its `text`, without quotes where it was `quoted`, and the `rest` that followed the quotes."""

    text: str
    quoted: bool = False
    rest: str = ""


def split_arguments(text: str) -> list[Argument]:
    """The arguments in `text`; ValueError where a quote or a parenthesis stays open.

    >>> [argument.text for argument in split_arguments("0.5, choice(a, 'b, c'), 'it''s'")]
    ['0.5', "choice(a, 'b, c')", "it's"]
    """
    arguments, at = [], 0
    while at < len(text):
        end = _end(text, at)
        arguments.append(_argument(text[at:end].strip()))
        at = end + 1
    return arguments


def _end(text: str, at: int) -> int:
    """Where the argument that begins at `at` ends: a comma of its own level, or the end of the text."""
    depth, before = 0, ","
    while at < len(text):
        character = text[at]
        if character in "'\"" and before in _BEFORE_A_QUOTE:
            at = _closed(text, at)
        elif character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif character == "," and not depth:
            return at
        if not character.isspace():
            before = character
        at += 1
    if depth:
        raise ValueError(f"a parenthesis stays open in ({text}); quote text that has some: '…'")
    return at


def _closed(text: str, at: int) -> int:
    """Where the quote that opens at `at` closes; a doubled one is part of the text."""
    quote, start = text[at], at
    while True:
        at = text.find(quote, at + 1)
        if at < 0:
            raise ValueError(f"a quote stays open: {text[start:]}")
        if text[at + 1 : at + 2] != quote:
            return at
        at += 1


def _argument(text: str) -> Argument:
    if text[:1] not in ("'", '"'):
        return Argument(text)
    quote, end = text[0], _closed(text, 0)
    inside, rest = text[1:end].replace(quote * 2, quote), text[end + 1 :].strip()
    if not rest or rest.startswith(":"):
        return Argument(inside, quoted=True, rest=rest)
    if quote == '"':  # a quoted identifier: "Order"."Id"
        return Argument(text)
    raise ValueError(f"separate arguments by commas: {text}")
