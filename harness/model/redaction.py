"""What may leave the machine: credentials are masked, and values quoted by error messages are removed."""

import re

_URL_PASSWORD = re.compile(r"(?P<head>[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*:)(?P<secret>[^\s@]+)(?=@)")
_KEYWORD_PASSWORD = re.compile(
    r"(?P<head>\b(?:pg)?(?:password|passwd|pwd|secret|token)[\"']?\s*[=:]\s*)"
    r"(?P<secret>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s,;&\"']+)",
    re.IGNORECASE,
)
_PASSWORD_CLAUSE = re.compile(r"(?P<head>\bPASSWORD\s+)(?P<secret>'(?:[^']|'')*')", re.IGNORECASE)
# To the last quote of the line: a value may hold quotes of its own, which the server does not escape.
_QUOTED_VALUE = re.compile(r"\".*\"|'.*'|\([^()]*\)=\([^()]*\)")

# Messages of this class quote data ("invalid input syntax for type integer: …"); the others quote identifiers.
_CLASS_THAT_QUOTES_DATA = "22"
# RAISE and ASSERT (manual, section 41.9): the text is the migration's own, and what it puts into it carries no quotes.
_RAISED = frozenset({"P0001", "P0004"})
_WITHHELD = "raised by the code itself; its text may quote rows and is not kept"


def mask_credentials(text: str) -> str:
    """`text` with every password in a URL, a key=value pair or a PASSWORD clause replaced by `***`.

    >>> mask_credentials("postgresql://app:s3cret@db/shop?x=1 password=hunter2")
    'postgresql://app:***@db/shop?x=1 password=***'
    """
    for pattern in (_URL_PASSWORD, _KEYWORD_PASSWORD, _PASSWORD_CLAUSE):
        text = pattern.sub(lambda m: m["head"] + "***", text)
    return text


def redact_message(message: str, *, sqlstate: str) -> str:
    """A server's primary message without data: quoted values of the classes that quote data become `…`.

    Detail, hint and context lines are never passed in: they hold rows.

    >>> redact_message('invalid input syntax for type integer: "anna@example.org"', sqlstate="22P02")
    'invalid input syntax for type integer: …'
    """
    first = message.splitlines()[0] if message else ""
    if sqlstate in _RAISED:
        return _WITHHELD
    if sqlstate[:2] == _CLASS_THAT_QUOTES_DATA:
        first = _QUOTED_VALUE.sub("…", first)
    return mask_credentials(first)
