"""A workload out of a log as files: the part of a scenario to paste, and the recorded arrivals."""

import csv
import io

from harness.workload.derived import Derived
from harness.workload.from_log import Arrivals
from harness.workload.toml import operations_toml


def traffic_toml(derived: Derived, *, trace: str = "") -> str:
    """[traffic] with its operations; `trace` names the file of the recorded arrivals, "" where the rate is enough."""
    head = "[traffic]\n"
    if trace:
        quoted = trace.replace("\\", "\\\\").replace('"', '\\"')
        head += f'arrival = "trace"\ntrace = "{quoted}"\n'
    elif derived.rate is not None:
        head += f"rate = {derived.rate!r}\n"
    return head + "\n" + operations_toml(derived)


def trace_csv(derived: Derived, arrivals: Arrivals, *, kept: Derived | None = None) -> str:
    """Lines of seconds and operation, in order, after a header; only of the operations of `kept`, where it is given."""
    names = [operation.name for operation in derived.operations]
    known = {operation.name for operation in (kept or derived).operations}
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("seconds", "operation"))
    for seconds, number in zip(arrivals.seconds, arrivals.operations, strict=True):
        if names[number] in known:
            rows.writerow((f"{seconds:.6f}", names[number]))
    return text.getvalue()
