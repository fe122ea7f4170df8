"""A tool's printed lines, fit to leave the machine."""

import re
from collections.abc import Iterable

from harness.model.redaction import mask_credentials

# Where the server, or a tool quoting it, prints rows and values. The lines that follow an indented one belong to it.
_HOLDS_DATA = re.compile(
    r"\b(detail|context|statement|parameters?|where):|\[parameters|\bfailing row contains|\)=\(", re.IGNORECASE
)
_QUOTES_DATA = re.compile(r"(?P<head>invalid input (?:syntax|value) for [^:]+: ).*|(?P<out>out of range[^:]*: ).*")
_LAST_LINES = 60
_LONGEST_LINE = 500


def fit_to_keep(lines: Iterable[str]) -> str:
    """The last lines of an output with credentials masked and lines that hold rows or values taken out.

    A line that is further indented than one taken out, and follows it, is taken out too.

    >>> fit_to_keep(["ERROR:  duplicate key", "DETAIL:  Key (email)=(a@b.c) already exists.", "done"])
    'ERROR:  duplicate key\\ndone'
    """
    kept: list[str] = []
    dropped_indent: int | None = None
    for line in lines:
        text = line.rstrip()
        indent = len(text) - len(text.lstrip())
        if _HOLDS_DATA.search(text):
            dropped_indent = indent
            continue
        if dropped_indent is not None and text and indent > dropped_indent:
            continue
        dropped_indent = None
        kept.append(mask_credentials(_without_value(text))[:_LONGEST_LINE])
    return "\n".join(kept[-_LAST_LINES:])


def _without_value(line: str) -> str:
    return _QUOTES_DATA.sub(lambda match: (match["head"] or match["out"]) + "…", line)
