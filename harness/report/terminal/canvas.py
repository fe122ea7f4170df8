"""A character canvas: width, colour and the ASCII fallback decided in one place."""

import unicodedata
from dataclasses import dataclass

from harness.report.view.status import Status

_ASCII = str.maketrans(
    dict(zip("✓✗·–—×µ≥≤╭▸│├╰━▁▂▃▄▅▆▇█’“”\u00a0", '+x---xu><+>||`^_.-~=+*#\'"" ', strict=True))
    | {"→": "->", "±": "+/-", "…": "..."}
)

_CODES = {
    Status.OK: "32",
    Status.NOTE: "2",
    Status.WARN: "33",
    Status.UNKNOWN: "35",
    Status.FAIL: "31",
}
_BOLD, _DIM = "1", "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """How to draw: `width` in columns, `ascii` for terminals without Unicode, `color` for ANSI codes."""

    width: int
    ascii: bool
    color: bool

    def text(self, raw: str) -> str:
        """`raw` safe to print: control and direction characters shown as escapes, ASCII where asked for."""
        safe = "".join(_visible(char) for char in raw)
        if not self.ascii:
            return safe
        return safe.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")

    def fit(self, raw: str, width: int) -> str:
        """`raw` on one line in exactly `width` columns: cut with an ellipsis or filled with spaces."""
        text = self.text(" ".join(raw.split()))
        if columns(text) > width:
            dots = self.text("…")
            text = take(text, width - len(dots)) + dots
        return text + " " * (width - columns(text))

    def wrap(self, raw: str, width: int) -> list[str]:
        """`raw` in lines of at most `width` columns; breaks at spaces, and inside a word that is too long."""
        lines: list[str] = []
        for source in self.text(raw.replace("\r\n", "\n").replace("\n", "␤")).split(self.text("␤")):
            lines += _wrap_line(source, max(width, 8))
        return lines

    def paint(self, text: str, status: Status) -> str:
        """`text` in the colour of `status`."""
        return self._code(text, _CODES[status])

    def bold(self, text: str) -> str:
        """`text` in bold."""
        return self._code(text, _BOLD)

    def dim(self, text: str) -> str:
        """`text` faint."""
        return self._code(text, _DIM)

    def _code(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text


def columns(text: str) -> int:
    """Columns that `text` takes: wide East Asian characters take two, combining ones none."""
    return sum(_columns_of(char) for char in text)


def take(text: str, width: int) -> str:
    """The longest beginning of `text` that fits into `width` columns."""
    used = 0
    for index, char in enumerate(text):
        used += _columns_of(char)
        if used > width:
            return text[:index]
    return text


def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _visible(char: str) -> str:
    """Control characters could move the cursor or colour the screen, direction marks reorder it."""
    if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"):
        return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"
    return char


def _wrap_line(text: str, width: int) -> list[str]:
    lines, rest = [], text.rstrip()
    while columns(rest) > width:
        head = take(rest, width)
        space = head.rfind(" ")
        if rest[len(head) : len(head) + 1] != " " and space > width // 3:
            head = head[:space]
        lines.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    lines.append(rest)
    return lines
