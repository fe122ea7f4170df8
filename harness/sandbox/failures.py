"""Why a server did not start, from the last lines of its log, without data and without credentials."""

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches

from harness.model.errors import SandboxError
from harness.model.redaction import redact_message

_UNKNOWN = re.compile(r'unrecognized configuration parameter "([^"]+)"')
_INVALID = re.compile(
    r'(invalid value for parameter "([^"]+)".*|[^:\n]* is outside the valid range for parameter "([^"]+)".*'
    r'|parameter "([^"]+)" (?:requires|cannot) .*)'
)
# log_line_prefix's default, '%m [%p] ', in front of what is said before the log collector runs.
_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d \S+ \S+ \[\d+\] ")
_TAKEN = re.compile(r"address already in use|port is already allocated", re.IGNORECASE)
_LINES_SHOWN = 8


class PortTakenError(SandboxError):
    """Somebody took the port between looking for a free one and using it."""


def start_failure(log: str, *, server: str, known_settings: Iterable[str] = ()) -> SandboxError:
    """The error for a server that did not start; `log` is its log, plain or jsonlog lines, `server` says which.

    A setting the server refuses is named, with the nearest known one; a taken port is a `PortTakenError`.
    """
    lines = [message for line in log.splitlines() if (message := _message(line))]
    text = "\n".join(lines)
    if _TAKEN.search(text):
        return PortTakenError(f"{server} did not start: its port is taken")
    unknown = _UNKNOWN.search(text)
    if unknown:
        near = get_close_matches(unknown[1], list(known_settings), n=1)
        return SandboxError(
            f"[postgres] settings: {server} knows no setting {unknown[1]!r}",
            hint=f"did you mean {near[0]!r}?"
            if near
            else "see the manual, chapter 20, for the settings of this version",
        )
    invalid = _INVALID.search(text)
    if invalid:
        name = invalid[2] or invalid[3] or invalid[4]
        return SandboxError(f"[postgres] settings: {server} refuses {name}: {invalid[1].strip()}")
    shown = "\n".join(f"    {line}" for line in lines[-_LINES_SHOWN:]) or "    (its log is empty)"
    return SandboxError(f"{server} did not start; the last lines of its log:\n{shown}")


def _message(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return redact_message(_PREFIX.sub("", line.strip()), sqlstate="")
    if not isinstance(entry, dict):
        return ""
    message = redact_message(str(entry.get("message", "")), sqlstate=str(entry.get("state_code", "")))
    return f"{entry.get('error_severity', '')}: {message}"
