"""What is written beside a run about its alternative, so that its reports can be made again from files."""

import msgspec

FOLDER = "remedy"
"""Below the run directory: the safer migration, its scenario, this record and the run of it."""
RECORD = "alternative.json"
RUN = "run"


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, and what the alternative does about it; `why` says why nothing, "" where it does something."""

    statement: str
    hazard: str
    title: str
    fingerprint: str
    why: str


class AlternativeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`why_not` says why there is no alternative, or why it was not rehearsed; "" where it was.

    `files` are the names of the SQL files in the folder, those of the way up first.
    """

    schema_version: str = "1.0"
    handled: tuple[Handled, ...] = ()
    files: tuple[str, ...] = ()
    why_not: str = ""
