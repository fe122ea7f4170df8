"""A case as a scenario, rehearsed; what is said of it is kept in a file, so that a broken-off series goes on."""

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any, Final

import msgspec

import harness
from harness.cli.conclude import conclude
from harness.model.errors import HarnessError
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.options import Options
from harness.report.rehearsal_json import render_json
from harness.spec.load import load_scenario
from tests.cases.corpus import OBSERVATIONS, WAY_BACK, Case, plain

_TABLES = frozenset({"r", "p", "m"})
"""relkinds that the truth lists; indexes and sequences may be told beside them."""

# Some cases' operations read a whole table: with many rows this machine carries fewer of them, for a longer time.
_LARGE_ROWS: Final = 100_000
_SMALL: Final = ("rate = 40", "actors = 4", 'baseline = "1500ms"', 'settle = "500ms"')
_LARGE: Final = ("rate = 15", "actors = 4", 'baseline = "3s"', 'settle = "1s"')


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a series of cases is rehearsed on."""

    engine: str = "embedded"
    version: str = "18"
    rows: int = 30_000
    repeat: int = 1

    @property
    def name(self) -> str:
        """A folder's name."""
        return f"{self.engine}-{self.version}-{self.rows}-{self.repeat}"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What one rehearsal said; words by their strongest level, `locks` and `rewrites` going up, by plain names."""

    case: str
    key: str
    verdict: str
    sentence: str
    words: dict[str, str]
    down_words: dict[str, str]
    locks: dict[str, str]
    rewrites: list[str]
    rollback: str
    rollback_after_new_writes: str
    seconds: float
    checks: list[str]

    @property
    def hazards(self) -> frozenset[str]:
        """Words that are no observations and weigh more than a note."""
        return frozenset(w for w, level in self.words.items() if level != "note" and w not in OBSERVATIONS)

    @property
    def observations(self) -> frozenset[str]:
        """Words that are observations, at any level."""
        return frozenset(self.words) & OBSERVATIONS


def rehearse_case(case: Case, setting: Setting, *, folder: Path, home: Path) -> Found:
    """What a rehearsal says of a case: from `folder` where it was rehearsed by this program before, else now."""
    key, kept = _key(case, setting), folder / f"{case.name}.json"
    if kept.is_file():
        found = msgspec.json.decode(kept.read_bytes(), type=Found)
        if found.key == key:
            return found
    run = folder / "runs" / case.name
    shutil.rmtree(run, ignore_errors=True)
    path = _write_scenario(case, setting, folder / "scenarios" / case.name)
    started = time.monotonic()
    try:
        rehearse(load_scenario(path), Options(home=home, out=run, run_id=f"case-{case.name}", command=()))
    except HarnessError as error:
        return _refused(case, key, f"{type(error).__name__}: {error}", seconds=time.monotonic() - started)
    read = json.loads(render_json(conclude(run, write=False).view))
    found = _found(case, key, read, seconds=time.monotonic() - started)
    kept.write_bytes(msgspec.json.encode(found))
    return found


def _refused(case: Case, key: str, error: str, *, seconds: float) -> Found:
    return Found(
        case=case.name,
        key=key,
        verdict="error",
        sentence=error,
        words={},
        down_words={},
        locks={},
        rewrites=[],
        rollback="",
        rollback_after_new_writes="",
        seconds=seconds,
        checks=[],
    )


def _found(case: Case, key: str, read: dict[str, Any], *, seconds: float) -> Found:
    up, down = _words(read["findings"])
    return Found(
        case=case.name,
        key=key,
        verdict=read["verdict"],
        sentence=read["sentence"],
        words=up,
        down_words=down,
        locks={
            plain(lock["relation"]): lock["mode"]
            for lock in read["locks"]
            if lock["direction"] == "up" and lock["kind"] in _TABLES
        },
        rewrites=sorted({plain(one["relation"]) for one in read["rewrites"] if one["direction"] == "up"}),
        rollback=read["rollback"]["at_once"],
        rollback_after_new_writes=read["rollback"].get("after_new_writes", ""),
        seconds=round(seconds, 2),
        checks=[f"{one['id']}: {one['found']}" for one in read["checks"] if one["verdict"] in ("fail", "inconclusive")],
    )


def _words(findings: list[dict[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
    """Words going up (and of the way back itself), and other words going down, each with its strongest level."""
    order = ("note", "warning", "error")
    words: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for finding in findings:
        word, level = finding["hazard"], finding["level"]
        into = words[finding["direction"] == "down" and word not in WAY_BACK]
        into[word] = max(into.get(word, "note"), level, key=order.index)
    return words


def _write_scenario(case: Case, setting: Setting, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(case.folder, folder)
    path = folder / "scenario.toml"
    path.write_text(scenario_text(case, setting), encoding="utf-8")
    return path


def scenario_text(case: Case, setting: Setting) -> str:
    """The scenario that a user would write for the files of a case."""
    back = case.has("down.sql")
    lines = [
        f'name = "{case.name.replace("_", "-")}"',
        "[postgres]",
        f'engine = "{setting.engine}"',
        f'version = "{setting.version}"',
        'settings = { fsync = "off" }',
        "[snapshot]",
        'setup = ["setup.sql"]',
        f"variables = {{ rows = {setting.rows} }}",
        "[migration]",
        'up = "up.sql"',
        *(['down = "down.sql"'] if back else []),
        'transaction = "as-written"',
        "[rollback]",
        f"run = {str(back).lower()}",
        "[traffic]",
        *(_LARGE if setting.rows > _LARGE_ROWS else _SMALL),
        *_operation("the old application", "old", "traffic.sql"),
    ]
    if case.has("traffic_new.sql"):
        lines += _operation("the new application", "new", "traffic_new.sql")
    if case.has("invariant.sql"):
        lines += ["[[invariant]]", 'name = "invariant"', 'file = "invariant.sql"']
    if case.has("rollback_check.sql"):
        lines += ["[[invariant]]", 'name = "facts kept"', 'file = "rollback_check.sql"', 'when = "rollback"']
    return "\n".join(lines) + "\n"


def _operation(name: str, version: str, script: str) -> list[str]:
    return ["[[traffic.operation]]", f'name = "{name}"', f'version = "{version}"', f'pgbench = "{script}"']


def _key(case: Case, setting: Setting) -> str:
    """A digest of everything that decides what is found: the case, the setting, the program."""
    digest = hashlib.sha256(msgspec.json.encode(setting) + scenario_text(case, setting).encode())
    for path in sorted(case.folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    digest.update(_program().encode())
    return digest.hexdigest()


def _program() -> str:
    root = Path(harness.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".py", ".sql")):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()
