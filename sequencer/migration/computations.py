"""What expressions cannot say, computed before the step that needs it."""

from __future__ import annotations

import ast

from sequencer.migration.blocks import Blocks
from sequencer.migration.case_writer import CaseWriter
from sequencer.migration.python_source import NotExpressible, names_in
from sequencer.migration.scope import Built, FixtureObject, PassFail
from sequencer.vocabulary.data import Data


class Computations:
    """Makes the arguments of calls expressible: calls of drivers and of Python's own functions become steps before."""

    def __init__(self, writer: CaseWriter, blocks: Blocks) -> None:
        self.writer = writer
        self.blocks = blocks

    def plain(self, node: ast.Call) -> ast.Call:
        """The call with the calls of drivers, and what only Python can compute, made before."""
        plain = self.writer.hoisted(node)
        plain = self.computed(plain)
        assert isinstance(plain, ast.Call)
        return plain

    def computed(self, node: ast.expr) -> ast.expr:
        """The expression with those parts of it computed by functions that expressions cannot say."""
        dotted = self.writer.file.dotted(node.func) if isinstance(node, ast.Call) else self.writer.file.dotted(node)
        if isinstance(node, ast.Call) and (dotted or "").startswith("hardpy."):
            keywords = [ast.keyword(each.arg, self.computed(each.value)) for each in node.keywords]
            return ast.copy_location(ast.Call(node.func, [*map(self.computed, node.args)], keywords), node)
        if isinstance(node, ast.List | ast.Tuple):
            return ast.copy_location(ast.List([*map(self.computed, node.elts)], ast.Load()), node)
        if isinstance(node, ast.Dict):
            return ast.copy_location(ast.Dict(node.keys, [*map(self.computed, node.values)]), node)
        is_known = isinstance(node, ast.Name) and not isinstance(self.writer.names.binding(node.id), Built)
        if (dotted or "").startswith("hardpy.") or (isinstance(node, ast.Name) and not is_known):
            return node
        try:
            self.writer.expressions.value(node)
        except NotExpressible:
            if self._uses_objects(node):
                return node
            return ast.copy_location(ast.Name(self.blocks.expression(node, "value"), ast.Load()), node)
        return node

    def _uses_objects(self, node: ast.expr) -> bool:
        """Whether it asks for what is not there in Python: HardPy's objects, instruments."""
        bound = (self.writer.names.binding(name) for name in names_in(node, ast.Load))
        return any(isinstance(each, Built | FixtureObject | PassFail) for each in bound)

    def value(self, node: ast.expr) -> Data:
        """What stands in YAML for a value. Raises ``NotExpressible``."""
        return self.writer.expressions.value(self.writer.hoisted(node))

    def measurement(self, call: ast.Call) -> ast.Call:
        """The measurement with its value computed, unless a driver gives it."""
        keywords = [
            each if self.writer.calls.target(each.value) else ast.keyword(each.arg, self.computed(each.value))
            for each in call.keywords
        ]
        return ast.copy_location(ast.Call(call.func, call.args, keywords), call)
