"""``chart``: data series with the case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set, Sized
from itertools import islice
from typing import TYPE_CHECKING, Unpack

from sequencer.expressions.value import MAX_TAKEN, to_data
from sequencer.report.event import ChartAdded
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import EXPRESSION_TEXT, TEMPLATE
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.tree import MappingNode, SequenceNode

if TYPE_CHECKING:
    from sequencer.report.chart_points import Points

CHART_TYPES = ("line", "line_log_x", "line_log_y", "log_x_y")
MOST_POINTS = 100_000
"""Of a series: what a browser still draws, and what a report carries. Of a longer one all points are attached."""

_UNUSUAL = re.compile(r"[^\w .,+()-]")
"""What no file's name has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartStep(Step):
    """Adds the chart that the template ``chart`` describes."""

    chart: Data


class Chart(StepRun):
    """Runs a ``chart``."""

    verb = "chart"

    def __init__(
        self, case: CaseContext, place: str, chart: Mapping[str, object], **shared: Unpack[SharedArguments]
    ) -> None:
        super().__init__(case, place, **shared)
        self.chart = chart

    def finish(self) -> None:
        """Sends it with the report format's keys; series whose data is no list of numbers are a ``StepError``."""
        said = self.case.value(self.chart)
        series = said["series"]
        if isinstance(series, str | Mapping) or not isinstance(series, Iterable):
            raise StepError(Reason("chart_series", found=f"{series!r:.100}"))
        names: list[str | None] = []
        x_data: list[Points] = []
        y_data: list[Points] = []
        for number, one in enumerate(series, 1):
            if not isinstance(one, Mapping) or "y" not in one:
                raise StepError(Reason("chart_no_y", number=number))
            given = str(one["name"]) if one.get("name") else None
            name = given or f"{number}"
            y = _numbers(name, "y", one["y"])
            x = list(range(len(y))) if one.get("x") is None else _numbers(name, "x", one["x"])
            if len(x) != len(y):
                raise StepError(Reason("chart_uneven", name=name, x=len(x), y=len(y)))
            names.append(given)
            x_data.append(x)
            y_data.append(y)
        labels = _labels(said)
        longest = max(map(len, y_data), default=0)
        thinned = {} if longest <= MOST_POINTS else self._thin(labels["title"], longest, names, x_data, y_data)
        self.case.emit(ChartAdded(self.case.full_name, {**labels, **_data(names, x_data, y_data), **thinned}))

    def _thin(
        self, title: str | None, longest: int, names: list[str | None], x_data: list[Points], y_data: list[Points]
    ) -> dict[str, object]:
        """Attaches all points and leaves as many as can be drawn; what the chart says of that."""
        # Imported here: few charts are so long.
        from sequencer.report.chart_points import points_csv, thinned

        called = [name or f"{number}" for number, name in enumerate(names, 1)]
        file = f"{_UNUSUAL.sub('_', title or self.verb)[:100]}.csv"
        self.case.attach(file, points_csv(called, x_data, y_data), "text/csv")
        for at, (x, y) in enumerate(zip(x_data, y_data, strict=True)):
            x_data[at], y_data[at] = thinned(x, y, MOST_POINTS)
        return {"thinned": {"points": longest, "attachment": file}}


def _labels(said: Mapping[str, object]) -> dict[str, str | None]:
    texts = {key: None if said.get(key) is None else str(said[key]) for key in ("title", "x_label", "y_label")}
    return {"type": str(said.get("type") or "line"), **texts}


def _data(names: list[str | None], x_data: Sequence[object], y_data: Sequence[object]) -> dict[str, object]:
    return {"marker_name": names, "x_data": x_data, "y_data": y_data}


def _numbers(name: str, axis: str, values: object) -> Points:
    """Plain numbers, ``None`` and NaN among them being gaps."""
    if isinstance(values, Sized) and len(values) > MAX_TAKEN:
        raise StepError(Reason("chart_too_long", name=name, number=len(values), most=MAX_TAKEN))
    found: list[int | float | None] = []
    for plain in _plain(values):
        if not isinstance(plain, list):
            raise StepError(Reason("chart_not_list", axis=axis, name=name, found=f"{plain!r:.100}"))
        for value in plain:
            # ``to_data`` spells the numbers that JSON lacks.
            if value is None or value in ("NaN", "Infinity", "-Infinity"):
                found.append(None)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                found.append(value)
            else:
                raise StepError(Reason("chart_not_number", axis=axis, name=name, found=f"{value!r:.100}"))
    return found


def _plain(values: object) -> Iterator[Data]:
    """The values as plain data, in as many parts as it takes, since data is bounded."""
    if not isinstance(values, Sized) or len(values) <= MOST_POINTS or not isinstance(values, Iterable):
        yield to_data(values)
        return
    if isinstance(values, str | bytes | Mapping | Set):
        yield to_data(values)
        return
    left = iter(values)
    while part := list(islice(left, MOST_POINTS)):
        yield to_data(part)


def parse(node: MappingNode, reader: StepReader) -> ChartStep:
    """Reads the step."""
    _check_lengths(node["chart"]["series"], reader)
    return ChartStep(**reader.shared(node, "chart"), chart=reader.template(node, "chart"))


def _check_lengths(series: object, reader: StepReader) -> None:
    """Reports series whose written x and y values are not as many."""
    for one in series if isinstance(series, SequenceNode) else ():
        x, y = one.get("x"), one["y"]
        if isinstance(x, SequenceNode) and isinstance(y, SequenceNode) and len(x) != len(y):
            reader.problem("uneven-series", f"{len(x)} x values but {len(y)} y values", one.value_place("y"))


def emit(step: ChartStep, out: Emitter) -> None:
    """``Chart(...).run()``"""
    out.line(out.construct(Chart, step, step.chart) + ".run()")


_VALUES = [{"type": "array", "items": {"type": ["number", "null", "string"], **TEMPLATE}}, EXPRESSION_TEXT]
_LABEL = {"type": "string", **TEMPLATE}

STEP = StepType(
    verb="chart",
    summary="Adds a chart to the case and to the report.",
    schema={
        "type": "object",
        "description": "What to draw.",
        "properties": {
            "title": {**_LABEL, "description": "The chart's heading.", "examples": ["Ripple"]},
            "type": {"enum": list(CHART_TYPES), "description": "Which axes are logarithmic; default: `line` (none)."},
            "x_label": {**_LABEL, "description": "What the x axis shows.", "examples": ["Frequency, Hz"]},
            "y_label": {**_LABEL, "description": "What the y axis shows.", "examples": ["Gain, dB"]},
            "series": {
                "description": "The series, one line each.",
                "anyOf": [
                    {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "properties": {
                                "name": {
                                    **_LABEL,
                                    "description": "The line's name in the legend.",
                                    "examples": ["5 V"],
                                },
                                "x": {"anyOf": _VALUES, "description": "The x values; default: 0, 1, 2, ..."},
                                "y": {"anyOf": _VALUES, "description": "The y values, as many as x values."},
                            },
                            "required": ["y"],
                            "additionalProperties": False,
                        },
                    },
                    EXPRESSION_TEXT,
                ],
                "examples": [[{"name": "5 V", "x": [0, 1, 2], "y": [4.98, 5.01, 5.0]}]],
            },
        },
        "required": ["series"],
        "additionalProperties": False,
        "examples": [{"title": "Ripple", "series": [{"name": "5 V", "y": "${{ samples }}"}]}],
    },
    model=ChartStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if", "on_fail"}),
    example=(
        "- chart:\n    title: Ripple\n    x_label: Time, ms\n    y_label: Voltage, V\n"
        '    series:\n      - {name: 5 V, x: "${{ scan.times }}", y: "${{ scan.volts }}"}\n'
    ),
)
