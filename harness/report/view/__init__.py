"""The view model: every text and number of a report, once, in the order in which every format shows them."""

from harness.report.view.build import build_view
from harness.report.view.model import View

__all__ = ["View", "build_view"]
