"""What is known while one test function is turned into steps, and the steps so far."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from sequencer.migration.dialogs import DialogSteps
from sequencer.migration.driver_calls import DriverCalls, Drivers, ProjectCode, with_arguments
from sequencer.migration.expression import Expressions
from sequencer.migration.findings import Findings
from sequencer.migration.hardpy_calls import Facts, Fields
from sequencer.migration.measurements import Measurements
from sequencer.migration.python_functions import PythonFunctions, changed_names
from sequencer.migration.python_source import NotExpressible, PythonFile, is_literal
from sequencer.migration.scope import Binding, FixtureObject, Inline, Names, PassFail, Variable
from sequencer.vocabulary.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ProjectContext:
    """What all functions of a project share. ``functions`` gives what a file leaves behind in Python.

    ``needed`` are the fixtures whose object itself turned out to be needed.
    """

    findings: Findings
    code: ProjectCode
    drivers: Drivers
    functions: Callable[[PythonFile], PythonFunctions]
    picture: Callable[[PythonFile, ast.expr, str], str]
    needed: set[str]


class Snapshot(NamedTuple):
    """The state before a statement, to which a failed try goes back."""

    steps: int
    bindings: dict[str, Binding]
    taken: set[str]


class CaseWriter:
    """The steps of ``function``, with all that writes parts of them."""

    def __init__(self, project: ProjectContext, file: PythonFile, function: ast.FunctionDef) -> None:
        self.project = project
        own = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)} | set(set_counts(function))
        file = replace(file, imports={name: whole for name, whole in file.imports.items() if name not in own})
        self.file = file
        self.function = function
        self.names = Names(file)
        self.names.own = own
        self.steps: list[Fields] = []
        self.expressions = Expressions(self.names, lambda built: self.measurements.condition(built))
        self.facts = Facts(self.expressions)
        self.measurements = Measurements(self.expressions, self.facts)
        self.dialogs = DialogSteps(self.expressions, self.facts, lambda node, name: project.picture(file, node, name))
        self.calls = DriverCalls(self.names, project.code, self._function_driver)

    def emit(self, step: Fields) -> None:
        """Adds a step; facts that follow one another and do not meet are one ``record``."""
        last = self.steps[-1] if self.steps else {}
        if (
            list(step) == ["record"]
            and list(last) == ["record"]
            and _merge(last["record"], step["record"], try_only=True)
        ):
            _merge(last["record"], step["record"])
            return
        if list(step) == ["set"] and list(last) == ["set"]:
            new, old = step["set"], last["set"]
            assert isinstance(new, dict) and isinstance(old, dict)
            if not set(new) & set(old):
                old.update(new)
                return
        self.steps.append(step)

    def snapshot(self) -> Snapshot:
        """The state now; the steps so far are kept from changes by ``freeze``."""
        self.steps = copy.deepcopy(self.steps)
        return Snapshot(len(self.steps), dict(self.names.bindings), set(self.names.taken))

    def restore(self, snapshot: Snapshot, steps: list[Fields]) -> None:
        """Goes back to an earlier state, whose steps were ``steps``."""
        self.steps = steps
        self.names.bindings = dict(snapshot.bindings)
        self.names.taken = set(snapshot.taken)

    def hoisted(self, node: ast.expr) -> ast.expr:
        """The expression with the calls of drivers taken out, each as a step before. Raises ``NotExpressible``."""
        found: ast.expr = _Hoisting(self).visit(copy.deepcopy(node))
        return found

    def driver_call(self, node: ast.expr) -> Fields | None:
        """``call`` and ``with`` for a call of a driver; ``None`` for another expression."""
        found = self.calls.target(node)
        if found is None:
            return None
        target, signature = found
        if not isinstance(node, ast.Call):
            return {"call": target}
        plain = ast.Call(
            node.func,
            [self.hoisted(each) for each in node.args],
            [ast.keyword(each.arg, self.hoisted(each.value)) for each in node.keywords],
        )
        given = with_arguments(ast.copy_location(plain, node), signature, self.expressions.value)
        return {"call": target, "with": given} if given else {"call": target}

    def dialog(self, call: ast.Call, wanted: str) -> tuple[Fields, Binding]:
        """The step of ``run_dialog_box``, and what its answer is from then on."""
        step = self.dialogs.step(call)
        asked = step["dialog"]
        form = asked.get("type", "confirm") if isinstance(asked, dict) else "confirm"
        saved = form not in ("confirm", "steps")
        name = self.names.free(wanted) if saved else None
        if name is not None:
            step["save"] = name
        if isinstance(asked, dict) and asked.get("pass_fail"):
            return step, PassFail(name)
        return step, Inline(ast.Constant(True)) if name is None else Variable(name)

    def _function_driver(self, file: PythonFile, name: str) -> str:
        functions = self.project.functions(file)
        return self.project.drivers.declare(name, f"{functions.module}.{functions.whole(name)}")


def _merge(old: object, new: object, *, try_only: bool = False) -> bool:
    """Whether two ``record`` mappings say different things; then, unless ``try_only``, ``new`` goes into ``old``."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    for key, value in new.items():
        if key not in old:
            if not try_only:
                old[key] = value
        elif isinstance(old[key], list) and isinstance(value, list):
            if not try_only:
                old[key].extend(value)
        elif not _merge(old[key], value, try_only=try_only):
            return False
    return True


class _Hoisting(ast.NodeTransformer):
    """Takes calls of drivers and dialogs out of an expression, in the order in which Python makes them."""

    def __init__(self, writer: CaseWriter) -> None:
        self.writer = writer

    def visit_Call(self, node: ast.Call) -> ast.AST:
        file = self.writer.file
        if file.dotted(node.func) == "hardpy.run_dialog_box":
            step, answer = self.writer.dialog(node, "answer")
            self.writer.emit(step)
            if isinstance(answer, Inline):
                return answer.node
            name = f"answer {len(self.writer.steps)}"
            self.writer.names.bindings[name] = answer
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        return self._driver(node) or self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return self._driver(node) or self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        bound = self.writer.names.binding(node.id)
        if not isinstance(bound, FixtureObject):
            return node
        if not bound.held:
            if bound.fixture is not None:
                self.writer.project.needed.add(bound.fixture)
            raise NotExpressible(node, f"`{node.id}` is an instrument, and no value")
        name = self.writer.names.free(node.id if node.id != bound.driver else f"{node.id}_value")
        self.writer.emit({"call": f"{bound.driver}.{bound.held}", "save": name})
        self.writer.names.bindings[f"result {name}"] = Variable(name)
        return ast.copy_location(ast.Name(f"result {name}", ast.Load()), node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        node.values[0] = self.visit(node.values[0])
        for each in node.values[1:]:
            self._refuse(each)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        node.test = self.visit(node.test)
        self._refuse(node.body)
        self._refuse(node.orelse)
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda):
            self._refuse(node)
            return node
        return super().generic_visit(node)

    def _refuse(self, node: ast.AST) -> None:
        for each in ast.walk(node):
            is_dialog = isinstance(each, ast.Call) and self.writer.file.dotted(each.func) == "hardpy.run_dialog_box"
            if is_dialog or (isinstance(each, ast.Call | ast.Attribute) and self.writer.calls.target(each)):
                raise NotExpressible(each, "it is carried out only if, or as often as, the rest says so")

    def _driver(self, node: ast.expr) -> ast.AST | None:
        call = self.writer.driver_call(node)
        if call is None:
            return None
        owner, _, wanted = str(call["call"]).rpartition(".")
        wanted = wanted if owner else "result"
        name = self.writer.names.free(wanted)
        self.writer.emit({**call, "save": name})
        self.writer.names.bindings[f"result {name}"] = Variable(name)
        return ast.copy_location(ast.Name(f"result {name}", ast.Load()), node)


def assigned_once(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """The local names that are set once, to something that is written out, and never changed."""
    counts = set_counts(function)
    found: dict[str, ast.expr] = {}
    for name in changed_names(function):
        counts[name] = 2
    for node in function.body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if isinstance(node, ast.AnnAssign):
            target = node.target
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if not isinstance(target, ast.Name) or value is None or counts.get(target.id) != 1:
            continue
        if is_literal(value) or _stays_the_same(value, counts):
            found[target.id] = value
    return found


def set_counts(function: ast.FunctionDef) -> dict[str, int]:
    """How often each local name is set."""
    counts: dict[str, int] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            counts[node.id] = counts.get(node.id, 0) + 1
    return counts


def _stays_the_same(value: ast.expr, counts: dict[str, int]) -> bool:
    """Whether it is a text made of names that are set once: it reads the same wherever it stands."""
    nodes = list(ast.walk(value))
    plain = not any(isinstance(each, ast.Call | ast.Attribute | ast.NamedExpr) for each in nodes)
    names = (each.id for each in nodes if isinstance(each, ast.Name))
    return isinstance(value, ast.JoinedStr) and plain and all(counts.get(name, 1) == 1 for name in names)


def reads(function: ast.FunctionDef | Sequence[ast.stmt], name: str) -> int:
    """How often a name is read."""
    roots = [function] if isinstance(function, ast.AST) else function
    nodes = (node for root in roots for node in ast.walk(root))
    return sum(isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) for node in nodes)
