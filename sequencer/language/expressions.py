"""Expressions as they stand in YAML: parsed, their names looked up, every problem under the very token."""

from __future__ import annotations

import re
from typing import Any

from sequencer.expressions.expression import (
    FUNCTIONS,
    OPENING,
    Budget,
    Expression,
    ExpressionPart,
    ExpressionSyntaxError,
    NameUse,
    TooLarge,
    TooMuchWork,
    compile_expression,
    split,
)
from sequencer.language.problems import Problems
from sequencer.language.scope import VariableNames
from sequencer.language.shapes.wording import kind_of
from sequencer.language.yaml.sources import SourceTexts
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.regex import PatternError, compile_pattern, is_boundable
from sequencer.vocabulary.tree import MappingNode, SequenceNode, Span

_CALL = re.compile(r"\s*([a-z][a-z0-9_]*)\(.*\)\s*", re.ASCII)
_WORK = 20_000_000
"""Units of work for all expressions of a sequence together; what is left over is found out by the run."""
ROW_WORK = 200_000_000
"""The same for what the rows of all matrices put into names, conditions and limits: about two seconds."""


class ExpressionChecker:
    """Checks the expressions in templates, texts and bare expressions."""

    def __init__(self, problems: Problems, sources: SourceTexts, names: VariableNames) -> None:
        self._problems = problems
        self._sources = sources
        self._names = names
        self._budget = Budget(_WORK)
        self.row_budget = Budget(ROW_WORK)

    def template(self, value: Any, file: str, span: Span) -> Any:
        """Plain data of ``value``, every expression in it checked."""
        kind = type(value)
        if kind is str:
            if OPENING in value:
                self.text(value, Place(file, *span))
            return value
        if kind is MappingNode:
            spans = value.value_spans
            for key in value:
                if OPENING in key:
                    self.text(key, value.key_place(key))
            return {key: self.template(each, value.file, spans[key]) for key, each in value.items()}
        if kind is SequenceNode:
            return [self.template(each, value.file, span) for each, span in zip(value, value.spans, strict=True)]
        return value

    def warn_of_bare(self, text: str, place: Place) -> None:
        """Warns of a text that with braces would be an expression of known variables, facts and parameters, or a
        function's call: without them it is none."""
        if self._would_be(text):
            message = f"this is the string `{text}`, not the value of the expression"
            hint = f"write `${{{{ {text.strip()} }}}}`"
            self._problems.report("text-not-expression", message, place, hint=hint, severity="warning")

    def _would_be(self, text: str) -> bool:
        call = _CALL.fullmatch(text)
        if call is not None and call.group(1) in FUNCTIONS:
            return True
        if OPENING in text:
            return False
        try:
            uses = compile_expression(text).uses
        except ExpressionSyntaxError:
            return False
        return bool(uses) and all(self._names.stands_for(use) for use in uses)

    def text(self, text: str, place: Place) -> None:
        """Checks the ``${{ }}`` of a text."""
        try:
            parts = split(text)
        except ExpressionSyntaxError as error:
            self._syntax_error(error, text, 0, place)
            return
        for part in parts:
            if isinstance(part, ExpressionPart):
                self._check(part.source, text, part.offset, place)

    def condition(self, text: str, place: Place) -> bool | None:
        """Checks an expression that stands without braces and must be true or false.

        One that reads no variable is tried out now: what it gives is returned, and has the same type in every run.
        """
        expression = self._bare(text, place)
        if expression is None or expression.uses:
            return None
        try:
            value = expression.evaluate({}, self._budget)
        except TooMuchWork:
            return None
        except TooLarge as error:
            self._problems.report("expression-too-large", f"this always fails: {error}", place, severity="warning")
            return None
        except StepError as error:
            self._problems.report("expression-error", f"this always fails: {error}", place)
            return None
        if isinstance(value, bool):
            return value
        self._problems.report("wrong-type", f"this must be true or false, but is always {kind_of(value)}", place)
        return None

    def _bare(self, text: str, place: Place) -> Expression | None:
        stripped = text.strip()
        if stripped.startswith(OPENING) and stripped.endswith("}}"):
            inner = stripped[3:-2].strip()
            message = "an expression is written here without `${{ }}`"
            self._problems.report("braces", message, place, hint=f"write `{inner}`" if inner else None)
            return None
        return self._check(text, text, 0, place)

    def _check(self, source: str, text: str, start: int, place: Place) -> Expression | None:
        try:
            expression = compile_expression(source)
        except ExpressionSyntaxError as error:
            self._syntax_error(error, text, start, place)
            return None
        whole = self._patterns_are_good(expression, text, start, place)
        for use in expression.uses:
            accepted = self._names.accepts(use)
            if accepted and not self._names.mentions.wanted:
                continue
            where = self._sources.inside(place, text, start + use.offset, len(use.name))
            attribute = where
            if use.attribute is not None:
                offset = start + use.attribute_offset
                attribute = self._sources.inside(place, text, offset, len(use.attribute))
            if accepted:
                self._mention(use, where, attribute)
            else:
                self._names.refuse(use, where, attribute)
        return expression if whole else None

    def _patterns_are_good(self, expression: Expression, text: str, start: int, place: Place) -> bool:
        """Reports the regular expressions by which it would always fail."""
        good = True
        for use in expression.patterns:
            where = self._sources.inside(place, text, start + use.offset, use.length)
            try:
                if is_boundable(compile_pattern(use.pattern)):
                    continue
                message = "`match` refuses a repetition inside a repetition, which can take forever"
                hint = "make the inner one possessive (`++`)"
                self._problems.report("slow-regex", message, where, hint=hint)
            except PatternError as error:
                self._problems.report("bad-regex", f"this is not a valid regular expression: {error}", where)
            good = False
        return good

    def _mention(self, use: NameUse, place: Place, attribute_place: Place) -> None:
        """Notes the variable or the parameter that is read."""
        declared = self._names.declared(use.name)
        if declared is not None:
            self._names.mentions.add("variable", use.name, place, declared)
        elif use.name == "params" and use.attribute is not None and use.attribute in self._names.param_places:
            symbol = self._names.param_places[use.attribute]
            self._names.mentions.add("param", use.attribute, attribute_place, symbol)

    def _syntax_error(self, error: ExpressionSyntaxError, text: str, start: int, place: Place) -> None:
        where = self._sources.inside(place, text, start + error.offset)
        self._problems.report("expression-syntax", str(error), where, hint=error.hint)
