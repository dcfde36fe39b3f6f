"""``settle``: reads until the readings stay within a band, then records the last one as a measurement."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sequencer.extension import (
    ARGUMENTS,
    CALL,
    DURATION,
    TEMPLATE,
    CaseContext,
    DriverCall,
    Emitter,
    MappingNode,
    Step,
    StepError,
    StepFailed,
    StepReader,
    StepRun,
    StepType,
    measured,
    read_name,
    record_measurement,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleStep(Step):
    """What a sequence says: the checked, frozen form of one `settle`."""

    measurement: str
    source: DriverCall
    band: float
    readings: int
    at_most: int
    pause: float
    unit: str | None
    limits: Any

    @property
    def judges(self) -> bool:
        """With limits. Without this property a case of such steps alone would have tested nothing."""
        return self.limits is not None

    @property
    def limited(self) -> bool:
        """With limits."""
        return self.limits is not None


class Settle(StepRun):
    """What generated code uses: its loop takes readings, ``finish`` judges the last one."""

    verb = "settle"
    survives_failure = True  # as after a measurement, the rest of the case still runs

    def __init__(
        self,
        case: CaseContext,
        place: str,
        measurement: str,
        *,
        band: float,
        readings: int,
        at_most: int,
        pause: float,
        unit: str | None = None,
        limits: Any = None,
        **shared: Any,
    ) -> None:
        super().__init__(case, place, **{"name": measurement, **shared})
        self.measurement = measurement
        self.band, self.readings, self.at_most, self.pause = band, readings, at_most, pause
        self.unit, self.limits = unit, limits
        self.value: Any = None

    def __iter__(self) -> Iterator[int]:
        taken: list[float] = []
        for number in range(1, self.at_most + 1):
            yield number  # the body of the loop sets ``value``
            taken.append(self._reading())
            last = taken[-self.readings :]
            if len(last) == self.readings and max(last) - min(last) <= self.band:
                return
            self.case.sleep(self.pause)
        raise StepFailed(f"{self.name} did not settle within {self.band:g} in {self.at_most} readings")

    def _reading(self) -> float:
        value = measured(self.value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise StepError(f"settle needs a number, not {value!r:.80}")
        return value

    def finish(self) -> None:
        """Records the reading that settled; a missed limit is a ``StepFailed``."""
        record_measurement(self, self.measurement, measured(self.value), unit=self.unit, limits=self.limits)


def parse(node: MappingNode, reader: StepReader) -> SettleStep | None:
    """From YAML to a step; whatever is wrong is told to the reader, with its place."""
    shared = reader.shared(node, "settle")
    source = reader.call(node)
    unit = reader.text(node, "unit")
    limits = reader.limits(node, "limits", unit)
    name = read_name(node, "settle", reader)
    if source is None or name is None:
        return None
    return SettleStep(
        **shared,
        measurement=name,
        source=source,
        band=node["band"],
        readings=node.get("readings", 3),
        at_most=node.get("at_most", 100),
        pause=reader.seconds(node, "pause") or 0.0,
        unit=unit,
        limits=limits,
    )


def emit(step: SettleStep, out: Emitter) -> None:
    """Generated code: ``with Settle(...) as step:``, and in its loop ``step.value = supply.voltage()``.

    What the sequence says reaches the code by ``construct`` and ``call`` alone, which make literals of it.
    """
    header = out.construct(
        Settle,
        step,
        step.measurement,
        call=str(step.source),
        band=step.band,
        readings=step.readings,
        at_most=step.at_most,
        pause=step.pause,
        unit=step.unit,
        limits=step.limits,
    )
    with out.block(f"with {header} as step:"), out.block("for _ in step:"):
        out.line(f"step.value = {out.call(step.source)}")


STEP = StepType(
    verb="settle",
    summary="Reads until the readings stay within a band, then records the last one as a measurement.",
    schema={
        "type": "string",
        **TEMPLATE,
        "minLength": 1,
        "description": "The measurement's name.",
        "examples": ["Output"],
    },
    model=SettleStep,
    parse=parse,
    emit=emit,
    keys={
        "call": CALL,
        "with": ARGUMENTS,
        "band": {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "How far apart the readings may lie, in their unit.",
            "examples": [0.01],
        },
        "readings": {"type": "integer", "minimum": 2, "description": "How many readings must agree; default: 3."},
        "at_most": {"type": "integer", "minimum": 2, "description": "How many are taken at most; default: 100."},
        "pause": {**DURATION, "description": "The pause between two readings; default: none."},
        "unit": {"type": "string", **TEMPLATE, "description": "The unit of the readings.", "examples": ["V"]},
        "limits": {"$ref": "#/$defs/limits"},
    },
    required=frozenset({"call", "band"}),
    example="- settle: Output\n  call: supply.voltage\n  band: 0.01\n  unit: V\n  limits: [4.9, 5.1]\n",
)
