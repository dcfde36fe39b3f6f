"""What goes well with one slot and not with several: warnings of ``check``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields

from sequencer.expressions.expression import NameUse
from sequencer.language.name_uses import expression_uses, template_uses
from sequencer.language.scope import ALWAYS
from sequencer.steps.assign import AssignStep
from sequencer.steps.for_each import ForEachStep
from sequencer.steps.hold import HoldStep
from sequencer.steps.measure import MeasureStep
from sequencer.steps.repeat import RepeatStep
from sequencer.steps.set import SetStep
from sequencer.steps.sync import SyncStep
from sequencer.steps.until import UntilStep
from sequencer.steps.use import UseStep
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Driver, DriverCall, Module, NestingStep, Param, Step
from sequencer.vocabulary.problem import Place, ProblemReporter

_CHANGES = re.compile(
    r"set_|write|select|connect|disconnect|open_|close_|apply|configure|enable|disable|switch|route|reset|on$|off$"
)
_READS = re.compile(r"get|read|query|ask|measure|fetch|is_|has_|wait|check|identify|idn|log")

_SAME_SECTIONS = frozenset({"stand", "process", "batch"})
_SAME = frozenset(
    {("slot", "count"), *(("run", name) for name in ("name", "version", "simulated", "evidence", "user"))}
)
"""What is the same in all slots; everything else may differ."""


def warn_of_slots(
    modules: Iterable[Module],
    drivers: Iterable[Driver],
    variables: Mapping[str, Data],
    params: Iterable[Param],
    report: ProblemReporter,
) -> None:
    """Reports what of a sequence does not bear several slots: shared drivers that one slot sets and reads while others
    may set them, and points to meet at to which not all slots come equally often."""
    shared = frozenset(driver.name for driver in drivers if driver.shared)
    differences = SlotDifferences.of(variables, params)
    for module in modules:
        around = differences.condition(module.when, {})
        for case in module.cases:
            if shared:
                _warn_without_hold(case.steps, shared, report)
            if case.sync_points:
                why = around or differences.condition(case.when, {})
                if why is None and case.attempts > 1:
                    why = "`attempts` repeat it in one slot alone"
                _UnevenSyncs(differences, report).walk(case.steps, why)


def _warn_without_hold(steps: Iterable[Step], shared: frozenset[str], report: ProblemReporter) -> None:
    changed: dict[str, Place] = {}
    for step, call in _calls(steps, shared):
        driver = call.driver
        if isinstance(step, MeasureStep) or getattr(step, "save", None) is not None:
            if (place := changed.pop(driver, None)) is not None:
                message = f"another slot may use `{driver}` between this and line {step.place.line}, which reads it"
                hint = f"put both in a step `hold: [{driver}]`"
                report("shared-without-hold", message, place, hint=hint, severity="warning")
        elif isinstance(step, AssignStep) or _changes(call):
            changed.setdefault(driver, step.place)


def _calls(steps: Iterable[Step], shared: frozenset[str]) -> Iterator[tuple[Step, DriverCall]]:
    """The calls of shared drivers that other slots may come between."""
    for step in steps:
        for field in fields(step):
            call = getattr(step, field.name)
            if isinstance(call, DriverCall) and call.driver in shared:
                yield step, call
        if isinstance(step, HoldStep):
            yield from _calls(step.steps, shared - set(step.drivers))
        elif isinstance(step, NestingStep) and not isinstance(step, SyncStep):  # in its `once` all others wait
            yield from _calls(step.steps, shared)


def _changes(call: DriverCall) -> bool:
    method = (call.method or "").rpartition(".")[2]
    return bool(_CHANGES.match(method) or (call.arguments and not _READS.match(method)))


@dataclass(frozen=True, slots=True)
class SlotDifferences:
    """Which names may have another value in each slot: ``params`` and ``variables`` of the sequence that do, beside
    what is of the product, and whatever a case finds out."""

    params: frozenset[str]
    variables: Mapping[str, bool]

    @classmethod
    def of(cls, variables: Mapping[str, Data], params: Iterable[Param]) -> SlotDifferences:
        """Those of a sequence."""
        differ = frozenset(param.name for param in params if param.each_run)
        same = dict.fromkeys(variables, False)
        while True:
            known = cls(differ, same)
            found = {name: known.template(value, {}) is not None for name, value in variables.items()}
            if found == same:
                return known
            same = found

    def condition(self, expression: str | None, known: Mapping[str, bool]) -> str | None:
        """Why an ``if`` may not hold in every slot, ``None`` when it does or does not in all; see ``expression``."""
        name = None if expression is None else self.expression(expression, known)
        return None if name is None else f"an `if` depends on `{name}`"

    def expression(self, expression: str, known: Mapping[str, bool]) -> str | None:
        """What in it may have another value in each slot; ``known`` says that of the variables of a case."""
        return self._first(expression_uses(expression), known)

    def template(self, template: Data, known: Mapping[str, bool]) -> str | None:
        """As ``expression``."""
        return self._first(template_uses(template), known)

    def _first(self, uses: Iterable[NameUse], known: Mapping[str, bool]) -> str | None:
        use = next((use for use in uses if self._differs(use, known)), None)
        if use is None:
            return None
        return f"{use.name}.{use.attribute}" if use.attribute is not None and use.name in ALWAYS else use.name

    def _differs(self, use: NameUse, known: Mapping[str, bool]) -> bool:
        for variables in (known, self.variables):
            if use.name in variables:
                return variables[use.name]
        if use.name == "params":
            return use.attribute is None or use.attribute in self.params
        return (use.name, use.attribute) not in _SAME and use.name not in _SAME_SECTIONS


class _UnevenSyncs:
    """Finds the ``sync`` steps of one case to which not all slots come equally often."""

    def __init__(self, differences: SlotDifferences, report: ProblemReporter) -> None:
        self._differences = differences
        self._report = report
        self._known: dict[str, bool] = {}

    def walk(self, steps: Iterable[Step], why: str | None) -> None:
        """Goes through ``steps``; ``why`` not all slots come to them, as far as it is known."""
        for step in steps:
            here = why or self._differences.condition(step.when, self._known)
            if here is None and step.retry is not None:
                here = "`retry` repeats it in one slot alone"
            if isinstance(step, SyncStep) and here is not None:
                message = f"not all slots may come to this `sync` equally often: {here}"
                hint = "who does not come lets the others wait until its case is over: put it where all pass"
                self._report("uneven-sync", message, step.place, hint=hint, severity="warning")
            inside = here or self._loop(step)
            self._define(step, inside)
            if isinstance(step, NestingStep):
                self.walk(step.steps, inside)

    def _loop(self, step: Step) -> str | None:
        """Why the rounds of a loop may be more in one slot than in another."""
        name = None
        if isinstance(step, ForEachStep):
            name = self._differences.template(step.elements, self._known)
        elif isinstance(step, RepeatStep):
            name = self._differences.template(step.times, self._known)
        elif isinstance(step, UntilStep):
            found_out = dict.fromkeys(_found_out(step.steps), True)
            name = self._differences.expression(step.expression, {**self._known, **found_out})
        return None if name is None else f"`{step.verb}` depends on `{name}`"

    def _define(self, step: Step, why: str | None) -> None:
        """Takes in what the step does to variables."""
        templates: Mapping[str, Data] = {}
        if isinstance(step, SetStep):
            templates = step.variables
        elif isinstance(step, UseStep):
            templates = step.parameters
        elif isinstance(step, ForEachStep):
            templates = {step.variable: step.elements}
        elif isinstance(step, RepeatStep) and step.index is not None:
            templates = {step.index: step.times}
        for name, template in templates.items():
            self._known[name] = why is not None or self._differences.template(template, self._known) is not None
        self._known.update(dict.fromkeys(_found_out([step]), True))


def _found_out(steps: Iterable[Step]) -> Iterator[str]:
    """The variables that steps keep results in."""
    for step in steps:
        saved = getattr(step, "save", None)
        if isinstance(saved, str):
            yield saved
        if isinstance(step, NestingStep):
            yield from _found_out(step.steps)
