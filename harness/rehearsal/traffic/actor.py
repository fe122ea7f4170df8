"""An actor, the operation that it runs and what that is made of, and the connection that serves it."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final, Protocol, TypeAlias

from psycopg.pq.abc import PGconn, PGresult

from harness.rehearsal.traffic.capture import Written
from harness.rehearsal.traffic.recorder import what_ran, what_served
from harness.rehearsal.traffic.session import ServerError, Session
from harness.rehearsal.traffic.statement import Bind, CompiledStatement, Missed, Variables
from harness.spec.operation import Retry
from harness.spec.params import Draw
from harness.spec.pgbench.evaluate import Client, Evaluator
from harness.spec.pgbench.nodes import Value
from harness.spec.pgbench.values import ExpressionError

Answer: TypeAlias = list[PGresult]
"""The results of what was sent; empty where the connection was lost."""


class Instruction(Protocol):
    """One instruction of an operation; see `instructions.py`."""

    def run(self, actor: "Actor", /) -> int:
        """Do it: the index of the next one, or why the actor has to wait."""
        ...

    def answered(self, actor: "Actor", results: Answer, /) -> int:
        """Take the results of what was sent: the index of the next one."""
        ...


class Sent(Protocol):
    """An instruction whose statement is in a pipeline."""

    def taken(self, actor: "Actor", results: Answer, /) -> None:
        """Its result is good."""
        ...

    def refused(self, actor: "Actor", error: ServerError, /) -> None:
        """Its result is an error: raise what follows from that."""
        ...


class Swift(Protocol):
    """A prepared statement whose rows nobody wants; see `instructions.Execute`.

    `then` is the same of the statement that follows directly, `last` says that the operation's end does.
    """

    at: int
    index: int
    key: bytes
    bind: Bind
    plain: bool
    then: "Swift | None"
    last: bool


Code: TypeAlias = tuple[Instruction, ...]
_NO_CODE: Final[Code] = ()


class CompiledOperation:
    """An operation ready to run; `retry` is what the application does about errors.

    `repeats`: a retry has to draw the random numbers of its \\set again; `draws` says whether it has parameters.

    `opening` are the variables that it sets first, and `first` the statement that follows them, where that is all there
    is before the server is asked: what `express.py` begins by itself; else `first` is None. Where all of `opening` are
    random() between numbers that are known, `ranges` are their bounds.
    """

    __slots__ = (
        "_draws",
        "_fixed",
        "_statements",
        "code",
        "draws",
        "first",
        "index",
        "opening",
        "ranges",
        "repeats",
        "retry",
        "what",
    )

    def __init__(
        self,
        *,
        index: int,
        code: Code,
        fixed: Mapping[str, Value],
        draws: Sequence[tuple[str, Draw]],
        retry: Retry | None,
        evaluates: bool,
        statements: Sequence[CompiledStatement] = (),
        opening: Sequence[tuple[str, Evaluator]] = (),
        ranges: Sequence[tuple[str, int, int]] = (),
        first: Swift | None = None,
    ) -> None:
        self._statements = statements
        self.index = index
        self.code = code
        self._fixed = dict(fixed)
        self._draws = tuple(draws)
        self.draws = bool(fixed or draws)
        self.retry = retry if retry is not None and retry.attempts > 1 and retry.on else None
        self.repeats = self.retry is not None and evaluates
        self.opening = tuple(opening)
        self.ranges = tuple(ranges)
        self.first = None if self.repeats else first
        self.what = what_ran(index)

    def draw(self, variables: Variables, random: Random) -> None:
        """Set this execution's parameters; one whose expression fails stays undefined, and so fails the execution."""
        for name, draw in self._draws:
            try:
                variables[name] = draw(random)
            except ExpressionError:
                variables.pop(name, None)
        if self._fixed:
            variables.update(self._fixed)

    @property
    def missed(self) -> Missed | None:
        """How often the statement that expects a row, or the worst of several, found none; None without such."""
        counted = [s for s in self._statements if s.executions]
        worst = max(counted, key=lambda s: s.misses, default=None)
        return None if worst is None else Missed(self.index, worst.executions, worst.misses)


class BoundSession(Session):
    """A connection that serves an actor: `serves`; `piped` is what was sent in the pipeline that is open, if one is.

    `swift` is the statement whose answer `express.py` waits for; where the actor is, is then not noted in the actor.
    """

    __slots__ = ("piped", "serves", "swift", "what")

    def __init__(self, number: int, conninfo: bytes, pgconn: PGconn) -> None:
        self.serves: Actor | None = None
        self.piped: list[Sent] | None = None
        self.swift: Swift | None = None
        self.what = what_served(number)
        super().__init__(number, conninfo, pgconn)

    def ready(self) -> None:
        """The connection stands: nothing is prepared yet, no pipeline is open."""
        super().ready()
        self.piped = self.swift = None

    def open_pipeline(self) -> None:
        """From here on statements are sent without waiting for one another's results."""
        self.pgconn.enter_pipeline_mode()
        self.piped = []

    def close_pipeline(self) -> None:
        """After the last result: statement by statement again."""
        self.piped = None
        if not self.broken:
            self.pgconn.exit_pipeline_mode()


class Actor:
    """One connection of the application's pool, and where the operation that it runs has got to.

    What changes with every statement is kept in plain slots, because attributes are the hot path. `session` is the
    server connection that serves it: its own for good, or, with transaction pooling, one for each transaction (None
    between them). `freed_ns` is when it became free. `awaits` says that answers of the server are outstanding,
    `turn` counts operations, so that a timer of an earlier one finds out. `served_by` is the number of the session
    that served the operation first. `failure` is set once the operation has failed and is only being rolled back,
    `again` where it is run once more because of something that the harness added: `tail`, to the statement that it sent
    last. `untouched` says that nobody but `express.py` has moved it since it began.
    """

    __slots__ = (
        "absorbed",
        "again",
        "at",
        "attempts",
        "awaits",
        "checkout_ns",
        "client",
        "code",
        "committed",
        "due_ns",
        "failure",
        "freed_ns",
        "number",
        "operation",
        "preparing",
        "queued_ns",
        "random_state",
        "served_by",
        "session",
        "start_ns",
        "statement",
        "tail",
        "turn",
        "untouched",
        "variables",
        "version",
        "waited",
        "wake_after_ns",
        "written",
    )

    def __init__(self, number: int, client: Client, *, committed: Callable[[list[Written]], None]) -> None:
        self.number = number
        self.committed = committed
        self.client = client
        self.variables: dict[str, Value] = client.variables
        self.session: BoundSession | None = None
        self.turn = 0
        self.operation: CompiledOperation | None = None
        self.random_state: tuple[Any, ...] | None = None
        self.freed_ns = self.due_ns = self.checkout_ns = self.start_ns = self.queued_ns = self.wake_after_ns = 0
        self.version = self.served_by = self.attempts = 0
        self.absorbed = self.tail = b""
        self.waited = self.untouched = False
        self.preparing: bytes | None = None
        self.failure: ServerError | None = None
        self.written: list[Written] | None = None
        self.restart(_NO_CODE)

    def begin(self, operation: CompiledOperation) -> None:
        """Take up `operation`, with parameters of its own, whatever became of the one before."""
        self.attempts = 1
        self.absorbed = b""
        self.untouched = False
        self.operation = operation
        self.restart(operation.code)
        if operation.draws:
            operation.draw(self.variables, self.client.random)
        self.random_state = self.client.random.getstate() if operation.repeats else None

    def restart(self, code: Code) -> None:
        """From the first instruction of `code` on."""
        self.code = code
        self.at = self.statement = 0
        self.awaits = self.again = False
        self.preparing = self.failure = self.written = None
