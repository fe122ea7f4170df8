"""What another program says of the migration's files."""

import msgspec

from harness.events.base import Event


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One remark of a linter: its rule, and the place (`file` relative to the scenario, `line` from 1)."""

    rule: str
    level: str
    file: str
    line: int
    message: str


class OpinionGiven(Event, tag="opinion_given", frozen=True, kw_only=True):
    """A second opinion, or why there is none: `outcome` is given, missing (not installed) or failed."""

    tool: str
    version: str
    outcome: str
    remarks: tuple[Remark, ...] = ()
    detail: str = ""
