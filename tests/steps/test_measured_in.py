"""The unit of a measurement, when it comes from an expression."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.expressions.expression import evaluate_template, evaluate_text
from sequencer.report.event import MeasurementRecorded
from sequencer.steps.base import StepRun
from sequencer.steps.measure import Measure
from sequencer.vocabulary.failure import StepError, StepFailed


class Case:
    """A case in whose scope ``unit`` is what a table says."""

    full_name = "m::c"

    def __init__(self, unit: Any) -> None:
        self.scope = {"unit": unit}
        self.events: list[Any] = []

    def begin(self, step: StepRun) -> None: ...

    def end(self, step: StepRun, error: BaseException | None) -> bool:
        return False

    def judged(self, *, limits: bool = False) -> None: ...

    def value(self, template: Any) -> Any:
        return evaluate_template(template, self.scope)

    def text(self, template: str) -> str:
        return evaluate_text(template, self.scope)

    def emit(self, event: Any) -> None:
        self.events.append(event)


def measure(unit: Any, value: float, limits: Any) -> MeasurementRecorded:
    """What is recorded of ``value`` with the unit ``${{ unit }}``."""
    case = Case(unit)
    step = Measure(case, "s.yaml:1:1", "Rail", unit="${{ unit }}", limits=limits)  # type: ignore[arg-type]
    step.value = value
    step.run()
    recorded: MeasurementRecorded = case.events[0]
    return recorded


def test_limits_are_converted_to_the_unit_that_the_expression_gives() -> None:
    """4900 mV and 5.1 V hold for a value in V, although check could not know the unit."""
    recorded = measure("V", 5.0, ["4900 mV", "5.1 V"])
    assert (recorded.unit, recorded.result) == ("V", True)
    with pytest.raises(StepFailed, match=r"above the highest|5.2|above"):
        measure("V", 5.2, ["4900 mV", "5.1 V"])


def test_limits_of_another_dimension_are_an_error_of_the_case() -> None:
    """Milliamperes do not limit volts: nothing was compared, so nothing can pass."""
    with pytest.raises(StepError, match=r"limits of 'Rail'.*mA"):
        measure("V", 5.0, {"le": "10 mA"})


@pytest.mark.parametrize("unit", [None, "", "  "])
def test_an_empty_cell_is_no_unit(unit: object) -> None:
    """A table's row without a unit records a number without one."""
    assert measure(unit, 5.0, {"le": 6}).unit is None


@pytest.mark.parametrize("unit", [5, True, ["V"]])
def test_what_is_no_text_is_no_unit(unit: object) -> None:
    """A column that was mixed up with another is an error."""
    with pytest.raises(StepError, match="unit of 'Rail' must be a string"):
        measure(unit, 5.0, {"le": 6})


@pytest.mark.parametrize("name", ["", " ", None, "5 V\nrail", "a\x00"])
def test_a_measurement_has_a_name(name: object) -> None:
    """One from an expression that is blank, or has line ends inside, is an error: nobody would find its value."""
    case = Case(name)
    step = Measure(case, "s.yaml:1:1", "${{ unit if unit is not none else '' }}")  # type: ignore[arg-type]
    step.value = 5
    with pytest.raises(StepError, match="the measurement's name"):
        step.run()
    assert case.events == []
