"""What a case starts with when it is a row of a matrix or an included block: its variables, and texts made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sequencer.expressions.expression import (
    OPENING,
    ExpressionSyntaxError,
    TooLarge,
    TooMuchWork,
    compile_expression,
    evaluate_text,
    has_expression,
)
from sequencer.language.context import ReadContext
from sequencer.language.expression_places import RefusedExpression
from sequencer.language.plan import CasePlan, find
from sequencer.language.shapes.errors import refuse_expressions
from sequencer.language.tables.matrix import KnownValue, RowValues
from sequencer.steps.set import SetStep
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.tree import MappingNode


class CaseBindings:
    """The variables of one case. Those whose value is known now may stand in its name, description and condition."""

    def __init__(self, plan: CasePlan, context: ReadContext) -> None:
        self._plan = plan
        self._context = context
        self._values: dict[str, Any] = {}
        for name, owner, key, place, is_column in plan.bindings:
            span = owner.value_spans[key]
            self._values[name] = context.expressions.template(owner[key], owner.file, span)
            if is_column:
                context.names.bind(name, place)
            else:
                context.names.define(name, place)
        self._known: Mapping[str, object] = {
            name: value for name, value in self._values.items() if not has_expression(value)
        }

    def row(self) -> RowValues:
        """What is known of the variables before the run."""
        places = {name: owner.value_place(key) for name, owner, key, *_ in self._plan.bindings}
        written = self._context.sources.written
        known = {name: (value, places[name]) for name, value in self._known.items()}
        return RowValues(
            {name: KnownValue(value, place, written(place, value)) for name, (value, place) in known.items()},
            self._context.expressions.row_budget,
        )

    def steps(self) -> tuple[Step, ...]:
        """The step that sets them."""
        if not self._values:
            return ()
        return (SetStep(verb="set", place=self._plan.place, variables=self._values),)

    def name(self) -> str:
        """The case's name; rows whose names would be the same get theirs behind it."""
        written = self.text("name")
        if written is None:
            return self._plan.id
        node = find(self._plan.nodes, "name")
        is_row = self._plan.id != self._plan.base_id
        if is_row and node is not None and OPENING not in node["name"]:
            return f"{written} {self._plan.id[len(self._plan.base_id) :]}"
        return written

    def text(self, key: str) -> str | None:
        """A text of the header, with the values that are known in it."""
        node = find(self._plan.nodes, key)
        written = None if node is None else node[key]
        if node is None or not isinstance(written, str):
            return None
        if OPENING not in written:
            return written
        if not self._values:
            refuse_expressions([RefusedExpression(node, key)], self._context.sources, self._context.problems.report)
            return written
        self._context.expressions.text(written, node.value_place(key))
        try:
            return evaluate_text(written, self._known, self._context.expressions.row_budget)
        except (TooLarge, TooMuchWork) as error:
            self._too_large(node, key, error)
            return written
        except StepError:
            self._not_yet(node, key)
            return written

    def condition(self, when: str | None) -> str | None:
        """The condition, decided now when it speaks of the variables: they are set only when the case runs."""
        if when is None or not self._values:
            return when
        try:
            expression = compile_expression(when)
        except ExpressionSyntaxError:
            return when  # reported when it was read
        if not expression.names & set(self._values):
            return when
        node = find(self._plan.nodes, "if")
        assert node is not None
        try:
            decided = expression.evaluate(self._known, self._context.expressions.row_budget)
        except (TooLarge, TooMuchWork) as error:
            self._too_large(node, "if", error)
            return when
        except StepError:
            self._not_yet(node, "if")
            return when
        if not isinstance(decided, bool):
            message = f"`if` must be true or false, but is {decided!r} for `{self._plan.id}`"
            self._context.problems.report("wrong-type", message, node.value_place("if"))
            return when
        return None if decided is True else "false"

    def _too_large(self, node: MappingNode, key: str, error: TooLarge | TooMuchWork) -> None:
        message = f"`{key}` is decided before the run: {error}"
        self._context.problems.report("expression-too-large", message, node.value_place(key))

    def _not_yet(self, node: MappingNode, key: str) -> None:
        message = f"`{key}` is decided before the run: it may use only values from the row or from `with`"
        self._context.problems.report("not-known-yet", message, node.value_place(key))
