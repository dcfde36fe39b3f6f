"""``measure``: records a value and judges it against its limits."""

from __future__ import annotations

from typing import Unpack

from sequencer.expressions.value import measured
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import ARGUMENTS, CALL, SAVE, TEMPLATE, WARN_LIMITS
from sequencer.steps.measuring import read_name, read_warn_limits, record_measurement
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import DriverCall, LimitedMeasurement, Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureStep(Step):
    """Records ``measurement``: the value of ``source``, or of the template ``value`` when there is no call."""

    measurement: str
    source: DriverCall | None = None
    value: Data = None
    unit: str | None = None
    limits: Data = None
    warn_limits: Data = None
    save: str | None = None

    @property
    def judges(self) -> bool:
        """With limits."""
        return self.limits is not None

    @property
    def limited(self) -> bool:
        """With limits."""
        return self.limits is not None

    @property
    def limited_measurements(self) -> tuple[LimitedMeasurement, ...]:
        """Itself, with limits or warning limits."""
        if self.limits is None and self.warn_limits is None:
            return ()
        return (LimitedMeasurement(self.measurement, self.limits, self.unit, self.warn_limits),)


class Measure(StepRun):
    """Runs a ``measure``: the body sets ``value``; a value that was never set is a missing one and fails."""

    verb = "measure"
    survives_failure = True

    def __init__(
        self,
        case: CaseContext,
        place: str,
        measurement: str,
        *,
        unit: str | None = None,
        limits: object = None,
        warn_limits: object = None,
        save: str | None = None,
        **shared: Unpack[SharedArguments],
    ) -> None:
        shared.setdefault("name", measurement)
        super().__init__(case, place, **shared)
        self.measurement = measurement
        self.unit = unit
        self.limits = limits
        self.warn_limits = warn_limits
        self.save = save
        self.value: object = None

    def finish(self) -> None:
        """Records the value with its judgement; a missed limit is a ``StepFailed``."""
        value = measured(self.value)
        if self.save is not None:
            self.case.save(self.save, value)
        record_measurement(
            self, self.measurement, value, unit=self.unit, limits=self.limits, warn_limits=self.warn_limits
        )


def parse(node: MappingNode, reader: StepReader) -> MeasureStep | None:
    """Reads the step: exactly one of ``call`` and ``value`` says where the value comes from."""
    shared = reader.shared(node, "measure")
    source = None
    if "call" in node and "value" in node:
        reader.problem(
            "two-sources",
            "a measurement takes its value from `call` or from `value`, not both",
            node.key_place("value"),
        )
    elif "call" in node:
        source = reader.call(node)
    elif "value" not in node:
        reader.problem(
            "no-source",
            "this measurement has no value",
            node.key_place("measure"),
            hint="add `call: driver.method`, or `value:` with an expression",
        )
    if "with" in node and "call" not in node:
        reader.problem(
            "with-without-call",
            "`with` is for the arguments of a `call`, but there is no `call`",
            node.key_place("with"),
        )
    unit = reader.text(node, "unit")
    limits = reader.limits(node, "limits", unit)
    if limits is None and "limits" not in node:
        message = "nothing judges this measurement"
        reader.problem("no-limits", message, node.key_place("measure"), hint="add `limits:`", severity="note")
    warn_limits = read_warn_limits(node, reader, unit)
    value = reader.value(node, "value")
    save = node.get("save")
    if save is not None:
        reader.define(save, node.value_place("save"))
    if source is None and "value" not in node:
        return None
    return MeasureStep(
        **shared,
        measurement=read_name(node, "measure", reader) or "",
        source=source,
        value=value,
        unit=unit,
        limits=limits,
        warn_limits=warn_limits,
        save=save,
    )


def emit(step: MeasureStep, out: Emitter) -> None:
    """``with Measure(...) as step: step.value = driver.method(...)``"""
    header = out.construct(
        Measure,
        step,
        step.measurement,
        call=None if step.source is None else str(step.source),
        unit=step.unit,
        limits=step.limits,
        warn_limits=step.warn_limits,
        save=step.save,
    )
    with out.block(f"with {header} as step:"):
        source = out.value(step.value) if step.source is None else out.call(step.source)
        out.line(f"step.value = {source}")


STEP = StepType(
    verb="measure",
    summary="Records a measurement and judges it against its limits.",
    schema={
        "type": "string",
        **TEMPLATE,
        "minLength": 1,
        "description": "The measurement's name.",
        "examples": ["5 V rail"],
    },
    model=MeasureStep,
    parse=parse,
    emit=emit,
    keys={
        "call": CALL,
        "with": ARGUMENTS,
        "value": {
            **TEMPLATE,
            "description": "The value itself, usually an ${{ expression }}.",
            "examples": ["${{ unloaded - loaded }}"],
        },
        "unit": {
            "type": "string",
            **TEMPLATE,
            "description": "The value's unit.",
            "examples": ["V", "mA", "°C", "%"],
        },
        "limits": {"$ref": "#/$defs/limits"},
        "warn_limits": WARN_LIMITS,
        "save": SAVE,
    },
    example="- measure: 5 V rail\n  call: meter.read_voltage\n  unit: V\n  limits: [4.8, 5.2]\n",
)
