"""Peak memory of anonymizing the benchmark's table, and the same table many times as large; prints a line for each.

    python -m benchmarks.anonymize_memory ARCHIVE [TIMES]

ARCHIVE is `pg_dump -Fd -Z0` of customers.sql (about 100 MB with 850,000 rows), TIMES 20 unless given: 2 GB. Both are
anonymized with the leak check by two processes beside the one that leads them.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

JOBS = 2
HERE = Path(__file__).parent
_LETTERS = bytes(range(ord("a"), ord("z") + 1))
_EVERY_S = 0.1


def grow(source: Path, target: Path, *, times: int) -> None:
    """An archive with the rows of `source` `times` over, with other letters each time, so that values stay distinct."""
    target.mkdir()
    for path in source.iterdir():
        if path.suffix != ".dat" or path.name == "toc.dat":
            shutil.copy(path, target)
            continue
        text = path.read_bytes()
        rows = text.rindex(b"\\.\n")
        with (target / path.name).open("wb") as out:
            for number in range(times):
                other = bytes.maketrans(_LETTERS, _LETTERS[number:] + _LETTERS[:number])
                out.write(text[:rows].translate(other))
            out.write(text[rows:])


def peak_bytes(source: Path, target: Path) -> tuple[int, dict[str, float]]:
    """The largest sum of proportional resident memory of all processes, looked at ten times a second, and the run."""
    program = [sys.executable, "-m", "benchmarks.anonymize_once", str(source), str(target), str(JOBS), "check"]
    peak = 0
    with subprocess.Popen(program, cwd=HERE.parent, stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_resident_bytes, _tree(process.pid))))
            time.sleep(_EVERY_S)
        assert process.stdout is not None
        told: dict[str, float] = json.loads(process.stdout.read())
    return peak, told


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _tree(int(child)))]


def _resident_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main(source: Path, times: int) -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory(dir=source.parent) as work:
        large = Path(work) / "large"
        grow(source, large, times=times)
        for archive in (source, large):
            size = sum(path.stat().st_size for path in archive.iterdir())
            peak, run = peak_bytes(archive, Path(work) / "out")
            shutil.rmtree(Path(work) / "out")
            sys.stdout.write(
                f"{size / 1e6:,.0f} MB: peak {peak / 1e6:,.0f} MB of {1 + JOBS} processes, "
                f"{size / 1e6 / run['cpu_s']:.0f} MB/s of CPU time ({run['cpu_s']:.1f} s), {run['wall_s']:.1f} s\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
