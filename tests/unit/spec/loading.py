"""A folder for a scenario, and what the loader says about one."""

from pathlib import Path

import pytest

from harness.model.errors import SpecError
from harness.spec.load import load_scenario
from harness.spec.scenario import Scenario

MIGRATION = '[migration]\nup = "up.sql"\ndown = "down.sql"\n'


def write(folder: Path, text: str, *, migration: str = MIGRATION) -> Path:
    """The scenario file with this text and the migration."""
    path = folder / "scenario.toml"
    path.write_text(text + "\n" + migration, encoding="utf-8")
    return path


def refused(folder: Path, text: str, *, migration: str = MIGRATION) -> SpecError:
    """The error that loading it raises."""
    path = write(folder, text, migration=migration)
    with pytest.raises(SpecError) as caught:
        load_scenario(path)
    assert str(path) in str(caught.value)
    return caught.value


def accepted(folder: Path, text: str, *, migration: str = MIGRATION) -> Scenario:
    """What loading it gives."""
    return load_scenario(write(folder, text, migration=migration)).scenario


def refused_with(folder: Path, text: str, *, key: str, message: str, hint: str) -> None:
    """The text is refused, with these parts in the error."""
    error = refused(folder, text)
    assert error.key.startswith(key)
    assert message in error.message
    assert hint in error.hint
    assert error.exit_code == 2
    assert len(str(error)) < 1000
