"""Sets of limits by the name of what is behind the database, so that nobody has to begin with numbers."""

from typing import Any, Final

from harness.spec.scenario import Preset

PRESETS: Final[dict[Preset, dict[str, str | int]]] = {
    Preset.STRICT: {
        "blocked": "100ms",
        "outage": "100ms",
        "p99": "3x",
        "failed": 0,
        "held": "200ms",
        "rollback_time": "10s",
    },
    Preset.WEB: {
        "blocked": "500ms",
        "outage": "250ms",
        "p99": "10x",
        "failed": 0,
        "held": "1s",
        "rollback_time": "60s",
    },
    Preset.BATCH: {
        "blocked": "30s",
        "outage": "30s",
        "p99": "1000x",
        "failed": "0.1%",
        "held": "60s",
        "rollback_time": "30m",
    },
}
"""strict: other services wait on this one, and each has a timeout of its own. 100 ms is what a person still takes for
"at once" (Nielsen, Usability Engineering, 1993), and about what a chain of five calls has left of half a second; p99 at
three times the baseline keeps a service within the usual latency objective of one that is met with room to spare.

web: people wait. Half a second leaves a page below the second at which a train of thought breaks (the same source); a
quarter of a second without any answer is shorter than the interval of a health check. These are the defaults of
[budgets] too.

batch: jobs wait and try again. 30 s is the usual timeout of a client's statement; nobody sees latency, so p99 is only
bounded against a standstill; one job in a thousand may be repeated; a way back may take half an hour.
"""


def with_preset(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the preset's limits where it writes none of its own; unchanged where it names no preset."""
    budgets = document.get("budgets")
    name = budgets.get("preset") if isinstance(budgets, dict) else None
    known = next((preset for preset in Preset if preset.value == name), None)
    if known is None or not isinstance(budgets, dict):
        return document
    return {**document, "budgets": {**PRESETS[known], **budgets}}
