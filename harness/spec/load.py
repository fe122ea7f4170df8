"""Reading a scenario file: TOML to typed values that are known to be right before anything is started."""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.model.errors import SpecError
from harness.spec.checks import check_scenario
from harness.spec.decode import decode_scenario
from harness.spec.files import check_files
from harness.spec.presets import with_preset
from harness.spec.scenario import Scenario

SCENARIO_FILE = "scenario.toml"
"""The name that `find_scenarios` looks for and a folder is expected to hold."""

# A scenario is written by hand; a file of this size is a dump given by mistake.
_LARGEST_BYTES = 4 * 1024 * 1024
_TOML_AT = re.compile(r"\s*\(at (?P<where>line \d+, column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A scenario, the file `path` it came from, the `folder` its paths are relative to, SHA-256 of its text in hex."""

    path: Path
    folder: Path
    scenario: Scenario
    digest: str

    def resolve(self, name: str) -> Path:
        """The path of a file that the scenario names."""
        return self.folder / name


def load_scenario(path: Path) -> LoadedScenario:
    """The scenario in the file `path`, or in `scenario.toml` of the folder `path`.

    Every value has been checked and every file it names exists. SpecError names file, key and the way out.
    """
    file = _file_of(path)
    raw = _read(file)
    folder = file.parent
    document = parse_toml(raw, path=file)
    # Every value has a default: a folder's name, or the file's, says what is rehearsed.
    document.setdefault("name", folder.resolve().name if file.name == SCENARIO_FILE else file.stem)
    scenario = decode_scenario(with_preset(document), path=file)
    check_scenario(scenario, path=file)
    check_files(scenario, path=file)
    return LoadedScenario(path=file, folder=folder, scenario=scenario, digest=hashlib.sha256(raw).hexdigest())


def find_scenarios(path: Path) -> list[Path]:
    """Every scenario file at or below `path`, sorted; a file is given back as it is, hidden folders are left out.

    SpecError where there is none.
    """
    if path.is_file():
        return [path]
    found = sorted(file for file in path.rglob(SCENARIO_FILE) if not _is_hidden(file.relative_to(path)))
    if not found:
        what = "holds no scenario.toml" if path.is_dir() else "does not exist"
        raise SpecError(what, path=path, hint="`rehearse init` writes one")
    return found


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in relative.parts)


def _file_of(path: Path) -> Path:
    if not path.is_dir():
        return path
    file = path / SCENARIO_FILE
    if file.is_file():
        return file
    others = sorted(other.name for other in path.glob("*.toml"))
    hint = f"name the file itself: {', '.join(others[:5])}" if others else "`rehearse init` writes one"
    raise SpecError(f"the folder holds no {SCENARIO_FILE}", path=path, hint=hint)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise SpecError("is too big for a scenario", path=path, hint="give the scenario.toml, not the dump")
        return path.read_bytes()
    except FileNotFoundError:
        raise SpecError("does not exist", path=path, hint="check the path; `rehearse init` writes a scenario") from None
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", path=path) from None


def parse_toml(raw: bytes, *, path: Path) -> dict[str, Any]:
    """The document in the bytes of the TOML file `path`; SpecError says in which line it is none."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SpecError(f"line {line} is not UTF-8 text", path=path, hint="save the file as UTF-8") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text=text, path=path) from None
    except (RecursionError, ValueError) as error:
        # Numbers of thousands of digits and tables nested a thousand deep.
        raise SpecError(f"cannot be read as TOML: {str(error).splitlines()[0]}", path=path) from None


def _syntax_error(message: str, *, text: str, path: Path) -> SpecError:
    match = _TOML_AT.search(message)
    what = _TOML_AT.sub("", message)
    where = match["where"] if match else ""
    if where == "end of document":
        where = f"line {text.count(chr(10)) + 1}, the end of the file"
    return SpecError(
        f"{where}: TOML syntax error: {what}" if where else f"TOML syntax error: {what}",
        path=path,
        hint="strings need quotes, tables are [name], lists of tables [[name]]; see https://toml.io",
    )
