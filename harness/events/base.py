"""The base of every event."""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=False):
    """Something that happened at `at_ns`, nanoseconds on the run's monotonic clock since the run started."""

    at_ns: int
