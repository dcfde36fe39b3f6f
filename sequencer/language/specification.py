"""What a sequence tests each of its variants for, as far as it is known before a run: cases, measurements, limits.

A condition, a name or a limit that only the run knows stays open; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from sequencer.expressions.expression import (
    Budget,
    ExpressionSyntaxError,
    TooLarge,
    TooMuchWork,
    as_text,
    compile_expression,
    evaluate_template,
    has_expression,
    literal_text,
)
from sequencer.language.expressions import ROW_WORK
from sequencer.language.name_uses import template_uses
from sequencer.language.scope import VARIANT
from sequencer.limits.units import UnitProblem, change_unit
from sequencer.steps.for_each import ForEachStep
from sequencer.steps.measuring import MEASUREMENT
from sequencer.steps.set import SetStep
from sequencer.steps.use import UseStep
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import (
    Case,
    LimitedMeasurement,
    LimitRow,
    LimitTable,
    Module,
    NestingStep,
    SequenceDefinition,
    Step,
)
from sequencer.vocabulary.text_values import stripped

Values = dict[str, object]
"""Variables whose values are known."""

_AGAIN = frozenset({"repeat", "until"})
"""Verbs whose steps run more than once: what they set is not known when they begin."""


class SpecifiedLimit(NamedTuple):
    """The limits of one measurement in one case; what only the run knows stands there as it is written.

    One that only warns has no ``limits``. ``step`` and ``written`` are as they are written; ``certain``: it runs
    unless something before it fails. ``table`` and ``key`` say where the limits come from, ``row`` is what is there;
    ``key`` is ``None`` where only the run knows it.
    """

    case: Case
    step: Step
    written: LimitedMeasurement
    measurement: str
    limits: Data
    unit: str | None
    certain: bool
    values: Values
    table: LimitTable | None = None
    key: tuple[str, ...] | None = None
    row: LimitRow | None = None
    warn_limits: Data = None


class SpecifiedCase(NamedTuple):
    """A case for one variant; ``applies`` is false when it is known to be left out, by its ``if`` or since nothing in
    it judges."""

    module: Module
    case: Case
    applies: bool
    limits: list[SpecifiedLimit]

    @property
    def is_main(self) -> bool:
        """Whether it tests the product."""
        return self.module.group == self.case.group == "main"


class Specification:
    """What the sequence tests a product of ``variant`` for; ``None`` where there are no variants."""

    def __init__(self, sequence: SequenceDefinition, variant: str | None) -> None:
        self._sequence = sequence
        self._variant = variant
        self._budget = Budget(ROW_WORK)
        self._tables = {table.name: (table, {row.key: row for row in table.rows}) for table in sequence.tables}
        self._judges = False
        self._constants = self._known_constants()

    def cases(self) -> Iterator[SpecifiedCase]:
        """All cases in running order."""
        for module in self._sequence.modules:
            for case in module.cases:
                held = [self._holds(when, self._constants) for when in (module.when, case.when)]
                applies = False not in held
                limits: list[SpecifiedLimit] = []
                if applies:
                    self._judges = False
                    limits = list(self._steps(case, case.steps, dict(self._constants), certain=None not in held))
                    applies = self._judges or not case.judges
                yield SpecifiedCase(module, case, applies, limits)

    def _known_constants(self) -> Values:
        """The values of `vars` and of the variant, but for those that a case may give another one."""
        templates = dict(self._sequence.variables)
        if self._sequence.variants is not None and self._variant is not None:
            templates.update(self._sequence.variants.values[self._variant])
            templates[VARIANT] = literal_text(self._variant)
        cases = [case for module in self._sequence.modules for case in module.cases]
        changed = {name for case in cases for step in case.steps for name in _lasting(step)}
        known: Values = {}
        waiting = {name: template for name, template in templates.items() if name not in changed}
        while waiting:
            found = {
                name: value
                for name, template in waiting.items()
                if not has_expression(value := self._evaluated(template, known))
            }
            if not found:
                break
            known.update(found)
            waiting = {name: template for name, template in waiting.items() if name not in found}
        return known

    def _steps(self, case: Case, steps: tuple[Step, ...], values: Values, *, certain: bool) -> Iterator[SpecifiedLimit]:
        """The limits of ``steps``; ``values`` are what is known before them, and after them then."""
        for step in steps:
            runs = self._holds(step.when, values)
            if runs is False:
                continue
            # What may be left out changes variables or not.
            inner = dict(values) if runs is None else values
            yield from self._step(case, step, inner, certain=certain and runs is True)
            if runs is None:
                _forget(values, _assigned(step))
            if step.leaves_out and not isinstance(step, NestingStep) and runs is True and certain:
                return

    def _step(self, case: Case, step: Step, values: Values, *, certain: bool) -> Iterator[SpecifiedLimit]:
        if isinstance(step, NestingStep):
            yield from self._nested(case, step, values, certain=certain)
            return
        self._judges = self._judges or step.judges
        for written in step.limited_measurements:
            yield self._limit(case, step, written, values, certain=certain)
        if isinstance(step, SetStep):
            for name, template in step.variables.items():
                self._set(values, name, template)
        else:
            _forget(values, _assigned(step))

    def _nested(self, case: Case, step: NestingStep, values: Values, *, certain: bool) -> Iterator[SpecifiedLimit]:
        if isinstance(step, UseStep):
            given = {name: self._evaluated(template, values) for name, template in step.parameters.items()}
            for name, value in given.items():
                _know(values, name, value)
        if isinstance(step, ForEachStep):
            elements = self._evaluated(step.elements, values)
            _forget(values, _assigned(step))
            if isinstance(elements, list | tuple):
                for element in elements:
                    _know(values, step.variable, element)
                    yield from self._steps(case, step.steps, values, certain=certain)
                return
        elif step.verb in _AGAIN or step.verb not in _KNOWN:
            _forget(values, _assigned(step))
        yield from self._steps(case, step.steps, values, certain=certain)

    def _limit(
        self, case: Case, step: Step, written: LimitedMeasurement, values: Values, *, certain: bool
    ) -> SpecifiedLimit:
        measurement, unit = self._evaluated(written.name, values), self._evaluated(written.unit, values)
        measurement = stripped(as_text(measurement))
        unit = stripped(as_text(unit)) if unit is not None and unit != "" else None
        limits = self._evaluated(written.limits, values)
        found = SpecifiedLimit(
            case,
            step,
            written,
            measurement,
            limits,
            unit,
            certain,
            dict(values),
            warn_limits=self._evaluated(written.warn_limits, values),
        )
        depth = 0
        while isinstance(limits, Mapping) and "each" in limits:
            limits, depth = limits["each"], depth + 1
        named = limits.get("table") if isinstance(limits, Mapping) else None
        if not isinstance(limits, Mapping) or not isinstance(named, str) or named not in self._tables:
            return found
        return self._of_table(found, named, limits, depth)

    def _of_table(self, found: SpecifiedLimit, named: str, limits: Mapping[str, Data], depth: int) -> SpecifiedLimit:
        """With the limits of the table ``named``, which stand inside of ``depth`` times ``each``."""
        table, rows = self._tables[named]
        further = limits.get("key")
        given: dict[str, Data] = {VARIANT: self._variant, MEASUREMENT: found.measurement}
        given.update(further if isinstance(further, Mapping) else {})
        if any(has_expression(given.get(each)) for each in table.key):
            return found._replace(table=table)
        key = tuple("" if (value := given.get(each)) is None else stripped(as_text(value)) for each in table.key)
        row = rows.get(key)
        if row is None:
            return found._replace(table=table, key=key)
        unit, of_row, warnings = found.unit, row.limits, row.warn_limits
        if unit is not None and row.unit is not None and not has_expression(unit):
            with suppress(UnitProblem):  # the check says so
                of_row, warnings = (change_unit(each, row.unit, unit) for each in (of_row, warnings))
        if found.written.warn_limits is not None:
            warnings = found.warn_limits
        elif warnings is not None:
            warnings = _of_each(warnings, depth)
        found = found._replace(table=table, key=key, row=row, unit=unit or row.unit)
        return found._replace(limits=_of_each(of_row, depth), warn_limits=warnings)

    def _set(self, values: Values, name: str, template: Data) -> None:
        _know(values, name, self._evaluated(template, values))

    def _holds(self, condition: str | None, values: Values) -> bool | None:
        """Whether a condition is true; ``None`` when only the run knows."""
        if condition is None:
            return True
        if _is_chance(condition):
            return None
        try:
            held = compile_expression(condition).evaluate(values, self._budget)
        except (StepError, ExpressionSyntaxError, TooLarge, TooMuchWork):
            return None
        return held if isinstance(held, bool) else None

    def _evaluated(self, template: Data, values: Values) -> Data:
        """``template`` with every expression evaluated that reads nothing but known values."""
        if isinstance(template, Mapping):
            return {key: self._evaluated(value, values) for key, value in template.items()}
        if isinstance(template, list):
            return [self._evaluated(value, values) for value in template]
        if not isinstance(template, str) or not has_expression(template) or _is_chance(template):
            return template
        try:
            value: Data = evaluate_template(template, values, self._budget)
        except (StepError, TooLarge, TooMuchWork):
            return template
        return value


_KNOWN = frozenset({"steps", "use", "for_each", "hold", "sync"})
_CHANCE = ("uuid(", "now(")


def _is_chance(text: str) -> bool:
    """Whether it gives something else each time."""
    return any(each in text for each in _CHANCE)


def _of_each(limits: Data, depth: int) -> Data:
    return limits if depth == 0 else {"each": _of_each(limits, depth - 1)}


def _know(values: Values, name: str, value: Data) -> None:
    if has_expression(value):
        values.pop(name, None)
    else:
        values[name] = value


def _forget(values: Values, names: Iterator[str]) -> None:
    for name in list(names):
        values.pop(name, None)


def _assigned(step: Step) -> Iterator[str]:
    """The variables to which a step, or one inside it, may give a value."""
    for key in ("save", "index", "variable"):
        if isinstance(name := getattr(step, key, None), str):
            yield name
    if isinstance(step, SetStep):
        yield from step.variables
    if isinstance(step, UseStep):
        yield from step.parameters
    if isinstance(step, NestingStep):
        for inner in step.steps:
            yield from _assigned(inner)


def _lasting(step: Step) -> Iterator[str]:
    """The variables that a step, or one inside it, gives a value that outlives the case."""
    if isinstance(step, NestingStep):
        for inner in step.steps:
            yield from _lasting(inner)
    elif getattr(step, "scope", "case") != "case":
        yield from _assigned(step)


def reads(found: SpecifiedLimit) -> list[str]:
    """The names that the limits, the unit and the warning limits read, in the order in which they stand there."""
    written = found.written
    templates = (written.limits, written.unit, written.warn_limits)
    return [use.name for template in templates for use in template_uses(template)]
