"""Python's ``assert`` as what judges in a sequence: limits, checks, the buttons of a dialog."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from sequencer.migration.case_writer import CaseWriter
from sequencer.migration.hardpy_calls import ORDER, Fields, arguments, is_none
from sequencer.migration.python_source import NotExpressible
from sequencer.migration.scope import Built, Inline, PassFail
from sequencer.vocabulary.data import Data


def parts_of(statement: ast.stmt) -> list[ast.expr]:
    """What an ``assert`` asserts, one by one; nothing for another statement."""
    if not isinstance(statement, ast.Assert):
        return []
    test = statement.test
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "all" and len(test.args) == 1:
        listed = test.args[0]
        return list(listed.elts) if isinstance(listed, ast.List) and listed.elts else [test]
    return list(test.values) if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]


def asserted(name: str, following: Sequence[ast.stmt]) -> ast.Assert | None:
    """The assertion that says nothing but that ``name.result`` is true, before ``name`` becomes something else."""
    for statement in following:
        for part in parts_of(statement):
            if is_result(part, name):
                assert isinstance(statement, ast.Assert)
                return statement
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
                return None
    return None


def is_result(node: ast.expr, name: str) -> bool:
    """Whether it is ``name.result``."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Is | ast.Eq):
        right = node.comparators[0]
        return isinstance(right, ast.Constant) and right.value is True and is_result(node.left, name)
    owner = node.value if isinstance(node, ast.Attribute) and node.attr == "result" else None
    return isinstance(owner, ast.Name) and owner.id == name


def error_code(writer: CaseWriter, message: ast.expr | None) -> Fields:
    """``error_code`` of an assertion's ``ErrorCode``, where it has one."""
    if not isinstance(message, ast.Call) or writer.file.dotted(message.func) != "hardpy.ErrorCode":
        return {}
    given = arguments(message, ORDER["hardpy.ErrorCode"])
    if "code" not in given:
        raise NotExpressible(message, "HardPy wants an error code here")
    try:
        code = writer.facts.constant(given["code"], int)
    except NotExpressible:
        raise NotExpressible(message, "its error code is computed, and a step has a fixed one") from None
    if not isinstance(code, int) or code < 0:
        raise NotExpressible(message, "HardPy refuses a negative error code")
    return {"error_code": code}


def spoken(writer: CaseWriter, message: ast.expr | None) -> Data:
    """The text of an assertion; ``None`` where it has none."""
    if isinstance(message, ast.Call) and writer.file.dotted(message.func) == "hardpy.ErrorCode":
        message = arguments(message, ORDER["hardpy.ErrorCode"]).get("message")
    if message is None or is_none(message):
        return None
    value = writer.expressions.value(message)
    return value if isinstance(value, str) else str(value)


class Assertions:
    """Writes the assertions of one function. ``has_more`` is asked whether something is done after a statement."""

    def __init__(self, writer: CaseWriter) -> None:
        self.writer = writer

    def write(self, statement: ast.Assert, following: Sequence[ast.stmt], more: bool) -> None:
        """The steps of an ``assert``. Raises ``NotExpressible``."""
        for part in parts_of(statement):
            self._part(part, statement, following, more)

    def _part(self, part: ast.expr, statement: ast.Assert, following: Sequence[ast.stmt], more: bool) -> None:
        if _is_true(self.writer, part):
            return
        if isinstance(part, ast.Constant) and not part.value:
            self._fail(statement)
            return
        measured = self._measured(part)
        if measured is not None:
            self._after_measurement(measured, statement, more or any(map(self.does_something, following)))
            return
        test = self.writer.hoisted(part)
        if _is_true(self.writer, test):
            return
        self.writer.emit(self._check(self.writer.expressions.condition(test), statement))

    def _measured(self, part: ast.expr) -> Built | None:
        for name, bound in self.writer.names.bindings.items():
            if isinstance(bound, Built) and bound.kind.endswith("Measurement") and is_result(part, name):
                return bound
        return None

    def _after_measurement(self, built: Built, statement: ast.Assert, goes_on: bool) -> None:
        """The measurement judged already; where more follows that HardPy would not do, the case has to end here."""
        last = self.writer.steps[-1] if self.writer.steps else {}
        if "measure" in last and last.get("limits") is not None and last.get(MADE_FROM) == id(built.call):
            if goes_on:
                last["on_fail"] = "stop"
            return
        if goes_on and built.value is not None:
            self.writer.emit(self._check(self.writer.measurements.condition(built), statement))

    def does_something(self, statement: ast.stmt) -> bool:
        """Whether a statement does more than to judge a measurement that its limits judge already."""
        if isinstance(statement, ast.Pass | ast.Return):
            return False
        if isinstance(statement, ast.Assert):
            return any(self._measured(each) is None and not _is_true(self.writer, each) for each in parts_of(statement))
        return True

    def _check(self, condition: str, statement: ast.Assert) -> Fields:
        step: Fields = {"check": condition, **error_code(self.writer, statement.msg)}
        message = spoken(self.writer, statement.msg)
        return step if message is None else {**step, "message": message}

    def _fail(self, statement: ast.Assert) -> None:
        message = spoken(self.writer, statement.msg)
        self.writer.emit({"fail": message or "assert False", **error_code(self.writer, statement.msg)})


MADE_FROM = "#made"
"""The key of a ``measure`` step, while steps are written, for the Python that it was made from."""


def _is_true(writer: CaseWriter, node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, ast.Name):
        bound = writer.names.binding(node.id)
        return isinstance(bound, PassFail) or (isinstance(bound, Inline) and _is_true(writer, bound.node))
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        answer = writer.names.binding(node.value.id)
        return isinstance(answer, PassFail) and (node.attr == "result" or (node.attr == "data" and answer.data is None))
    return False


def measurement_name(name: str | None) -> str:
    """What a measurement without a name is called: the variable that held it, in words."""
    return (name or "measurement").strip("_").replace("_", " ") or "measurement"
