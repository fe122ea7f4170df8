"""The observer's SQL, a file a query."""

from functools import cache
from importlib.resources import files
from typing import LiteralString, cast


@cache
def text(name: str) -> LiteralString:
    """The text of `<name>.sql` beside this file."""
    # Files of this package are as trustworthy as literals in its code.
    return cast("LiteralString", files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8"))
