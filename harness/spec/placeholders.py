"""SQL text cut where PostgreSQL's lexer cuts it, so that `:name` is found in code and nowhere else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

_OPENING: Final = re.compile(
    r"""(?P<line>--[^\r\n]*)
    |(?P<block>/\*)
    |(?P<escape>(?<![A-Za-z0-9_$])[eE]')
    |(?P<string>')
    |(?P<identifier>")
    |(?P<dollar>(?<![A-Za-z0-9_$])\$(?:[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)?\$)""",
    re.VERBOSE,
)
_STRING: Final = re.compile(r"'(?:[^']|'')*'?")
_ESCAPE: Final = re.compile(r"[eE]'(?:[^'\\]|''|\\.)*'?", re.DOTALL)
_IDENTIFIER: Final = re.compile(r'"(?:[^"]|"")*"?')
_BLOCK_EDGE: Final = re.compile(r"/\*|\*/")
# One colon, then a name that does not begin with a digit: `::type`, `:=` and `'12:34'` are none.
_NAME: Final = re.compile(r"(?<!:):([A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)")
_NUMBERED: Final = re.compile(r"(?<![A-Za-z0-9_$\u0080-\U0010ffff])\$\d+")
_SEPARATOR: Final = re.compile(r"([;()])")


class Piece(Enum):
    """What a stretch of SQL text is to the lexer."""

    CODE = "code"
    QUOTED = "quoted"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class NamedSql:
    """SQL whose `:name`s are `$n`: `names[n - 1]` is the name of `$n`, each name once.

    `template` is the text again, cut at the names: text, name, text, …, text. `quoted` are names inside literals
    and quoted identifiers, which `$n` cannot reach; `numbered` says that the text had `$1` of its own.
    """

    text: str
    names: tuple[str, ...]
    template: tuple[str, ...]
    quoted: tuple[str, ...]
    numbered: bool


def pieces(sql: str) -> Iterator[tuple[Piece, str]]:
    """The stretches of `sql`, in order and complete; an unclosed quote or comment runs to the end.

    >>> list(pieces("a 'b' -- c"))
    [(<Piece.CODE: 'code'>, 'a '), (<Piece.QUOTED: 'quoted'>, "'b'"), (<Piece.CODE: 'code'>, ' '), (<Piece.COMMENT: 'comment'>, '-- c')]
    """  # noqa: E501 - a doctest's answer is one line
    at = 0
    while at < len(sql):
        opening = _OPENING.search(sql, at)
        if opening is None:
            yield Piece.CODE, sql[at:]
            return
        if opening.start() > at:
            yield Piece.CODE, sql[at : opening.start()]
        at = _end(sql, opening)
        comment = opening.lastgroup in ("line", "block")
        yield Piece.COMMENT if comment else Piece.QUOTED, sql[opening.start() : at]


def _end(sql: str, opening: re.Match[str]) -> int:
    start = opening.start()
    match opening.lastgroup:
        case "line":
            return opening.end()
        case "block":
            return _block_end(sql, opening.end())
        case "dollar":
            end = sql.find(opening[0], opening.end())
            return len(sql) if end < 0 else end + len(opening[0])
        case "string":
            pattern = _STRING
        case "escape":
            pattern = _ESCAPE
        case _:
            pattern = _IDENTIFIER
    found = pattern.match(sql, start)
    return len(sql) if found is None else found.end()


def _block_end(sql: str, at: int) -> int:
    depth = 1
    for edge in _BLOCK_EDGE.finditer(sql, at):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)


def named_sql(sql: str) -> NamedSql:
    """`sql` with `$n` for each `:name` outside of quotes and comments.

    >>> named_sql("SELECT :a::int, ':b', :a").text
    "SELECT $1::int, ':b', $1"
    """
    names: dict[str, int] = {}
    quoted: list[str] = []
    text: list[str] = []
    template = [""]
    numbered = False
    for kind, piece in pieces(sql):
        parts = _NAME.split(piece) if kind is Piece.CODE else [piece]
        numbered = numbered or (kind is Piece.CODE and _NUMBERED.search(piece) is not None)
        if kind is Piece.QUOTED:
            quoted += _NAME.findall(piece)
        for index, part in enumerate(parts):
            if index % 2:
                text.append(f"${names.setdefault(part, len(names) + 1)}")
                template += [part, ""]
            else:
                text.append(part)
                template[-1] += part
    return NamedSql("".join(text), tuple(names), tuple(template), tuple(dict.fromkeys(quoted)), numbered)


def everywhere(sql: str) -> tuple[str, ...]:
    """The template of `sql` with every `:name` cut out, inside quotes too: what pgbench's simple protocol replaces.

    >>> everywhere("SELECT ':a', :b")
    ("SELECT '", 'a', "', ", 'b', '')
    """
    return tuple(_NAME.split(sql))


def split_statements(sql: str) -> tuple[str, ...]:
    """The statements of `sql` without semicolons; those in quotes, comments and parentheses do not separate.

    >>> split_statements("SELECT 1; -- a;b\\nSELECT ';';")
    ('SELECT 1', "SELECT ';'")
    """
    parts, depth = [""], 0
    for kind, piece in pieces(sql):
        if kind is not Piece.CODE:
            parts[-1] += piece if kind is Piece.QUOTED else " "
            continue
        for text in _SEPARATOR.split(piece):
            depth = max(0, depth + (text == "(") - (text == ")"))
            if text == ";" and depth == 0:
                parts.append("")
            else:
                parts[-1] += text
    return tuple(part.strip() for part in parts if part.strip())
