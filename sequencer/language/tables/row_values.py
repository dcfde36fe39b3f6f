"""What is known of a row before the run: its limits are judged by the check, at the very cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sequencer.expressions.expression import (
    Budget,
    ExpressionPart,
    ExpressionSyntaxError,
    Literal,
    TooLarge,
    TooMuchWork,
    as_text,
    compile_expression,
    evaluate_template,
    has_expression,
    split,
)
from sequencer.language.problems import Problems
from sequencer.language.tables.table import number_hint
from sequencer.limits import limit_problems
from sequencer.limits.sides import without_open_sides
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.problem import Place


class Known(NamedTuple):
    """A value with the place where it was written, and how."""

    value: Any
    place: Place
    written: str


class RowValues:
    """The variables of one case whose values are known, as long as no step gives them another one."""

    def __init__(self, known: Mapping[str, Known], budget: Budget) -> None:
        self._known = dict(known)
        self._budget = budget

    def forget(self, name: str) -> None:
        """From here on ``name`` may have any value."""
        self._known.pop(name, None)

    def pass_on(self, name: str, template: Any) -> None:
        """``name`` is what ``template`` gives, and belongs where the first of its values was written."""
        value = self._evaluated(template)
        first = next(iter(self._names(template)), None)
        if first is not None and not has_expression(value):
            self._known[name] = self._known[first]._replace(value=value)

    def is_true(self, condition: object) -> bool:
        """Whether a condition is known to hold."""
        if condition is None or condition is True or not self._known:
            return condition is not False
        try:
            return compile_expression(str(condition)).evaluate(self._scope, self._budget) is True
        except (StepError, ExpressionSyntaxError, TooLarge, TooMuchWork):
            return False

    def judge(self, limits: Any, unit: str | None, problems: Problems) -> None:
        """Reports what is wrong with limits that the row's values are put into, at the first value concerned."""
        if not self._known or not (has_expression(limits) or has_expression(unit)):
            return
        for name in self._rewritten(limits):
            known = self._known[name]
            message = f"`{known.written}` is the number {as_text(known.value)} here, in the middle of a text"
            way_out = f"make it a text: `types: {{{name}: text}}` for a table, quotes in YAML"
            problems.report("number-in-text", message, known.place, hint=way_out, severity="warning")
        known_unit, known_limits = self._evaluated(unit), without_open_sides(self._evaluated(limits))
        if has_expression(known_unit) or not isinstance(known_unit, str | None):
            return
        for path, code, message, severity in limit_problems(known_limits, (known_unit or "").strip() or None):
            first = next(iter([*self._names(_at(limits, path)), *self._names(unit)]), None)
            if first is not None and severity == "error":
                value, place, _ = self._known[first]
                hint = number_hint(value, ".") if isinstance(value, str) else None
                problems.report(code, message, place, hint=hint)

    def _rewritten(self, data: Any) -> Iterator[str]:
        """Numbers that texts in ``data`` are made with and that stand there otherwise than written: 1.10 as 1.1."""
        if isinstance(data, Mapping | list):
            for value in data.values() if isinstance(data, Mapping) else data:
                yield from self._rewritten(value)
        elif isinstance(data, str) and has_expression(data):
            parts = _parts(data)
            names = [part.source.strip() for part in parts if isinstance(part, ExpressionPart) and len(parts) > 1]
            for name in names:
                known = self._known.get(name)
                if known is not None and type(known.value) in (int, float) and known.written != as_text(known.value):
                    yield name

    @property
    def _scope(self) -> dict[str, Any]:
        return {name: known.value for name, known in self._known.items()}

    def _evaluated(self, data: Any) -> Any:
        """``data`` with every expression evaluated that reads nothing but known values."""
        if isinstance(data, Mapping):
            return {key: self._evaluated(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self._evaluated(value) for value in data]
        try:
            return evaluate_template(data, self._scope, self._budget)
        except (StepError, TooLarge, TooMuchWork):
            return data

    def _names(self, data: Any) -> Iterator[str]:
        """The known names that the expressions in ``data`` read, in order."""
        if isinstance(data, Mapping | list):
            for value in data.values() if isinstance(data, Mapping) else data:
                yield from self._names(value)
        elif isinstance(data, str) and has_expression(data):
            try:
                parts = [compile_expression(part.source) for part in _parts(data) if isinstance(part, ExpressionPart)]
            except ExpressionSyntaxError:
                return
            yield from (use.name for part in parts for use in part.uses if use.name in self._known)


def _parts(text: str) -> list[Literal | ExpressionPart]:
    try:
        return split(text)
    except ExpressionSyntaxError:
        return []  # told where the text was read


def _at(limits: Any, path: tuple[str | int, ...]) -> Any:
    """What stands in ``limits`` at ``path``; limits in brackets that lost a side stand there as a whole."""
    for step in path:
        try:
            limits = limits[step]
        except (LookupError, TypeError):
            return limits
    return limits
