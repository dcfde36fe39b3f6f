"""Statements that no step can say, as a function of a driver file and the step that calls it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence

from sequencer.migration.case_writer import CaseWriter
from sequencer.migration.driver_calls import uses_hardpy
from sequencer.migration.findings import IN_PYTHON
from sequencer.migration.hardpy_calls import Fields
from sequencer.migration.python_functions import (
    ERROR_CODE,
    FAILED,
    PythonBlock,
    bound_names,
    error_codes,
    read_names,
    result_key,
)
from sequencer.migration.python_source import NotExpressible, is_literal
from sequencer.migration.scope import FixtureObject, Inline, Text, Variable, identifier
from sequencer.migration.yaml_text import COMMENT
from sequencer.vocabulary.data import Data


class Blocks:
    """Writes such functions for one test function."""

    def __init__(self, writer: CaseWriter) -> None:
        self.writer = writer

    def write(self, statements: Sequence[ast.stmt], outputs: set[str], *, tail: bool) -> str:
        """Emits the steps that call the function, and gives its name. Raises ``NotExpressible``."""
        writer = self.writer
        functions = writer.project.functions(writer.file)
        functions.check(statements, tail=tail)
        self._refuse_unknown(statements)
        given = self._inputs(statements)
        asserts = any(map(self._can_fail, (each for statement in statements for each in ast.walk(statement))))
        known = {name: bound.node for name, bound in writer.names.bindings.items() if isinstance(bound, Inline)}
        codes = error_codes(writer.file, statements, {**writer.file.constants, **known})
        # A call such as `math.sqrt(2)` changes no name of the test.
        elsewhere = {*writer.file.imports, *writer.file.functions, *writer.file.classes} - set(writer.names.bindings)
        named = sorted((bound_names(statements) & outputs) - elsewhere)
        if len({result_key(name) for name in named}) < len(named):
            raise NotExpressible(statements[0], "two names in it differ by a `_` alone")
        if any(not name.isascii() or not name.isidentifier() for name in (*given, *named)):
            raise NotExpressible(statements[0], "a name in it has other letters than a to z")
        block = PythonBlock(statements, list(given), named, asserts, codes)
        span = self._span(statements)
        name = functions.add(self._name(), block, f"{writer.file.name.replace(chr(92), '/')}, {span}.")
        driver = writer.project.drivers.declare(name, f"{functions.module}.{name}")
        message = f"this is no straight line; it is the function `{name}` in drivers/{functions.module}.py"
        writer.project.findings.tell(IN_PYTHON, writer.file, statements[0], message)
        step: Fields = {COMMENT: f"{writer.file.name}, {span}: kept in Python", "call": driver}
        if given:
            step["with"] = given
        self._take(step, block)
        return name

    def _can_fail(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Assert) or (
            isinstance(node, ast.Call) and self.writer.file.dotted(node.func) == "pytest.fail"
        )

    def _refuse_unknown(self, statements: Sequence[ast.stmt]) -> None:
        """Raises ``NotExpressible`` for a name that the function would not have, or that would be something else."""
        names, file = self.writer.names, self.writer.file
        parameters = {each.arg for each in ast.walk(self.writer.function.args) if isinstance(each, ast.arg)}
        inside = {each.arg for statement in statements for each in ast.walk(statement) if isinstance(each, ast.arg)}
        known = {*bound_names(statements), *names.bindings, *inside}
        of_file = {*file.imports, *file.functions, *file.classes, *file.globals, *dir(builtins)} - parameters
        for node in (each for statement in statements for each in ast.walk(statement)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in known | of_file:
                raise NotExpressible(node, f"what `{node.id}` is, a function of a driver does not know")
            self._refuse_hardpy(node)

    def _refuse_hardpy(self, node: ast.AST) -> None:
        """Code of the project that uses HardPy cannot be taken along."""
        if not isinstance(node, ast.Name | ast.Attribute):
            return
        if isinstance(node, ast.Name) and node.id in self.writer.names.bindings:
            return
        file, code = self.writer.file, self.writer.project.code
        dotted = code.dotted(file, node)
        module = code.modules.get((dotted or "").rpartition(".")[0])
        if module is None or dotted is None:
            return
        elsewhere = module.name != file.name and any(each.startswith("hardpy") for each in module.imports.values())
        found = code.function(dotted) or code.class_(dotted)
        if elsewhere or (found is not None and uses_hardpy(*found)):
            raise NotExpressible(node, f"`{dotted.rpartition('.')[2]}` uses HardPy itself")

    def expression(self, node: ast.expr, wanted: str) -> str:
        """The variable that a step sets by computing the expression in Python."""
        value = ast.copy_location(ast.Assign([ast.Name("value", ast.Store())], node), node)
        statement = ast.fix_missing_locations(value)
        names = self.writer.names
        before = names.bindings.pop("value", None)
        names.bindings.pop("value", None)
        self.write([statement], {"value"}, tail=False)
        bound = names.bindings.pop("value")
        assert isinstance(bound, Variable)
        if before is not None:
            names.bindings["value"] = before
        names.bindings[f"computed {wanted} {bound.name}"] = bound
        return f"computed {wanted} {bound.name}"

    def _inputs(self, statements: Sequence[ast.stmt]) -> dict[str, Data]:
        found: dict[str, Data] = {}
        for name in sorted(read_names(statements) | (bound_names(statements) & set(self.writer.names.bindings))):
            bound = self.writer.names.bindings.get(name)
            if bound is None:
                continue
            found[name] = self._input(statements[0], name, bound)
        return found

    def _input(self, statement: ast.stmt, name: str, bound: object) -> Data:
        if isinstance(bound, Variable):
            return f"${{{{ {bound.name} }}}}"
        if isinstance(bound, Text):
            return f"${{{{ {bound.expression} }}}}"
        if isinstance(bound, Inline) and is_literal(bound.node):
            return self.writer.expressions.value(bound.node)
        if isinstance(bound, FixtureObject) and bound.held:
            variable = self.writer.names.free(f"{bound.driver}_object")
            self.writer.emit({"call": f"{bound.driver}.{bound.held}", "save": variable})
            return f"${{{{ {variable} }}}}"
        if isinstance(bound, FixtureObject) and bound.fixture is not None:
            self.writer.project.needed.add(bound.fixture)
        raise NotExpressible(statement, f"`{name}` cannot be given to a function of a driver")

    def _take(self, step: Fields, block: PythonBlock) -> None:
        """The call, and what becomes of what it gives."""
        writer = self.writer
        if not block.asserts and len(block.outputs) == 1:
            writer.names.bindings.pop(block.outputs[0], None)
            writer.emit({**step, "save": writer.names.variable(block.outputs[0])})
            return
        if not block.asserts and not block.outputs:
            writer.emit(step)
            return
        result = writer.names.free("outcome")
        writer.emit({**step, "save": result})
        if block.asserts:
            self._judge(result, block)
        if block.outputs:
            for name in block.outputs:
                writer.names.bindings.pop(name, None)
            values = {writer.names.variable(name): f"${{{{ {result}.{result_key(name)} }}}}" for name in block.outputs}
            writer.emit({"set": values})

    def _judge(self, result: str, block: PythonBlock) -> None:
        said = f"${{{{ {result}.{FAILED} }}}}"
        for code in block.codes:
            condition = f"{result}.{ERROR_CODE} is not none and {result}.{ERROR_CODE} == {code}"
            self.writer.emit({"fail": said, "if": condition, "error_code": code})
        self.writer.emit({"check": f"{result}.{FAILED} is none", "message": said})

    def _name(self) -> str:
        return identifier(self.writer.function.name.removeprefix("test_"), "part") + "_part"

    def _span(self, statements: Sequence[ast.stmt]) -> str:
        first, last = statements[0].lineno, statements[-1].end_lineno or statements[-1].lineno
        return f"line {first}" if first == last else f"lines {first} to {last}"
