"""Calls in Python that become steps: of what fixtures give, and of the project's own functions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from sequencer.migration.python_source import NotExpressible, PythonFile
from sequencer.migration.scope import FixtureObject, Names, driver_name
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass

Signature = Sequence[str] | None
"""The names of parameters that can be given by position; ``None`` where nobody knows them."""


@dataclass(frozen=True, slots=True)
class ImportedDriver:
    """A driver of the sequence: ``use`` and, where it needs more than that, its other keys."""

    use: str
    more: Mapping[str, Data]

    def written(self) -> Data:
        """How the sequence declares it."""
        return {"use": self.use, **self.more} if self.more else self.use


class Drivers:
    """The drivers of the sequence by name; two of the same kind are one."""

    def __init__(self) -> None:
        self.declared: dict[str, ImportedDriver] = {}

    def declare(self, wanted: str, use: str, **more: Data) -> str:
        """The name of a driver, which is made unless there is one that is the same."""
        driver = ImportedDriver(use, more)
        for name, known in self.declared.items():
            if known == driver and not more.get("with"):
                return name
        name = driver_name(wanted, self.declared)
        self.declared[name] = driver
        return name


class ProjectCode:
    """The Python files of the project by the names under which they are imported."""

    def __init__(self, files: Sequence[PythonFile]) -> None:
        self.files = files
        self.modules: dict[str, PythonFile] = {}
        for file in files:
            parts = file.name.removesuffix(".py").split("/")
            for start in range(len(parts)):
                self.modules.setdefault(".".join(parts[start:]), file)
        for file in files:
            self.modules[file.name.removesuffix(".py").replace("/", ".")] = file

    def function(self, dotted: str | None) -> tuple[PythonFile, ast.FunctionDef] | None:
        """The function of the project that a whole name stands for."""
        module, _, name = (dotted or "").rpartition(".")
        file = self.modules.get(module)
        return (file, file.functions[name]) if file is not None and name in file.functions else None

    def class_(self, dotted: str | None) -> tuple[PythonFile, ast.ClassDef] | None:
        """The class of the project that a whole name stands for."""
        module, _, name = (dotted or "").rpartition(".")
        file = self.modules.get(module)
        return (file, file.classes[name]) if file is not None and name in file.classes else None

    def dotted(self, file: PythonFile, node: ast.expr) -> str | None:
        """The whole name of what stands there, also of what the file itself defines."""
        found = file.dotted(node)
        if found is None and isinstance(node, ast.Name) and (node.id in file.functions or node.id in file.classes):
            return f"{file.name.removesuffix('.py').replace('/', '.')}.{node.id}"
        return found

    def method(self, class_name: str | None, name: str, depth: int = 0) -> ast.FunctionDef | None:
        """A method of a class of the project, or of the classes that it is derived from."""
        found = self.class_(class_name)
        if found is None or depth > 20:
            return None
        file, definition = found
        for each in definition.body:
            if isinstance(each, ast.FunctionDef) and each.name == name:
                return each
        bases = (self.method(self.dotted(file, base), name, depth + 1) for base in definition.bases)
        return next((each for each in bases if each is not None), None)


def parameters(function: ast.FunctionDef, *, bound: bool) -> Signature:
    """The parameters that can be given by position, without ``self`` where it is ``bound``."""
    named = [each.arg for each in function.args.posonlyargs + function.args.args]
    return named[1:] if bound else named


def with_arguments(call: ast.Call, signature: Signature, write: Callable[[ast.expr], Data]) -> dict[str, Data]:
    """``with`` of a call: its arguments by name. Raises ``NotExpressible``."""
    if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        raise NotExpressible(call, "its arguments come from a list or a mapping")
    if call.args and (signature is None or len(call.args) > len(signature)):
        raise NotExpressible(call, "the names of its arguments are not known here")
    given = dict(zip(signature or (), call.args, strict=False))
    return {
        **{name: write(node) for name, node in given.items()},
        **{str(k.arg): write(k.value) for k in call.keywords},
    }


class DriverCalls:
    """Finds in one function which calls a step can make."""

    def __init__(self, names: Names, code: ProjectCode, function_driver: Callable[[PythonFile, str], str]) -> None:
        self.names = names
        self.code = code
        self._function_driver = function_driver

    def target(self, node: ast.expr) -> tuple[str, Signature] | None:
        """What a call or a property leads to: ``psu.voltage`` and the parameters; ``None`` for anything else."""
        called = node.func if isinstance(node, ast.Call) else node
        if isinstance(called, ast.Attribute):
            return self._of_fixture(called, is_call=isinstance(node, ast.Call))
        if isinstance(node, ast.Call):
            return self._of_function(node)
        return None

    def _of_fixture(self, called: ast.Attribute, *, is_call: bool) -> tuple[str, Signature] | None:
        path: list[str] = []
        node: ast.expr = called
        while isinstance(node, ast.Attribute):
            path.insert(0, node.attr)
            node = node.value
        bound = self.names.binding(node.id) if isinstance(node, ast.Name) else None
        if not isinstance(bound, FixtureObject):
            return self._of_function_call(called) if is_call else None
        if any(part.startswith("_") for part in path):
            raise NotExpressible(called, "a step reaches no names that begin with `_`")
        method = self.code.method(bound.class_name, path[-1]) if len(path) == 1 else None
        signature = None if method is None else parameters(method, bound=not _is_static(method))
        return ".".join([bound.driver, *([bound.held] if bound.held else []), *path]), signature

    def _of_function_call(self, called: ast.Attribute) -> tuple[str, Signature] | None:
        return self._function(called)

    def _of_function(self, call: ast.Call) -> tuple[str, Signature] | None:
        if isinstance(call.func, ast.Name) and call.func.id in {*self.names.own, *self.names.bindings}:
            return None
        return self._function(call.func)

    def _function(self, called: ast.expr) -> tuple[str, Signature] | None:
        found = self.code.function(self.code.dotted(self.names.file, called))
        if found is None:
            return None
        file, function = found
        if uses_hardpy(file, function) or function.args.vararg or function.args.kwarg:
            raise NotExpressible(called, f"the function `{function.name}` uses HardPy itself")
        return self._function_driver(file, function.name), parameters(function, bound=False)


def _is_static(function: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)


def uses_hardpy(file: PythonFile, node: ast.AST) -> bool:
    """Whether something of HardPy or pytest is named in it."""
    for each in ast.walk(node):
        dotted = file.dotted(each) if isinstance(each, ast.Name | ast.Attribute) else None
        if (dotted or "").partition(".")[0] in ("hardpy", "pytest"):
            return True
    return False
