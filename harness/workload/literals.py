"""A statement's text without its literals: what many calls of one statement have in common, found without parsing."""

import re
from dataclasses import dataclass
from typing import Final

# As PostgreSQL's lexer (manual, section 4.1): comments, strings of every kind, quoted names, numbers that are no part
# of a name or of $n.
_TOKEN: Final = re.compile(
    r"""(?P<line>--[^\r\n]*)
    |(?P<block>/\*)
    |(?P<escape>(?<![A-Za-z0-9_$])[eE]'(?:[^'\\]|''|\\.)*')
    |(?P<marked>(?<![A-Za-z0-9_$])(?:[bBxXnN]|[uU]&)'(?:[^']|'')*')
    |(?P<string>'(?:[^']|'')*')
    |(?P<identifier>"(?:[^"]|"")*")
    |(?P<dollar>(?<![A-Za-z0-9_$])\$(?P<tag>(?:[A-Za-z_][A-Za-z0-9_]*)?)\$.*?\$(?P=tag)\$)
    |(?<![A-Za-z0-9_$\u0080-\U0010ffff])(?P<number>0[xX][0-9A-Fa-f_]+|0[oO][0-7_]+|0[bB][01_]+
        |\d[\d_]*(?:\.(?!\.)\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)""",
    re.VERBOSE | re.DOTALL,
)
_SPACE: Final = re.compile(r"\s+")
_BLOCK_EDGE: Final = re.compile(r"/\*|\*/")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NUMBER: Final = "\0"  # no text of PostgreSQL has it, so that no two statements are taken for one
_QUOTED: Final = "'\0'"


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal of a statement: where it begins (characters) and its value; `quoted` tells '5' from 5."""

    start: int
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Template:
    """`text` has a mark for each literal, and one blank for each comment and stretch of blanks."""

    text: str
    literals: tuple[Literal, ...]


def template_of(sql: str) -> Template:
    """The template of `sql`; an unclosed quote or comment is taken as it stands.

    >>> template_of("SELECT 'a',  x FROM t1 WHERE n = 5").text.replace("\\0", "?")
    "SELECT '?', x FROM t1 WHERE n = ?"
    """
    parts: list[str] = []
    literals: list[Literal] = []
    at = 0
    while (token := _TOKEN.search(sql, at)) is not None:
        parts.append(_blanks(sql[at : token.start()]))
        kind, at = token.lastgroup or "", token.end()
        if kind == "tag":
            kind = "dollar"
        if kind == "identifier":
            parts.append(token[0])
        elif kind == "line":
            parts.append(" ")
        elif kind == "block":
            parts.append(" ")
            at = _block_end(sql, at)
        else:
            literals.append(Literal(token.start(), _value(token, kind), kind != "number"))
            parts.append(_QUOTED if kind != "number" else _NUMBER)
    parts.append(_blanks(sql[at:]))
    return Template("".join(parts), tuple(literals))


def _blanks(text: str) -> str:
    return _SPACE.sub(" ", text)


def _block_end(sql: str, at: int) -> int:
    depth = 1
    for edge in _BLOCK_EDGE.finditer(sql, at):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)


def _value(token: re.Match[str], kind: str) -> str:
    text = token[0]
    if kind == "string":
        return text[1:-1].replace("''", "'")
    if kind == "escape":
        return re.sub(r"\\(.)|''", _unescaped, text[2:-1], flags=re.DOTALL)
    if kind == "dollar":
        return text[len(token["tag"]) + 2 : -len(token["tag"]) - 2]
    if kind == "marked":
        return text[text.index("'") + 1 : -1].replace("''", "'")
    return text.replace("_", "")


def _unescaped(match: re.Match[str]) -> str:
    letter = match[1]
    return "'" if letter is None else _ESCAPES.get(letter, letter)
