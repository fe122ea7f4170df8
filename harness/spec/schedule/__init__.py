"""The pure schedule of arrivals: made from the seed, as far ahead as the run needs.

An arrival carries its own two uniform draws: which app version, which of its operations. So a change of the version mix
moves no arrival, and a change of the weights changes no version.
"""

from harness.spec.schedule.arrivals import Block, CourseSchedule, DueTimes, Schedule, arrivals, due_between
from harness.spec.schedule.chooser import DRAWN, Chooser, Weighted
from harness.spec.schedule.course import NEVER, Burst, Leg, RampPoint, RateChange, RateCourse
from harness.spec.schedule.trace import Trace, TraceSchedule, load_trace

__all__ = [
    "DRAWN",
    "NEVER",
    "Block",
    "Burst",
    "Chooser",
    "CourseSchedule",
    "DueTimes",
    "Leg",
    "RampPoint",
    "RateChange",
    "RateCourse",
    "Schedule",
    "Trace",
    "TraceSchedule",
    "Weighted",
    "arrivals",
    "due_between",
    "load_trace",
]
