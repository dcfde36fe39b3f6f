"""pytest's fixtures as drivers: a class where one only makes an object, else the fixture itself in a driver file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from sequencer.migration.driver_calls import Drivers, ProjectCode, parameters, uses_hardpy
from sequencer.migration.findings import NOT_IMPORTED, Findings
from sequencer.migration.python_functions import PythonFunctions
from sequencer.migration.python_source import NotExpressible, PythonFile, is_literal, option_name
from sequencer.migration.scope import Binding, FixtureObject, Logger, Text, unique
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass

_SCOPES = {"session": None, "package": None, "module": "module", "class": "module", "function": "case"}
START_ARGUMENTS, POST_RUN = "hardpy_start_args", "post_run_functions"
HELD = "object"
"""The attribute of a driver that is what its fixture gave."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """A fixture and where it is; ``scope`` is that of a driver, ``None`` for the whole run."""

    name: str
    file: PythonFile
    function: ast.FunctionDef
    scope: str | None
    autouse: bool
    parametrized: bool

    @property
    def needs(self) -> list[str]:
        """The fixtures that it uses itself."""
        return list(parameters(self.function, bound=False) or ())

    @property
    def body(self) -> list[ast.stmt]:
        """Its statements without the docstring."""
        return [each for each in self.function.body if not _is_text(each)]


def fixtures_of(file: PythonFile) -> Iterator[Fixture]:
    """The fixtures that a file defines."""
    for function in file.functions.values():
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
            if file.dotted(call.func) not in ("pytest.fixture", "pytest_asyncio.fixture"):
                continue
            given = {each.arg: each.value for each in call.keywords}
            scope = _constant(given.get("scope")) or (_constant(call.args[0]) if call.args else None) or "function"
            yield Fixture(
                str(_constant(given.get("name")) or function.name),
                file,
                function,
                _SCOPES.get(str(scope), "case"),
                bool(_constant(given.get("autouse"))),
                "params" in given,
            )


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


class Fixtures:
    """Finds fixtures as pytest does, and makes drivers of them.

    ``wrapped`` are the names of those whose object is needed itself: these are never a class of the project.
    """

    def __init__(self, code: ProjectCode, drivers: Drivers, findings: Findings, wrapped: set[str]) -> None:
        self.code = code
        self.drivers = drivers
        self.findings = findings
        self.wrapped = wrapped
        self._by_folder: dict[str, dict[str, Fixture]] = {}
        self._own: dict[str, dict[str, Fixture]] = {}
        self._made: dict[int, Binding | None] = {}
        for file in code.files:
            found = {fixture.name: fixture for fixture in fixtures_of(file)}
            if file.name.rpartition("/")[2] == "conftest.py":
                self._by_folder[file.name.rpartition("/")[0]] = found
            else:
                self._own[file.name] = found

    def find(self, name: str, file: PythonFile) -> Fixture | None:
        """The fixture that a test of the file gets under a name."""
        if name in self._own.get(file.name, {}):
            return self._own[file.name][name]
        for folder in _upward(file.name):
            if name in self._by_folder.get(folder, {}):
                return self._by_folder[folder][name]
        return None

    def automatic(self, file: PythonFile) -> list[Fixture]:
        """The fixtures that every test of the file uses, whether it names them or not; without HardPy's own."""
        found = [
            each for folder in reversed(list(_upward(file.name))) for each in self._by_folder.get(folder, {}).values()
        ]
        found += self._own.get(file.name, {}).values()
        return [each for each in found if each.autouse and POST_RUN not in each.needs]

    def post_run(self) -> list[Fixture]:
        """The fixtures that say what is done after a run."""
        known = [*self._by_folder.values(), *self._own.values()]
        return [each for found in known for each in found.values() if POST_RUN in each.needs]

    def binding(self, fixture: Fixture, functions: PythonFunctions) -> Binding | None:
        """What the name of the fixture stands for in a test; ``None``, and a finding, when it cannot be imported."""
        key = id(fixture.function)
        if key not in self._made:
            try:
                self._made[key] = self._make(fixture, functions)
            except NotExpressible as why:
                message = f"the fixture `{fixture.name}` was not imported: {why.why}"
                self.findings.tell(NOT_IMPORTED, fixture.file, fixture.function, message)
                self._made[key] = None
        return self._made[key]

    def _make(self, fixture: Fixture, functions: PythonFunctions) -> Binding:
        simple = _logger(fixture) or _option(fixture)
        if simple is not None:
            return simple
        if fixture.parametrized:
            raise NotExpressible(fixture.function, "it has `params`")
        direct = None if fixture.name in self.wrapped else self._class_of(fixture, functions)
        return direct or self._wrapped(fixture, functions)

    def _class_of(self, fixture: Fixture, functions: PythonFunctions) -> FixtureObject | None:
        """The driver of a fixture that makes an object and, at most, closes it."""
        made = _made(fixture)
        if made is None or fixture.needs:
            return None
        dotted = self.code.dotted(fixture.file, made.func)
        found = self.code.class_(dotted)
        if dotted is None:
            return None
        constructor = None if found is None else self.code.method(dotted, "__init__")
        order = [] if constructor is None else list(parameters(constructor, bound=True) or ())
        given = _literal_arguments(made, order)
        if given is None:
            return None
        if found is None:
            module, _, name = dotted.rpartition(".")
            if not module or not name[:1].isupper():
                return None
            use = f"{module}:{name}"
        elif found[0].name.rpartition("/")[2] == "conftest.py" or found[0].name == fixture.file.name:
            use = f"{functions.module}.{functions.whole(found[1].name)}"
        else:
            use = dotted
        more: dict[str, Data] = {"with": given} if given else {}
        if fixture.scope is not None:
            more["scope"] = fixture.scope
        return FixtureObject(
            self.drivers.declare(fixture.name, use, **more), "", dotted if found else None, fixture.name
        )

    def _wrapped(self, fixture: Fixture, functions: PythonFunctions) -> FixtureObject:
        """A driver whose ``object`` is what the fixture gives; closed, it does what the fixture does at the end."""
        lines: list[str] = []
        self._enter(fixture, fixture.file, lines, [])
        file = fixture.file
        taken = {*functions.functions, *file.functions, *file.classes, *file.imports}
        name = unique("".join(part.capitalize() for part in fixture.name.split("_")) + "Fixture", taken)
        for each in fixture_functions(fixture, self):
            functions.whole(each)
        text = [f"class {name}:", f'    """What the fixture `{fixture.name}` gave."""', "", "    def __init__(self):"]
        text += ["        with ExitStack() as fixtures:", *(f"            {line}" for line in lines)]
        text += ["            self._fixtures = fixtures.pop_all()"]
        text += [f"        self.{HELD} = {fixture.function.name}_given", "", "    def close(self):"]
        text += ['        """Does what follows the `yield` of the fixture."""', "        self._fixtures.close()"]
        functions.functions[name] = "\n".join(text) + "\n"
        functions.uses_fixtures = True
        more: dict[str, Data] = {} if fixture.scope is None else {"scope": fixture.scope}
        driver = self.drivers.declare(fixture.name, f"{functions.module}.{name}", **more)
        made = _assigned(fixture)
        dotted = None if made is None else self.code.dotted(fixture.file, made.func)
        return FixtureObject(driver, HELD, dotted, fixture.name)

    def _enter(self, fixture: Fixture, file: PythonFile, lines: list[str], above: Sequence[str]) -> None:
        """The lines that call a fixture, after those that it needs."""
        if fixture.name in above or not fixture.function.name.isascii():
            raise NotExpressible(fixture.function, "it needs itself")
        if fixture.file.name != file.name:
            raise NotExpressible(fixture.function, f"`{fixture.name}` is in another file")
        if uses_hardpy(fixture.file, ast.Module(body=fixture.function.body, type_ignores=[])):
            raise NotExpressible(fixture.function, "it uses HardPy itself")
        for need in fixture.needs:
            inner = self.find(need, fixture.file)
            if inner is None or inner.parametrized:
                raise NotExpressible(fixture.function, f"it needs `{need}`")
            self._enter(inner, file, lines, [*above, fixture.name])
        called = fixture.function.name
        given = "".join(f", {each}_given" for each in fixture.needs)
        line = f"{called}_given = _enter({called}, fixtures{given})"
        if line not in lines:
            lines.append(line)


def fixture_functions(fixture: Fixture, fixtures: Fixtures, depth: int = 0) -> Iterator[str]:
    """The names of the functions that a wrapped fixture is made of."""
    yield fixture.function.name
    for need in fixture.needs:
        inner = fixtures.find(need, fixture.file)
        if inner is not None and depth < 20:
            yield from fixture_functions(inner, fixtures, depth + 1)


def _upward(name: str) -> Iterator[str]:
    folder = name.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _given(statement: ast.stmt) -> ast.expr | None:
    """What a ``yield`` or ``return`` gives."""
    if isinstance(statement, ast.Return):
        return statement.value
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield):
        return statement.value.value
    return None


def _made(fixture: Fixture) -> ast.Call | None:
    """The object that the fixture makes and gives, where it does nothing else but close it."""
    body = fixture.body
    if len(body) == 1 and isinstance(call := _given(body[0]), ast.Call):
        return call
    if len(body) not in (2, 3) or not isinstance(body[0], ast.Assign) or not isinstance(body[0].value, ast.Call):
        return None
    target, given = body[0].targets[0], _given(body[1])
    if not isinstance(target, ast.Name) or not isinstance(given, ast.Name) or given.id != target.id:
        return None
    if len(body) == 3 and ast.unparse(body[2]) != f"{target.id}.close()":
        return None
    return body[0].value


def _assigned(fixture: Fixture) -> ast.Call | None:
    """The call by which the fixture makes what it gives, whatever else it does."""
    given = next((_given(each) for each in fixture.body if _given(each) is not None), None)
    if isinstance(given, ast.Call):
        return given
    found: ast.Call | None = None
    for each in fixture.body:
        is_it = (
            isinstance(each, ast.Assign) and isinstance(given, ast.Name) and ast.unparse(each.targets[0]) == given.id
        )
        if is_it and isinstance(each, ast.Assign) and isinstance(each.value, ast.Call):
            found = each.value
    return found


def _literal_arguments(call: ast.Call, order: Sequence[str]) -> dict[str, Data] | None:
    if len(call.args) > len(order) or any(each.arg is None for each in call.keywords):
        return None
    given = {**dict(zip(order, call.args, strict=False)), **{str(each.arg): each.value for each in call.keywords}}
    if not all(is_literal(node) and not isinstance(node, ast.Set) for node in given.values()):
        return None
    values = {name: ast.literal_eval(node) for name, node in given.items()}
    return None if any("${{" in str(value) for value in values.values()) else values


def _logger(fixture: Fixture) -> Logger | None:
    given = [_given(each) for each in fixture.body if _given(each) is not None]
    call = given[0] if len(given) == 1 else None
    is_logger = isinstance(call, ast.Call) and fixture.file.dotted(call.func) == "logging.getLogger"
    return Logger() if is_logger else None


def _option(fixture: Fixture) -> Text | None:
    """A fixture that only gives an option of the command line."""
    given = _given(fixture.body[0]) if len(fixture.body) == 1 else None
    name = None if given is None else option_name(given)
    return None if name is None else Text(f"params.{name}")
