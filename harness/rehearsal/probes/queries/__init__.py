"""The queries of this room."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def text(name: str) -> LiteralString:
    """The text of `<name>.sql`."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
