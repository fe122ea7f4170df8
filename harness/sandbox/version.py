"""The scenario's version as a number."""

from harness.model.errors import SandboxError


def major_version(version: str) -> int:
    """18 for "18" or "18.4". SandboxError for anything else.

    >>> major_version("18.4")
    18
    """
    major = version.split(".")[0]
    if not major.isdigit():
        raise SandboxError(f"[postgres] version: {version!r} is not a PostgreSQL version", hint='write "18"')
    return int(major)
