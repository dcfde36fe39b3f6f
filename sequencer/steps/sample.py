"""``sample``: one or several signals again and again, drawn while they come, judged when all have."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Unpack

from sequencer.expressions.value import plain
from sequencer.report.event import SamplesTaken
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import ARGUMENTS, CALL, CONDITION, DURATION, SAVE, TEMPLATE, WARN_LIMITS, Schema
from sequencer.steps.measuring import read_warn_limits, record_measurement
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError, StepFailed
from sequencer.vocabulary.model import DriverCall, LimitedMeasurement, Step
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.regex import ID_PATTERN
from sequencer.vocabulary.tree import MappingNode

EVERY = 0.1
"""Seconds from one round to the next where nothing else is said."""
MOST_ROUNDS = 100_000
"""What a report carries and a browser draws."""
TOLD_EVERY = 0.25
"""Seconds: the values of that long are told together, so that looking on costs the test next to nothing."""
TIMES = "times"


def _mean(values: array[float]) -> object:
    return math.fsum(values) / len(values)


def _rms(values: array[float]) -> object:
    return math.sqrt(math.fsum(value * value for value in values) / len(values))


def _extreme(pick: Callable[[array[float]], float]) -> Callable[[array[float]], object]:
    # A NaN compares with nothing, and must not get lost.
    return lambda values: math.nan if any(map(math.isnan, values)) else pick(values)


STATISTICS: Mapping[str, Callable[[array[float]], object]] = {
    "min": _extreme(min),
    "max": _extreme(max),
    "mean": _mean,
    "rms": _rms,
    "last": lambda values: values[-1],
    "each": lambda values: values.tolist(),
}
"""What limits of a signal are about, and how it is reckoned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStep(Step):
    """Takes the signals ``names`` by ``calls``, every ``every`` seconds, for ``seconds`` or until ``until`` holds.

    ``units`` and ``labels`` are templates, ``limits`` and ``warn_limits`` those of each statistic by signal.
    """

    names: tuple[str, ...]
    calls: tuple[DriverCall, ...]
    units: tuple[str | None, ...]
    labels: tuple[str | None, ...]
    every: float
    seconds: float | None
    until: str | None
    limits: Mapping[str, Mapping[str, Data]]
    warn_limits: Mapping[str, Mapping[str, Data]]
    save: str | None

    @property
    def judges(self) -> bool:
        """With limits."""
        return bool(self.limits)

    @property
    def limited(self) -> bool:
        """With limits."""
        return bool(self.limits)

    @property
    def limited_measurements(self) -> tuple[LimitedMeasurement, ...]:
        """Every statistic with limits or warning limits."""
        about = {name: (label, unit) for name, label, unit in zip(self.names, self.labels, self.units, strict=True)}
        return tuple(
            LimitedMeasurement(f"{about[name][0] or name} {statistic}", limits, about[name][1], warn_limits)
            for name, statistic, limits, warn_limits in judged(self.limits, self.warn_limits)
            if name in about
        )


def judged(
    limits: Mapping[str, Mapping[str, Data]], warn_limits: Mapping[str, Mapping[str, Data]]
) -> Iterator[tuple[str, str, Data, Data]]:
    """Each signal and statistic with its limits and its warning limits, ``None`` where it has none."""
    for name in dict.fromkeys([*limits, *warn_limits]):
        of_limits, of_warnings = limits.get(name, {}), warn_limits.get(name, {})
        for statistic in dict.fromkeys([*of_limits, *of_warnings]):
            yield (
                name,
                statistic,
                _of_statistic(statistic, of_limits.get(statistic)),
                _of_statistic(statistic, of_warnings.get(statistic)),
            )


def _of_statistic(statistic: str, limits: Data) -> Data:
    return {"each": limits} if statistic == "each" and limits is not None else limits


class Sample(StepRun):
    """Runs a ``sample``: ``with Sample(...) as sample: for _ in sample: sample["v"] = meter.read()``.

    ``signals`` says of each by name its ``call``, ``unit`` and ``label``.
    """

    verb = "sample"
    survives_failure = True

    def __init__(
        self,
        case: CaseContext,
        place: str,
        signals: Mapping[str, Mapping[str, str]],
        *,
        every: float = EVERY,
        seconds: float | None = None,
        until: str | None = None,
        limits: Mapping[str, Mapping[str, Data]] | None = None,
        warn_limits: Mapping[str, Mapping[str, Data]] | None = None,
        save: str | None = None,
        **shared: Unpack[SharedArguments],
    ) -> None:
        self._calls = [signal["call"] for signal in signals.values()]
        shared.setdefault("name", ", ".join(signals))
        shared.setdefault("call", self._calls[0])
        super().__init__(case, place, **shared)
        self.signals = signals
        self.every = every
        self.seconds = seconds
        self.until = until
        self.limits = limits or {}
        self.warn_limits = warn_limits or {}
        self.save = save
        self._times = array("d")
        self._values = {name: array("d") for name in signals}
        self._told = 0
        self._told_at = 0.0
        self._taken = 0
        self._units: dict[str, str | None] = {}
        self._labels: dict[str, str] = {}

    def __iter__(self) -> Iterator[int]:
        for name, signal in self.signals.items():
            unit = self.case.value(signal.get("unit"))
            self._units[name] = None if unit is None else str(unit)
            self._labels[name] = self.case.text(signal.get("label", name))
        begun = due = time.monotonic()
        for number in range(1, MOST_ROUNDS + 1):
            self._begin_round(time.monotonic() - begun)
            yield number
            now = time.monotonic()
            if now - self._told_at >= TOLD_EVERY:
                self._tell(now)
            if self.until is not None and self.case.test(self.until):
                return
            # A reading that took longer than a period leaves the times out that it missed.
            due += self.every * max(1, math.ceil((now - due) / self.every))
            if self.seconds is not None and due - begun > self.seconds:
                if self.until is None:
                    return
                raise StepFailed(Reason("never_true", rounds=number, expression=self.until))
            self.case.sleep(max(0.0, due - time.monotonic()))
        raise StepError(Reason("sample_too_long", most=MOST_ROUNDS))

    def _begin_round(self, seconds: float) -> None:
        self._times.append(round(seconds, 6))
        self._taken, self.call = 0, self._calls[0]

    def __setitem__(self, name: str, value: object) -> None:
        number = plain(value)
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise StepError(Reason("sample_number", name=name, found=f"{number!r:.100}"))
        try:
            self._values[name].append(number)
        except OverflowError:
            raise StepError(Reason("sample_number", name=name, found=f"{number!r:.100}")) from None
        self.case.save(name, number)
        # What hangs or fails next is the next one's driver.
        self._taken = min(self._taken + 1, len(self._calls) - 1)
        self.call = self._calls[self._taken]

    def _tell(self, now: float) -> None:
        """Tells the rounds that are whole and were not told yet."""
        whole = min(len(self._times), *map(len, self._values.values()))
        if whole > self._told:
            units = set(self._units.values())
            self.case.emit(
                SamplesTaken(
                    self.case.full_name,
                    self.place,
                    self.case.text(self.name),
                    [self._labels[name] for name in self._values],
                    next(iter(units)) if len(units) == 1 else None,
                    self._told,
                    self._times[self._told : whole].tolist(),
                    [[_drawn(value) for value in values[self._told : whole]] for values in self._values.values()],
                )
            )
            self._told = whole
        self._told_at = now

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._labels:
            self._tell(time.monotonic())  # what was taken before it failed, or was stopped, as well
        return super().__exit__(kind, error, traceback)

    def finish(self) -> None:
        """Saves, and records every statistic that has limits, also such as warn; what misses is a ``StepFailed``."""
        if self.save is not None:
            values = {name: each.tolist() for name, each in self._values.items()}
            self.case.save(self.save, {TIMES: self._times.tolist(), **values})
        missed: list[StepFailed] = []
        for name, statistic, limits, warn_limits in judged(self.limits, self.warn_limits):
            label = f"{self.signals[name].get('label', name)} {statistic}"
            value = STATISTICS[statistic](self._values[name])
            unit = self.signals[name].get("unit")
            try:
                record_measurement(self, label, value, unit=unit, limits=limits, warn_limits=warn_limits)
            except StepFailed as failed:
                missed.append(failed)
        if missed:
            raise missed[0] if len(missed) == 1 else StepFailed("; ".join(map(str, missed)))


def _drawn(value: float) -> float | None:
    return value if math.isfinite(value) else None


def parse(node: MappingNode, reader: StepReader) -> SampleStep | None:
    """Reads the step; it must have an end, and not more rounds than a report carries."""
    shared = reader.shared(node, "sample")
    signals: MappingNode = node["sample"]
    calls: dict[str, DriverCall] = {}
    units: dict[str, str | None] = {}
    labels: dict[str, str | None] = {}
    for name, written in signals.items():
        detailed = isinstance(written, MappingNode)
        call = reader.call(written) if detailed else reader.call(signals, name)
        units[name] = reader.text(written, "unit") if detailed else None
        labels[name] = reader.text(written, "name") if detailed else None
        if call is not None:
            calls[name] = call
        if name == TIMES:
            reader.problem("bad-name", f"`{TIMES}` is where the times are saved", signals.key_place(name))
        reader.define(name, signals.key_place(name))
    every = reader.seconds(node, "every")
    seconds = reader.seconds(node, "for")
    _check_end(node, reader, EVERY if every is None else every, seconds)
    until = reader.expression(node, "until")
    limits = _read_limits(node, "limits", units, reader.limits, reader)

    def warnings(of_signal: MappingNode, statistic: str, unit: str | None) -> Data:
        return read_warn_limits(of_signal, reader, unit, statistic)

    warn_limits = _read_limits(node, "warn_limits", units, warnings, reader)
    save = node.get("save")
    if save is not None:
        reader.define(save, node.value_place("save"))
    if len(calls) < len(signals):
        return None
    return SampleStep(
        **shared,
        names=tuple(calls),
        calls=tuple(calls.values()),
        units=tuple(units.values()),
        labels=tuple(labels.values()),
        every=every or EVERY,
        seconds=seconds,
        until=until,
        limits=limits,
        warn_limits=warn_limits,
        save=save,
    )


def _check_end(node: MappingNode, reader: StepReader, every: float, seconds: float | None) -> None:
    if every <= 0:
        reader.problem("wrong-value", "`every` must be above 0", node.value_place("every"))
    elif seconds is not None and seconds / every > MOST_ROUNDS:
        message = f"a sample has at most {MOST_ROUNDS:,} rounds"
        reader.problem("sample-too-long", message, node.value_place("for"), hint="sample less often")
    if "for" not in node and "until" not in node:
        hint = "add `for:` (how long), or `until:` with `timeout:`"
        reader.problem("unbounded-loop", "this sample may never end", node.key_place("sample"), hint=hint)
    elif "for" not in node and "timeout" not in node:
        hint = "add `for:` or `timeout:`"
        reader.problem("unbounded-loop", "this sample may never end", node.key_place("until"), hint=hint)


def _read_limits(
    node: MappingNode,
    key: str,
    units: Mapping[str, str | None],
    reading: Callable[[MappingNode, str, str | None], Data],
    reader: StepReader,
) -> dict[str, Mapping[str, Data]]:
    """The limits of each statistic by signal under ``key``, each read by ``reading``."""
    read: dict[str, Mapping[str, Data]] = {}
    written: Mapping[str, MappingNode] = node.get(key) or {}
    for name, of_signal in written.items():
        if name not in units:
            where = node[key].key_place(name)
            reader.problem("unknown-signal", f"there is no signal `{name}` in this sample", where)
            continue
        read[name] = {statistic: reading(of_signal, statistic, units[name]) for statistic in of_signal}
    return read


def emit(step: SampleStep, out: Emitter) -> None:
    """``with Sample(...) as sample:``, and in a ``for`` one assignment for each signal"""
    signals: dict[str, dict[str, str]] = {}
    for name, call, unit, label in zip(step.names, step.calls, step.units, step.labels, strict=True):
        known = {"call": str(call), "unit": unit, "label": label}
        signals[name] = {key: value for key, value in known.items() if value is not None}
    header = out.construct(
        Sample,
        step,
        signals,
        every=step.every,
        seconds=step.seconds,
        until=step.until,
        limits=step.limits or None,
        warn_limits=step.warn_limits or None,
        save=step.save,
    )
    with out.block(f"with {header} as sample:"), out.block("for _ in sample:"):
        for name, call in zip(step.names, step.calls, strict=True):
            out.line(f'sample["{name}"] = {out.call(call)}')


def _limits_schema(description: str, limits: Schema, example: object) -> Schema:
    """Limits by signal and statistic."""
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "object",
            "minProperties": 1,
            "properties": dict.fromkeys(STATISTICS, limits),
            "additionalProperties": False,
        },
        "description": description,
        "examples": [example],
    }


STEP = StepType(
    verb="sample",
    summary="Takes one or several signals again and again, with a live chart.",
    schema={
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": ID_PATTERN},
        "additionalProperties": {
            "anyOf": [
                CALL,
                {
                    "type": "object",
                    "properties": {
                        "call": CALL,
                        "with": ARGUMENTS,
                        "unit": {
                            "type": "string",
                            **TEMPLATE,
                            "description": "The unit of its values.",
                            "examples": ["V"],
                        },
                        "name": {
                            "type": "string",
                            **TEMPLATE,
                            "minLength": 1,
                            "description": "What people read; default: the name of its variable.",
                            "examples": ["Output"],
                        },
                    },
                    "required": ["call"],
                    "additionalProperties": False,
                },
            ]
        },
        "description": "The signals by the names of their variables, each with the call that reads it.",
        "examples": [{"v": "meter.read_voltage"}],
    },
    model=SampleStep,
    parse=parse,
    emit=emit,
    keys={
        "every": {**DURATION, "description": "From one round to the next; default: 100 ms."},
        "for": {**DURATION, "description": "How long."},
        "until": {
            "type": "string",
            **CONDITION,
            "description": "An expression without braces, evaluated after each round; each signal is the last value.",
            "examples": ["v > 4.9"],
        },
        "limits": _limits_schema(
            "Limits by signal: of its `min`, `max`, `mean`, `rms`, `last` or `each` value.",
            {"$ref": "#/$defs/limits"},
            {"v": {"mean": [4.9, 5.1], "max": {"le": 5.2}}},
        ),
        "warn_limits": _limits_schema(
            "In the same form, limits that only warn.", WARN_LIMITS, {"v": {"mean": [4.95, 5.05]}}
        ),
        "save": {**SAVE, "description": "The variable that keeps {times, ...}: the seconds and each signal's values."},
    },
    example=(
        "- sample: {v: meter.read_voltage}\n"
        "  every: 100 ms\n"
        "  for: 10 s\n"
        "  limits: {v: {mean: [4.9, 5.1], max: {le: 5.2}}}\n"
        "  save: curve\n"
    ),
)
