"""The test functions of a file as the cases of a module."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from sequencer.migration.assertions import MADE_FROM
from sequencer.migration.case_writer import CaseWriter, ProjectContext, reads
from sequencer.migration.configuration import StartParameters
from sequencer.migration.findings import CHANGED, NOT_IMPORTED
from sequencer.migration.fixtures import START_ARGUMENTS, Fixture, Fixtures
from sequencer.migration.hardpy_calls import Fields
from sequencer.migration.markers import Marker, MarkerReader, decorators, module_markers
from sequencer.migration.python_source import NotExpressible, PythonFile
from sequencer.migration.scope import FixtureObject, StartArguments, Text, Variable, identifier, unique
from sequencer.migration.statements import Statements, without_early_returns
from sequencer.migration.yaml_text import COMMENT
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass

_NUMBERS = re.compile(r"([0-9]+)")
_IDENTICAL = "HardPy's reports call it"
_BUILT_IN = frozenset(["request", START_ARGUMENTS])


@dataclass(frozen=True, slots=True)
class TestFunction:
    """A test as pytest finds it: a function, or a method with the markers of its class."""

    function: ast.FunctionDef
    markers: Sequence[Marker]
    is_method: bool

    __test__ = False


@dataclass(slots=True)
class ImportedModule:
    """A module of the sequence: its id, and what the sequence says of it."""

    file: PythonFile
    id: str
    case_ids: dict[str, str]
    content: dict[str, Data]


class Naming:
    """The ids of modules and cases so far, in the order in which HardPy runs them."""

    def __init__(self) -> None:
        self.modules: dict[str, ImportedModule] = {}

    def named(self, module: str, case: str | None) -> str | None:
        """What ``depends`` says for a module or a case that ran before; ``None`` for anything else."""
        found = self.modules.get(module)
        if found is None or (case is not None and case not in found.case_ids):
            return None
        return found.id if case is None else f"{found.id}::{found.case_ids[case]}"


def tests_of(
    file: PythonFile, functions: Callable[[str], bool], classes: Callable[[str], bool]
) -> Iterator[TestFunction]:
    """The tests of a file in the order in which they stand there."""
    last = {node.name: node for node in file.tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    # HardPy sorts by the name of the file or, for methods, of the class.
    groups: dict[str, list[TestFunction]] = {}
    for name, node in last.items():
        if isinstance(node, ast.FunctionDef) and functions(name):
            found = TestFunction(node, list(decorators(file, node.decorator_list)), False)
            groups.setdefault(file.name, []).append(found)
        elif isinstance(node, ast.ClassDef) and classes(name):
            groups.setdefault(name, []).extend(_methods(file, node, functions))
    for name in sorted(groups, key=natural_order):
        yield from groups[name]


def _methods(file: PythonFile, node: ast.ClassDef, functions: Callable[[str], bool]) -> Iterator[TestFunction]:
    of_class = list(decorators(file, node.decorator_list))
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and functions(each.name):
            yield TestFunction(each, [*decorators(file, each.decorator_list), *of_class], True)


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """The key by which HardPy sorts files: numbers in names by what they count."""
    parts = _NUMBERS.split(name.rpartition("/")[2])
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


class CaseImport:
    """Makes modules of files. ``parameters`` are those of the sequence."""

    def __init__(
        self, project: ProjectContext, fixtures: Fixtures, naming: Naming, parameters: StartParameters
    ) -> None:
        self.project = project
        self.fixtures = fixtures
        self.naming = naming
        self.parameters = parameters.names
        self.optional = [name for name, each in parameters.declared.items() if each.get("required") is False]

    def module(self, file: PythonFile, tests: Sequence[TestFunction]) -> ImportedModule:
        """The module of a file, which is known to the naming from now on."""
        reader = MarkerReader(file, self.project.findings)
        markers = module_markers(file)
        written = identifier(file.stem, "module")
        module = ImportedModule(file, unique(written, {each.id for each in self.naming.modules.values()}), {}, {})
        self._same_id(file, file.tree, file.stem, module.id)
        self.naming.modules[file.stem] = module
        if (name := reader.text(markers, "module_name")) is not None:
            module.content["name"] = self._fixed(file, file.tree, name)
        if (group := reader.group(markers, "module_group")) is not None:
            module.content["group"] = group
        if any(marker.name == "critical" for marker in markers):
            module.content["critical"] = True
        cases: dict[str, Data] = {}
        for test in tests:
            case_id = unique(identifier(test.function.name, "case"), cases)
            self._same_id(file, test.function, test.function.name, case_id)
            cases[case_id] = self._case(file, test, reader, markers)
            module.case_ids[test.function.name] = case_id
        module.content["cases"] = cases
        return module

    def _same_id(self, file: PythonFile, node: ast.AST, old: str, new: str) -> None:
        if old != new:
            message = f"{_IDENTICAL} `{old}`; the id of the sequence is `{new}`"
            self.project.findings.tell(CHANGED, file, node, message)

    def _fixed(self, file: PythonFile, node: ast.AST, text: str) -> str:
        """A text that can hold no expression."""
        if "${{" not in text:
            return text
        self.project.findings.tell(CHANGED, file, node, "a name cannot hold `${{`: a blank was put into it")
        return text.replace("${{", "$ {{")

    def _case(
        self, file: PythonFile, test: TestFunction, reader: MarkerReader, of_module: Sequence[Marker]
    ) -> dict[str, Data]:
        case: dict[str, Data] = {}
        function, markers = test.function, test.markers
        if (name := reader.text(markers, "case_name")) is not None:
            case["name"] = self._fixed(file, function, name)
        if (described := ast.get_docstring(function)) and described.strip():
            case["description"] = self._fixed(file, function, described.strip())
        if (group := reader.group(markers, "case_group")) is not None:
            case["group"] = group
        if any(marker.name == "critical" for marker in markers):
            case["critical"] = True
        if depends := reader.dependencies([*markers, *of_module], self.naming.named):
            case["depends"] = depends[0] if len(depends) == 1 else list(depends)
        if (attempts := reader.attempts(markers)) > 1:
            case["attempts"] = {"times": attempts, "delay": "1 s"}
        rows = reader.rows(markers)
        if rows is not None:
            case["for_each"] = _written_rows(*rows)
        self._others(file, [*markers, *of_module], case)
        case["steps"] = self._steps(file, test, rows[0] if rows is not None else [])
        return case

    def _others(self, file: PythonFile, markers: Sequence[Marker], case: dict[str, Data]) -> None:
        """``skip``, and markers that have no counterpart."""
        for marker in markers:
            if marker.name == "skip":
                case["if"] = False
                message = "this test is skipped always: its `if` is false"
                self.project.findings.tell(CHANGED, file, marker.node, message)
            elif marker.name in ("skipif", "xfail"):
                message = f"a case has no `{marker.name}`: it is imported as if it were not there"
                self.project.findings.tell(NOT_IMPORTED, file, marker.node, message)
            elif marker.name not in _KNOWN:
                message = f"the marker `{marker.name}` was left out"
                self.project.findings.tell(CHANGED, file, marker.node, message)

    def _steps(self, file: PythonFile, test: TestFunction, rows: Sequence[str]) -> list[Fields]:
        writer = CaseWriter(self.project, file, test.function)
        statements = Statements(writer)
        try:
            self._bind(writer, test, rows)
            statements.write(without_early_returns(test.function.body))
        except RecursionError:
            why = "it is nested too deeply"
            self.project.findings.tell(NOT_IMPORTED, file, test.function, f"this test was not imported: {why}")
            writer.steps = [{"error": f"{test.function.name} was not imported: {why}"}]
        steps = [_clean(step) for step in writer.steps]
        if not steps:
            return [{"check": True}]
        if _only_sometimes(steps):
            steps.append({"check": True})
        return steps

    def _bind(self, writer: CaseWriter, test: TestFunction, rows: Sequence[str]) -> None:
        """What the parameters of the function stand for."""
        arguments = test.function.args
        names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        for written, name in self.parameters.items():
            writer.names.bindings[f"start argument {written}"] = Text(f"params.{name}")
        writer.names.optional.update(f"params.{name}" for name in self.optional)
        for name in rows:
            writer.names.taken.add(name)
            writer.names.bindings[name] = Variable(name)
        for fixture in self.fixtures.automatic(writer.file):
            if fixture.name not in names:
                self._use(writer, fixture)
        for marker in test.markers:
            wanted = [str(each.value) for each in marker.args if isinstance(each, ast.Constant)]
            for name in wanted if marker.name == "usefixtures" else ():
                if (named := self.fixtures.find(name, writer.file)) is not None:
                    self._use(writer, named)
        for name in names[1:] if test.is_method else names:
            if name not in rows:
                self._bind_fixture(writer, name)

    def _bind_fixture(self, writer: CaseWriter, name: str) -> None:
        fixture = self.fixtures.find(name, writer.file)
        if name == START_ARGUMENTS:
            writer.names.bindings[name] = StartArguments()
        elif fixture is not None:
            if not reads(writer.function, name):
                self._use(writer, fixture)
                return
            bound = self.fixtures.binding(fixture, self.project.functions(fixture.file))
            if bound is not None:
                writer.names.bindings[name] = bound
        elif name not in _BUILT_IN:
            message = f"the fixture `{name}` is not one of this project"
            self.project.findings.tell(NOT_IMPORTED, writer.file, writer.function, message)
            writer.emit({"error": "a fixture of this test was not imported", COMMENT: message})

    def _use(self, writer: CaseWriter, fixture: Fixture) -> None:
        """A fixture that a test wants for what it does: its driver is opened."""
        if all(isinstance(each, ast.Pass) or _nothing(each) for each in fixture.body):
            return
        self.project.needed.add(fixture.name)
        bound = self.fixtures.binding(fixture, self.project.functions(fixture.file))
        if isinstance(bound, FixtureObject) and bound.held:
            writer.emit({"call": f"{bound.driver}.{bound.held}", COMMENT: f"opens `{fixture.name}`"})
        elif bound is None:
            writer.emit({"error": "a fixture of this test was not imported"})


_KNOWN = frozenset(
    [
        "case_name",
        "module_name",
        "case_group",
        "module_group",
        "critical",
        "dependency",
        "attempt",
        "parametrize",
        "usefixtures",
        "filterwarnings",
        "order",
        "timeout",
    ]
)


def _written_rows(names: Sequence[str], rows: Sequence[dict[str, Data]]) -> Data:
    """Rows as a person writes them: of a single name its values, where these are what pytest calls the rows."""
    if len(names) == 1 and all(type(row[names[0]]) in (int, str) and row[names[0]] != "" for row in rows):
        return {names[0]: [row[names[0]] for row in rows]}
    return list(rows)


def _nothing(statement: ast.stmt) -> bool:
    """A ``yield`` of nothing."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield) and statement.value.value is None


def _clean(step: Fields) -> Fields:
    """The step without what was noted while it was made."""
    cleaned = {key: value for key, value in step.items() if key != MADE_FROM}
    inner = cleaned.get("steps")
    if isinstance(inner, list):
        cleaned["steps"] = [_clean(each) if isinstance(each, dict) else each for each in inner]
    return cleaned


def _only_sometimes(steps: Sequence[Fields]) -> bool:
    """Whether all that judges stands under a condition, so that perhaps nothing does."""
    return any(_judges(step) for step in steps) and not any(
        _judges(step) and "if" not in step and "for_each" not in step for step in steps
    )


def _judges(step: Fields) -> bool:
    inner = step.get("steps")
    nested = isinstance(inner, list) and any(isinstance(each, dict) and _judges(each) for each in inner)
    return "check" in step or "limits" in step or nested


__all__ = ["CaseImport", "ImportedModule", "Naming", "NotExpressible", "TestFunction", "tests_of"]
