"""What the event triggers of a tool's run write into the server's log: statements of definition, also in functions."""

from dataclasses import dataclass

import msgspec

DDL_MARKER = "rehearse saw "
"""The beginning of each of their messages."""


@dataclass(frozen=True, slots=True)
class DdlMessage:
    """The trigger's event (ddl_command_end, table_rewrite, sql_drop), the command tag, the objects' names."""

    event: str
    tag: str
    objects: tuple[str, ...]


_decoder = msgspec.json.Decoder(dict[str, str | list[str]])


def parse_ddl(message: str) -> DdlMessage | None:
    """What a log entry's message says; None where it is no such message.

    >>> parse_ddl('rehearse saw {"event" : "sql_drop", "tag" : "DROP TABLE", "objects" : ["public.a"]}').objects
    ('public.a',)
    """
    if not message.startswith(DDL_MARKER):
        return None
    try:
        said = _decoder.decode(message.removeprefix(DDL_MARKER))
    except msgspec.MsgspecError:
        return None
    objects = said.get("objects", [])
    return DdlMessage(
        event=str(said.get("event", "")),
        tag=str(said.get("tag", "")),
        objects=tuple(objects) if isinstance(objects, list) else (),
    )
