"""The facts of a run: every number a report or a check uses, computed once, each with its error bound.

Times are ns since the run started. `None` is "not measured", never 0. `error_ns` is a ± bound, not a deviation.
"""

from harness.analysis.facts.aftermath import InvariantFacts, RollbackFacts, StateFacts
from harness.analysis.facts.application import AntagonistFacts, LatencyFacts, OperationFacts, Timeline, TrafficFacts
from harness.analysis.facts.change import (
    AcceptedFacts,
    BlockedFacts,
    DeadlockFacts,
    LockFacts,
    StatementFacts,
    WaitFacts,
    WorkFacts,
)
from harness.analysis.facts.whole import EnvironmentFacts, Facts, PhaseFacts, QualityNote

__all__ = [
    "AcceptedFacts",
    "AntagonistFacts",
    "BlockedFacts",
    "DeadlockFacts",
    "EnvironmentFacts",
    "Facts",
    "InvariantFacts",
    "LatencyFacts",
    "LockFacts",
    "OperationFacts",
    "PhaseFacts",
    "QualityNote",
    "RollbackFacts",
    "StateFacts",
    "StatementFacts",
    "Timeline",
    "TrafficFacts",
    "WaitFacts",
    "WorkFacts",
]
