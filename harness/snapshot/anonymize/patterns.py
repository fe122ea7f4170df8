"""Whether a pattern says only what a class-preserving bijection keeps: kinds of characters, lengths and punctuation."""

import re
from typing import Final

# What stands for whole kinds of characters: classes by name, ranges over a whole kind, and the escapes for them.
_WHOLE: Final = re.compile(r"\[:[a-z]+:\]|A-Z|a-z|0-9|\\[dwsDWSmMyYAZ]|\\[^A-Za-z0-9]")
_SET: Final = re.compile(r"\[\^?(?P<members>\]?(?:\[:[a-z]+:\]|\\.|[^\]])*)\]")
_COUNT: Final = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}")
_SPOKEN: Final = re.compile(r"[^\W_]")
_GROUP: Final = re.compile(r"\(\?[:=!]|\(\?<[=!]")


def is_kept_by_classes(pattern: str) -> bool:
    r"""Whether a regular expression's answer cannot change when letters and digits do.

    >>> is_kept_by_classes(r"^[A-Z]{2}[0-9]+$"), is_kept_by_classes(r"^[^@]+@[^@]+\.[a-z]+$")
    (True, True)
    >>> is_kept_by_classes("^DE[0-9]+$"), is_kept_by_classes("^[A-F]+$")
    (False, False)
    """
    for members in (match["members"] for match in _SET.finditer(pattern)):
        if _SPOKEN.search(_WHOLE.sub("", members)):
            return False
    outside = _COUNT.sub("", _GROUP.sub("(", _SET.sub("", pattern)))
    return not _SPOKEN.search(_WHOLE_ESCAPE.sub("", outside))


_WHOLE_ESCAPE: Final = re.compile(r"\\[dwsDWSmMyYAZ]|\\[^A-Za-z0-9]")


def is_kept_like(pattern: str) -> bool:
    """The same for LIKE: only wildcards and punctuation.

    >>> is_kept_like("%_@_%"), is_kept_like("%@example.org")
    (True, False)
    """
    return not _SPOKEN.search(pattern)
