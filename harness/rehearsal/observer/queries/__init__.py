"""The observer's SQL, a file a query."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def text(name: str) -> LiteralString:
    """The text of `<name>.sql` beside this file; as trustworthy as a literal in the code."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
