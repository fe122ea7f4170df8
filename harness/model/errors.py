"""The one error tree. What the *migration* does wrong is an event, never an exception from here.

HarnessError                  exit 4 unless stated
├─ SpecError                  exit 2   the scenario is wrong; nothing was started
├─ SandboxError               exit 4   no engine, image, disk, version, port
│  └─ RestoreError            exit 4   unreadable dump, missing extension, not enough disk
├─ SnapshotError              exit 4   unclassified column, leak found, digest mismatch
└─ JournalError               exit 4   run directory unreadable or from a newer version
"""

from pathlib import Path


class HarnessError(Exception):
    """Something about the machine, the scenario or a file stops the harness; carries a hint that says the way out."""

    exit_code = 4

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class SpecError(HarnessError):
    """The scenario (or what it names) is wrong.

    `path` is the file, `key` the dotted key inside it, "" for the whole.
    """

    exit_code = 2

    def __init__(self, message: str, *, path: Path | str, key: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = str(path)
        self.key = key

    def __str__(self) -> str:
        where = f"{self.path}: {self.key}: " if self.key else f"{self.path}: "
        return where + super().__str__()


class SandboxError(HarnessError):
    """No engine, image, disk, version or port; or a server that must not be used."""


class RestoreError(SandboxError):
    """The dump cannot be restored: unreadable, truncated, missing extension, not enough disk."""


class SnapshotError(HarnessError):
    """A snapshot is not what it should be: digest mismatch, unclassified column, leak."""


class JournalError(HarnessError):
    """A run directory cannot be read: missing, damaged, or written by a newer version."""
