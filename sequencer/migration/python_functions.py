"""Python that is no straight line: it becomes a function of a driver file, which a step calls."""

from __future__ import annotations

import ast
import copy
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sequencer.migration.python_source import NotExpressible, PythonFile, names_in
from sequencer.migration.scope import unique
from sequencer.vocabulary.dataclass import dataclass

FAILED, ERROR_CODE = "failed", "error_code"
"""What a function with assertions gives besides its values."""
_SAID = frozenset(["hardpy.set_message"])
_REFUSED = (ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal, ast.AsyncFor, ast.AsyncWith)
_REFUSAL = '''class _Refusal(AssertionError):
    """An assertion that has an error code."""

    def __init__(self, code, message=None):
        super().__init__(message or f"Error code = {code}")
        self.code = code
'''

_FIXTURES = '''_open = {}


def _enter(fixture, leave, *needs):
    """What a fixture gives: the same for all drivers that use it, until the last of them is closed."""
    if fixture not in _open:
        stack = ExitStack()
        if isgeneratorfunction(fixture):
            given = stack.enter_context(contextmanager(fixture)(*needs))
        else:
            given = fixture(*needs)
        _open[fixture] = [given, stack, 0]
    _open[fixture][2] += 1
    leave.callback(_leave, fixture)
    return _open[fixture][0]


def _leave(fixture):
    opened = _open[fixture]
    opened[2] -= 1
    if not opened[2]:
        del _open[fixture]
        opened[1].close()
'''


@dataclass(frozen=True, slots=True)
class PythonBlock:
    """Statements that become a function: what it takes, what it gives, and whether it can fail the case."""

    statements: Sequence[ast.stmt]
    inputs: Sequence[str]
    outputs: Sequence[str]
    asserts: bool
    codes: Sequence[int]


def returns(statements: Iterable[ast.AST]) -> Iterator[ast.Return]:
    """The ``return`` statements, but for those of functions inside."""
    for node in statements:
        if isinstance(node, ast.Return):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from returns(ast.iter_child_nodes(node))


def changed_names(code: ast.AST) -> set[str]:
    """The names whose objects are changed: by a method that is called for that, by an element that is set."""
    found: set[str] = set()
    for node in ast.walk(code):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            found.update(names_in(node.value, ast.Load))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
                found.add(called.value.id)
    return found


def bound_names(statements: Sequence[ast.stmt]) -> set[str]:
    """The names that are set or changed: by an assignment, and by a call of a method or an element set."""
    found: set[str] = set()
    for node in (each for statement in statements for each in ast.walk(statement)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found.union(*map(changed_names, statements))


def read_names(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that are read."""
    return set().union(*(names_in(each, ast.Load) for each in statements))


class PythonFunctions:
    """The functions that one file of the project leaves behind, and the file that holds them."""

    def __init__(self, file: PythonFile, module: str) -> None:
        self.file = file
        self.module = module
        self.functions: dict[str, str] = {}
        self.copied: set[str] = set()
        self.uses_fixtures = False
        self._speaks = False
        self._refuses = False

    def check(self, statements: Sequence[ast.stmt], *, tail: bool) -> None:
        """Raises ``NotExpressible`` when a function cannot do what the statements do."""
        asserts = any(isinstance(each, ast.Assert) for statement in statements for each in ast.walk(statement))
        for ending in returns(statements):
            if not tail or asserts or ending.value is not None:
                raise NotExpressible(ending, "the test ends here")
        for node in (each for statement in statements for each in ast.walk(statement)):
            if isinstance(node, _REFUSED):
                raise NotExpressible(node, "there is no such statement")
            dotted = self.file.dotted(node) if isinstance(node, ast.Name | ast.Attribute) else None
            first, _, name = (dotted or "").partition(".")
            if first == "pytest" and name and name != "fail":
                raise NotExpressible(node, f"there is no `{dotted}`")
            if first == "hardpy" and name and dotted not in _SAID and dotted != "hardpy.ErrorCode":
                raise NotExpressible(node, f"there is no `{name}`")

    def add(self, name: str, block: PythonBlock, where: str) -> str:
        """Adds a function for the statements and gives its name."""
        name = unique(name, {*self.functions, *self.file.functions, *self.file.classes, *self.file.imports})
        transformed = _Rewriting(self.file)
        statements = [transformed.visit(copy.deepcopy(each)) for each in block.statements]
        body = self._source(block.statements) if not transformed.changed else None
        if body is None:
            body = ast.unparse(ast.fix_missing_locations(ast.Module(body=statements, type_ignores=[])))
        self._speaks |= transformed.speaks
        self._refuses |= transformed.refuses
        self._copy_names(read_names(block.statements) - set(block.inputs))
        self.functions[name] = self._definition(name, block, body, where)
        return name

    def take_back(self, name: str | None) -> str | None:
        """Removes a function that is to become part of another one, and gives its text."""
        return None if name is None else self.functions.pop(name, None)

    def put_back(self, name: str | None, text: str | None) -> None:
        """Undoes ``take_back``."""
        if name is not None and text is not None:
            self.functions[name] = text

    def keep(self, wanted: set[str]) -> None:
        """Leaves out the functions that no driver of the sequence is."""
        self.functions = {name: text for name, text in self.functions.items() if name in wanted}

    def whole(self, name: str) -> str:
        """Copies a function of the file as it is."""
        self._copy_names({name})
        return name

    def _definition(self, name: str, block: PythonBlock, body: str, where: str) -> str:
        given = ", ".join(f'"{result_key(each)}": {each}' for each in block.outputs)
        lines = [f"def {name}({', '.join(block.inputs)}):", f'    """{where}"""']
        above = {each for statement in block.statements for each in _certain(statement)}
        lines += [f"    {each} = None" for each in block.outputs if each not in above and each not in block.inputs]
        if not block.asserts:
            result = block.outputs[0] if len(block.outputs) == 1 else f"{{{given}}}" if given else ""
            ending = [f"    return {result}"] if result else []
            return "\n".join([*lines, textwrap.indent(body, "    "), *ending]) + "\n"
        extra = f", {given}" if given else ""
        code = 'getattr(refusal, "code", None)'
        values = f'{{"{FAILED}": None, "{ERROR_CODE}": None{extra}}}'
        refused = f'{{"{FAILED}": str(refusal), "{ERROR_CODE}": {code}{extra}}}'
        lines += ["    try:", textwrap.indent(body, "        "), "    except AssertionError as refusal:"]
        return "\n".join([*lines, f"        return {refused}", f"    return {values}"]) + "\n"

    def _source(self, statements: Sequence[ast.stmt]) -> str | None:
        """The statements as they were written; ``None`` where other code or texts of several lines are in the way."""
        for node in (each for statement in statements for each in ast.walk(statement)):
            is_text = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and not _is_number(node))
            if is_text and getattr(node, "end_lineno", 0) != getattr(node, "lineno", 0):
                return None
        lines = self.file.text.split("\n")
        first, last = statements[0], statements[-1]
        taken = lines[first.lineno - 1 : last.end_lineno]
        if not taken or "\r" in "".join(taken) or "\f" in "".join(taken) or "\\\n" in "\n".join(taken):
            return None
        text = textwrap.dedent("\n".join(line.rstrip() for line in taken))
        try:
            same = ast.dump(ast.parse(text)) == ast.dump(ast.Module(body=list(statements), type_ignores=[]))
        except (SyntaxError, ValueError):
            return None
        return text if same else None

    def _copy_names(self, names: set[str]) -> None:
        """Takes what the file defines under these names along, and what that needs."""
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            found = self.file.functions.get(name) or self.file.classes.get(name) or self.file.globals.get(name)
            if name in self.copied or found is None:
                continue
            self.copied.add(name)
            waiting += names_in(found, ast.Load)

    def text(self) -> str | None:
        """The file; ``None`` when nothing is in it."""
        if not self.functions and not self.copied:
            return None
        definitions = [*self._definitions(), *self.functions.values()]
        body = "\n\n".join(each.strip("\n") + "\n" for each in definitions)
        head = [f'"""What the sequence needs in Python: from {_in_comment(self.file.name)}."""', ""]
        imports = sorted(self._imports(body))
        shared = _FIXTURES if "_enter(" in body and self.uses_fixtures else ""
        if shared:
            first = ["from contextlib import ExitStack, contextmanager", "from inspect import isgeneratorfunction"]
            imports = [*first, *imports]
        if self._speaks and "step()" in body:
            imports.append("from sequencer.api import step")
        constants = [f"{name} = {ast.unparse(node)}" for name, node in self.file.globals.items() if name in self.copied]
        parts = [
            "\n".join(head),
            "\n".join(imports),
            "\n".join(constants),
            _REFUSAL if self._refuses and "_Refusal(" in body else "",
            shared,
            body,
        ]
        return "\n\n".join(part.strip("\n") for part in parts if part.strip("\n")) + "\n"

    def _definitions(self) -> list[str]:
        found: list[str] = []
        for node in self.file.tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in self.copied:
                plain = copy.deepcopy(node)
                plain.decorator_list = [
                    each
                    for each in plain.decorator_list
                    if not (self.file.dotted(each.func if isinstance(each, ast.Call) else each) or "").startswith(
                        "pytest"
                    )
                ]
                found.append(ast.unparse(plain) + "\n")
        return found

    def _imports(self, body: str) -> set[str]:
        """The imports of the file whose names are used."""
        used = names_in(ast.parse(body), ast.Load)
        found: set[str] = set()
        for node in ast.walk(self.file.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    if name in used and name not in self.copied:
                        found.add(_import(node, alias, self.file))
        return {each for each in found if each.split()[1].partition(".")[0] not in ("hardpy", "pytest")}


def _import(node: ast.Import | ast.ImportFrom, alias: ast.alias, file: PythonFile) -> str:
    renamed = f" as {alias.asname}" if alias.asname else ""
    if isinstance(node, ast.Import):
        return f"import {alias.name}{renamed}"
    package = file.name.split("/")[:-1]
    above = package[: len(package) - node.level + 1] if node.level else []
    module = ".".join([*above, *([node.module] if node.module else [])])
    return f"from {module} import {alias.name}{renamed}" if module else f"import {alias.name}{renamed}"


def _certain(statement: ast.stmt) -> set[str]:
    """The names that a statement surely sets."""
    simple = isinstance(
        statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.FunctionDef | ast.ClassDef | ast.With
    )
    return bound_names([statement]) if simple else set()


def _is_number(node: ast.Constant) -> bool:
    return not isinstance(node.value, str | bytes)


def _in_comment(text: str) -> str:
    """A file's name inside of a docstring."""
    return text.replace("\\", "/").replace('"', "'").encode("ascii", "replace").decode()


class _Rewriting(ast.NodeTransformer):
    """HardPy's calls as those of ``sequencer.api``, and assertions that say what they are."""

    def __init__(self, file: PythonFile) -> None:
        self.file = file
        self.changed = self.speaks = self.refuses = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if self.file.dotted(node.func) in _SAID:
            self.changed = self.speaks = True
            message = ast.Attribute(ast.Call(ast.Name("step", ast.Load()), [], []), "message", ast.Load())
            renamed = {"msg": "text", "msg_key": "key"}
            keywords = [ast.keyword(renamed.get(each.arg or "", each.arg), each.value) for each in node.keywords]
            return ast.Call(message, node.args, keywords)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call) and self.file.dotted(node.value.func) == "pytest.fail":
            self.changed = True
            reasons = [*node.value.args, *(each.value for each in node.value.keywords if each.arg == "reason")]
            return ast.Raise(ast.Call(ast.Name("AssertionError", ast.Load()), reasons[:1], []), None)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        self.changed = True
        if isinstance(node.msg, ast.Call) and self.file.dotted(node.msg.func) == "hardpy.ErrorCode":
            self.refuses = True
            refusal = ast.Raise(ast.Call(ast.Name("_Refusal", ast.Load()), node.msg.args, node.msg.keywords), None)
            return ast.If(ast.UnaryOp(ast.Not(), node.test), [refusal], [])
        message = node.msg or ast.Constant(f"assert {ast.unparse(node.test)}")
        return ast.If(
            ast.UnaryOp(ast.Not(), node.test),
            [ast.Raise(ast.Call(ast.Name("AssertionError", ast.Load()), [message], []), None)],
            [],
        )


def result_key(name: str) -> str:
    """Under which name a function with several results gives one: expressions reach none that begins with ``_``."""
    return name.lstrip("_") or "result"


def error_codes(file: PythonFile, statements: Iterable[ast.stmt], known: Mapping[str, ast.expr]) -> list[int]:
    """The error codes that the statements can give. Raises ``NotExpressible`` when one is computed."""
    found: set[int] = set()
    for node in (each for statement in statements for each in ast.walk(statement)):
        if not isinstance(node, ast.Call) or file.dotted(node.func) != "hardpy.ErrorCode":
            continue
        code = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "code"), None)
        if isinstance(code, ast.Name):
            code = known.get(code.id)
        if not isinstance(code, ast.Constant) or type(code.value) is not int or code.value < 0:
            raise NotExpressible(node, "its error code is computed, and a step has a fixed one")
        found.add(code.value)
    return sorted(found)
