"""Writes the body of one generated function: Python source in which text from the YAML stands only as literals."""

from __future__ import annotations

import keyword
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from itertools import chain, count

from sequencer.compiler.foreign import code_problem, with_other_text
from sequencer.expressions.expression import has_expression
from sequencer.steps import step_types
from sequencer.steps.base import StepRun
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.extension import UnusableExtension, told
from sequencer.vocabulary.model import DriverCall, Step, StepRetry
from sequencer.vocabulary.problem import InvalidInput, Problem

INDENT = "    "


class StepClasses:
    """The step classes that one generated file imports, each under a name of its own."""

    def __init__(self) -> None:
        self._names: dict[type[StepRun], str] = {}

    def name(self, run: type[StepRun]) -> str:
        """What generated code calls it. Raises ``ValueError`` for a class that cannot be imported by its name."""
        if run not in self._names:
            module = sys.modules.get(run.__module__)
            if getattr(module, run.__name__, None) is not run:
                raise ValueError(f"the class {run.__qualname__} cannot be imported from {run.__module__}")
            # Packages do not know each other's classes; and no fixture begins with a capital letter.
            plain = run.__name__ if run.__name__[:1].isupper() else f"Step_{run.__name__}"
            names = chain([plain], (f"{plain}_{number}" for number in count(2)))
            self._names[run] = next(name for name in names if name not in self._names.values())
        return self._names[run]

    def imports(self) -> list[str]:
        """The lines that import them."""
        return sorted(
            f"from {run.__module__} import {run.__name__}" + ("" if name == run.__name__ else f" as {name}")
            for run, name in self._names.items()
        )


class FunctionEmitter:
    """Implements ``steps.base.Emitter``. ``body`` are the lines, ``classes`` the step classes they need.

    ``stepping``: before each step the code asks whether it is to run (``runtime.stepping``).
    """

    def __init__(self, classes: StepClasses, *, stepping: bool = False) -> None:
        self.body: list[str] = []
        self.classes = classes
        self._is_copy = False
        self._depth = 1
        self._stepping = stepping
        self._lists = 0
        self._types = step_types()

    def line(self, text: str) -> None:
        """Adds a line at the present depth."""
        self.body.append(INDENT * self._depth + text)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Adds ``header`` and indents what follows inside it."""
        self.line(header)
        self._depth += 1
        yield
        self._depth -= 1

    def value(self, template: Data) -> str:
        """A literal, or ``case.value(literal)``."""
        return f"case.value({literal(template)})" if has_expression(template) else literal(template)

    def call(self, call: DriverCall) -> str:
        """``supply.set_voltage(channel=1)``, ``supply.voltage`` for a property, ``case.read(...)`` for either."""
        target = str(call)
        if call.attribute is None:
            return f"case.read({target})"
        return target if call.attribute else f"{target}({self._arguments(call.arguments)})"

    def construct(self, run: type[StepRun], step: Step, *arguments: object, **keywords: object) -> str:
        """``Run(case, "place", ...)``, the step's own settings first, then those that every step may have."""
        shared = {
            "name": step.name,
            "timeout": step.timeout,
            "on_fail": step.on_fail,
            "error_code": step.error_code,
        }
        written = [literal(str(step.place)), *map(literal, arguments)]
        written += [f"{key}={literal(value)}" for key, value in {**keywords, **shared}.items() if value is not None]
        return f"{self.classes.name(run)}(case, {', '.join(written)})"

    def steps(self, steps: Iterable[Step]) -> None:
        """Emits each step inside its condition and its retries."""
        before = len(self.body)
        if self._stepping:
            self._steps_one_by_one(list(steps))
        else:
            for step in steps:
                self._conditional(step)
        if len(self.body) == before:
            self.line("pass")

    def _steps_one_by_one(self, steps: list[Step]) -> None:
        """Each step behind a question; the loop comes round again when a step is to be repeated."""
        if not steps:
            return
        self._lists += 1
        # No driver has a name that begins with an underscore.
        name = f"_steps{self._lists}"
        with self.block(f"for {name} in case.stepping():"):
            for step in steps:
                with self.block(f"if {name}.due({self._question(step)}):"):
                    self._step(step)

    def _question(self, step: Step) -> str:
        """What is said of a step before it runs; its condition too, as nobody pauses before what does not run."""
        values = (getattr(step, field.name) for field in fields(step))
        target = next((value for value in values if isinstance(value, DriverCall)), None)
        # A measurement is known by what it measures.
        name = step.name or getattr(step, "measurement", None)
        said = {"name": name, "call": None if target is None else str(target), "when": step.when}
        written = [literal(str(step.place)), literal(step.verb)]
        return ", ".join(written + [f"{key}={literal(value)}" for key, value in said.items() if value is not None])

    def _conditional(self, step: Step) -> None:
        if step.when is None:
            self._step(step)
        else:
            with self.block(f"if case.test({literal(step.when)}):"):
                self._step(step)

    def _step(self, step: Step) -> None:
        emit = self._types[step.verb].emit if step.verb in self._types.own else self._emit_foreign
        if step.retry is None:
            emit(step, self)
        else:
            with self.block(f"for _ in case.tries({_retry(step.retry)}):"):
                emit(step, self)

    def _emit_foreign(self, step: Step, out: FunctionEmitter) -> None:
        """A step of another package: what it writes is Python, in which text of the sequence stands only as literals.

        Raises ``InvalidInput``.
        """
        begin, lists = len(self.body), self._lists
        try:
            emit = self._types[step.verb].emit
            emit(step, self)
            if self._is_copy:
                return
            # The same with other text in it must be the same code: else it would become code.
            copy = FunctionEmitter(self.classes, stepping=self._stepping)
            copy._is_copy, copy._depth, copy._lists = True, self._depth, lists
            try:
                other = with_other_text(step)
            except Exception as error:  # whatever its class makes of it
                raise self._types.announced[step.verb][0].unusable(
                    f"its model takes no other text: {told(error)}"
                ) from error
            emit(other, copy)
            if (reason := code_problem(self.body[begin:], copy.body)) is not None:
                raise self._types.announced[step.verb][0].unusable(reason)
        except UnusableExtension as unusable:
            raise InvalidInput([Problem("unusable-extension", str(unusable), step.place)]) from unusable

    def _arguments(self, arguments: Mapping[str, Data]) -> str:
        # A parameter called `from` cannot be written as a keyword argument.
        plain = {name for name in arguments if name.isidentifier() and not keyword.iskeyword(name)}
        named = {name: value for name, value in arguments.items() if name in plain}
        others = {name: value for name, value in arguments.items() if name not in plain}
        written = [f"{name}={self.value(value)}" for name, value in named.items()]
        if others:
            written.append(f"**{self.value(others)}")
        return ", ".join(written)


def literal(data: object) -> str:
    """Python source of plain data; numbers that have no literal are spelled as calls.

    Raises ``TypeError`` for anything that is not plain data: only data may reach generated code.
    """
    if data is None or isinstance(data, bool | int | str):
        return _quote(data) if isinstance(data, str) else repr(data)
    if isinstance(data, float):
        return repr(data) if abs(data) < float("inf") else f'float("{data}")'
    if isinstance(data, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list | tuple):
        return "[" + ", ".join(map(literal, data)) + "]"
    raise TypeError(f"{type(data).__name__} is not plain data")


def _quote(text: str) -> str:
    """``repr`` with double quotes where that needs no more escapes; ASCII control and lone surrogates escaped."""
    written = repr(text)
    if written[0] == "'" and '"' not in text:
        written = '"' + written[1:-1].replace("\\'", "'") + '"'
    return written


def _retry(retry: StepRetry) -> str:
    return f"{retry.times}" if not retry.delay else f"{retry.times}, {retry.delay!r}"
