"""Half-open spans of time on the run's monotonic clock, in nanoseconds since the run started."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start_ns` (included) to `end_ns` (excluded); `end_ns` is never before `start_ns`."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns < self.start_ns:
            raise ValueError(f"a span cannot end ({self.end_ns}) before it starts ({self.start_ns})")

    @property
    def duration_ns(self) -> int:
        """Length in nanoseconds."""
        return self.end_ns - self.start_ns

    def overlap(self, other: "Span") -> "Span | None":
        """The part both share, or None.

        >>> Span(0, 10).overlap(Span(8, 20))
        Span(start_ns=8, end_ns=10)
        """
        start, end = max(self.start_ns, other.start_ns), min(self.end_ns, other.end_ns)
        return Span(start, end) if start < end else None

    def contains(self, at_ns: int) -> bool:
        """Whether the instant lies inside."""
        return self.start_ns <= at_ns < self.end_ns


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The union of `spans` as sorted, disjoint spans.

    >>> merge_spans([Span(5, 9), Span(0, 6)])
    (Span(start_ns=0, end_ns=9),)
    """
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start_ns <= merged[-1].end_ns:
            merged[-1] = Span(merged[-1].start_ns, max(merged[-1].end_ns, span.end_ns))
        else:
            merged.append(span)
    return tuple(merged)
