"""The facts of a run: every number a report or a check uses, computed once, each with its error bound.

Times are ns since the run started. `None` is "not measured", never 0. `error_ns` is a ± bound, not a deviation.
"""

from harness.analysis.facts.aftermath import InvariantFacts, RollbackFacts, StateFacts
from harness.analysis.facts.application import (
    AntagonistFacts,
    CourseFacts,
    ErrorFacts,
    LatencyFacts,
    NoiseFacts,
    OperationFacts,
    Timeline,
    TimesFacts,
    TrafficFacts,
)
from harness.analysis.facts.chains import BlockedShare, ChainFacts, ChainNode
from harness.analysis.facts.change import (
    AcceptedFacts,
    BlockedFacts,
    DeadlockFacts,
    DeadlockSideFacts,
    ExpectedFacts,
    LockFacts,
    LockSlotsFacts,
    StatementFacts,
    WaitFacts,
    WorkFacts,
)
from harness.analysis.facts.left import DeadRowsFacts, LeftFacts
from harness.analysis.facts.probes import (
    AppStatementFacts,
    DeadlockProbeFacts,
    ProbedDeadlockFacts,
    QueueProbeFacts,
)
from harness.analysis.facts.versions import (
    CallFacts,
    EffectFacts,
    PlanFacts,
    PreparedFacts,
    SchemaState,
    SessionFacts,
    ShapeFacts,
    VersionsFacts,
)
from harness.analysis.facts.whole import EnvironmentFacts, Facts, PhaseFacts, QualityNote

__all__ = [
    "AcceptedFacts",
    "AntagonistFacts",
    "AppStatementFacts",
    "BlockedFacts",
    "BlockedShare",
    "CallFacts",
    "ChainFacts",
    "ChainNode",
    "CourseFacts",
    "DeadRowsFacts",
    "DeadlockFacts",
    "DeadlockProbeFacts",
    "DeadlockSideFacts",
    "EffectFacts",
    "EnvironmentFacts",
    "ErrorFacts",
    "ExpectedFacts",
    "Facts",
    "InvariantFacts",
    "LatencyFacts",
    "LeftFacts",
    "LockFacts",
    "LockSlotsFacts",
    "NoiseFacts",
    "OperationFacts",
    "PhaseFacts",
    "PlanFacts",
    "PreparedFacts",
    "ProbedDeadlockFacts",
    "QualityNote",
    "QueueProbeFacts",
    "RollbackFacts",
    "SchemaState",
    "SessionFacts",
    "ShapeFacts",
    "StateFacts",
    "StatementFacts",
    "Timeline",
    "TimesFacts",
    "TrafficFacts",
    "VersionsFacts",
    "WaitFacts",
    "WorkFacts",
]
