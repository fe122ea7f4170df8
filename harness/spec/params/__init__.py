"""Parameters of operations: read from the scenario, drawn from the clone's values.

`nodes` is what there is, `parse` and `write` its text, `sources` what the clone gave; `draw`, `operation` and `batch`
give values.
"""

from collections.abc import Sequence

from harness.spec.params.batch import (
    Batch,
    compile_batch,
)
from harness.spec.params.draw import (
    Draw,
    compile_parameter,
)
from harness.spec.params.nodes import (
    Choice,
    ColumnParameter,
    DateRange,
    Evaluated,
    FakerValue,
    Fitted,
    Fixed,
    FloatRange,
    FromStatistics,
    Inserted,
    IntRange,
    JsonObject,
    NewKey,
    NewUuid,
    Now,
    Nullable,
    Once,
    Parameter,
    RandomText,
    RowValue,
    Sample,
    SampleColumn,
    SampledRow,
    Truth,
    ZipfRange,
    ZipfSample,
    walk,
)
from harness.spec.params.operation import (
    compile_parameters,
    in_order,
    referenced,
    sampled_rows,
)
from harness.spec.params.parse import (
    DEFAULT_ZIPF,
    FUNCTIONS,
    parse_parameter,
)
from harness.spec.params.sources import (
    ColumnStatistics,
    InsertedKeys,
    KeyStart,
    Samples,
    Scale,
    Sources,
)
from harness.spec.params.values import (
    CompactValues,
    compact,
)
from harness.spec.params.write import (
    write_parameter,
)

__all__ = (
    "DEFAULT_ZIPF",
    "FUNCTIONS",
    "Batch",
    "Choice",
    "ColumnParameter",
    "ColumnStatistics",
    "CompactValues",
    "DateRange",
    "Draw",
    "Evaluated",
    "FakerValue",
    "Fitted",
    "Fixed",
    "FloatRange",
    "FromStatistics",
    "Inserted",
    "InsertedKeys",
    "IntRange",
    "JsonObject",
    "KeyStart",
    "NewKey",
    "NewUuid",
    "Now",
    "Nullable",
    "Once",
    "Parameter",
    "RandomText",
    "RowValue",
    "Sample",
    "SampleColumn",
    "SampledRow",
    "Samples",
    "Scale",
    "Sources",
    "Truth",
    "ZipfRange",
    "ZipfSample",
    "compact",
    "compile_batch",
    "compile_parameter",
    "compile_parameters",
    "in_order",
    "needed_columns",
    "needs_faker",
    "parse_parameter",
    "referenced",
    "sampled_rows",
    "walk",
    "write_parameter",
)


def needed_columns(parameters: Sequence[Parameter]) -> tuple[SampleColumn, ...]:
    """The columns that `parameters` take something from, each once, sorted."""
    inner = [one for parameter in parameters for one in walk(parameter)]
    return tuple(sorted({one.source for one in inner if isinstance(one, ColumnParameter)}))


def needs_faker(parameters: Sequence[Parameter]) -> bool:
    """Whether any of them asks for Faker, which takes a while to import."""
    return any(isinstance(one, FakerValue) for parameter in parameters for one in walk(parameter))
