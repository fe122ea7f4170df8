"""Where a script is inside a pipeline, as far as its text tells, and what cannot be right there."""

from collections.abc import Iterator, Sequence

from harness.spec.pgbench.nodes import Capture, Command, Jump, JumpUnless, Pipeline, PipelineStep, Sql


def pipeline_states(commands: Sequence[Command]) -> tuple[frozenset[bool], ...]:
    """For each command and for the end: whether a pipeline can be open (True), closed (False), or either.

    Branches make it depend on values; a command that nothing reaches has neither.
    """
    states: list[set[bool]] = [set() for _ in range(len(commands) + 1)]
    todo = [(0, False)]
    while todo:
        index, is_open = todo.pop()
        if is_open in states[index]:
            continue
        states[index].add(is_open)
        if index < len(commands):
            todo += _next(commands[index], index, is_open)
    return tuple(frozenset(state) for state in states)


def _next(command: Command, index: int, is_open: bool) -> list[tuple[int, bool]]:
    match command:
        case Jump(target):
            return [(target, is_open)]
        case JumpUnless(_, target, _):
            return [(index + 1, is_open), (target, is_open)]
        case Pipeline(PipelineStep.START | PipelineStep.END as step, _):
            return [(index + 1, step is PipelineStep.START)]
        case _:
            return [(index + 1, is_open)]


def pipeline_faults(commands: Sequence[Command]) -> Iterator[tuple[str, int]]:
    """What fails on every way through the script, with its line; the rest shows when it runs."""
    states = pipeline_states(commands)
    for command, state in zip(commands, states, strict=False):
        match command:
            case Pipeline(PipelineStep.START, line) if state == {True}:
                yield "\\startpipeline inside a pipeline", line
            case Pipeline(step, line) if step is not PipelineStep.START and state == {False}:
                yield f"\\{step.value}pipeline without \\startpipeline", line
            case Sql(_, line, Capture() as capture) if state == {True}:
                yield f"\\{capture.value} inside a pipeline, where the row is not there yet", line
    if states[-1] == {True}:
        starts = [c.line for c in commands if isinstance(c, Pipeline) and c.step is PipelineStep.START]
        yield "\\startpipeline without \\endpipeline: the script ends inside the pipeline", starts[-1]
