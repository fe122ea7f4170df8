"""SQL of the antagonists, beside the code that uses it."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def text(name: str) -> LiteralString:
    """The text of `<name>.sql`."""
    # Files of this package are as trustworthy as literals in its code.
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
