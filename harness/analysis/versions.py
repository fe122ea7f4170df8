"""When each version of the application is meant to run: errors outside of that are expected."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.phases import Windows
from harness.events.run import MixChanged
from harness.model.spans import Span, merge_spans

FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Mix:
    """The shares of the versions over time, as spans; an empty mix means every version."""

    spans: tuple[tuple[Span, frozenset[str]], ...]

    def runs(self, version: str, at_ns: int) -> bool:
        """Whether operations of the version are meant to be offered at an instant."""
        for span, versions in self.spans:
            if span.contains(at_ns):
                return not version or not versions or version in versions
        return True

    def when(self, version: str) -> tuple[Span, ...]:
        """The spans in which the version is meant to run."""
        return tuple(span for span, versions in self.spans if not version or not versions or version in versions)


def mix_of(changes: Sequence[MixChanged]) -> Mix:
    """The mix over time; what the first change says ran before it too, for the migration begins with it."""
    spans: list[tuple[Span, frozenset[str]]] = []
    at, versions = 0, frozenset[str]()
    for number, change in enumerate(changes):
        if number == 0:
            versions = _running(change)
        if change.at_ns > at:
            spans.append((Span(at, change.at_ns), versions))
        at, versions = change.at_ns, _running(change)
    spans.append((Span(at, FOREVER), versions))
    return Mix(tuple(spans))


def _running(change: MixChanged) -> frozenset[str]:
    return frozenset(name for name, share in change.shares.items() if share > 0)


def is_new(version: str, *, mix: Mix, windows: Windows) -> bool:
    """Whether the version is the one the migration is for: named "new", or absent while the baseline was measured."""
    if not version:
        return False
    if version == "new" or windows.baseline is None:
        return version == "new"
    middle = (windows.baseline.start_ns + windows.baseline.end_ns) // 2
    return not mix.runs(version, middle)


def counted_spans(version: str, *, mix: Mix, windows: Windows) -> tuple[Span, ...]:
    """When an error of the version counts against the migration.

    A new version need not work on the old schema: it counts from the end of the migration (with phases: from its
    share of the mix on) until the way back begins. An old version that had left the mix need not work before the way
    back has ended.
    """
    if windows.migrate is None:
        return ()
    begin = windows.migrate.start_ns
    stop = windows.rollback.start_ns if windows.rollback else FOREVER
    allowed: list[Span] = []
    if is_new(version, mix=mix, windows=windows):
        in_phases = any(version in versions for _, versions in mix.spans)
        allowed.append(Span(begin if in_phases else windows.migrate.end_ns, stop))
    elif windows.rollback is None or mix.runs(version, stop - 1):
        allowed.append(Span(begin, FOREVER))
    else:
        allowed += [Span(begin, stop), Span(windows.rollback.end_ns, FOREVER)]
    overlaps = (span.overlap(limit) for span in mix.when(version) for limit in allowed if limit.duration_ns)
    return merge_spans(found for found in overlaps if found is not None)
