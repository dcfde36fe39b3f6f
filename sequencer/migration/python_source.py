"""Python files of another project: read as text, never run; what their names stand for."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from importlib.util import decode_source
from itertools import repeat
from pathlib import Path

from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Place

LARGEST = 2_000_000
"""Bytes; nobody wrote a longer test file by hand."""
_LONGEST_WHOLE = 4096
"""Bits of an integer in an expression."""


class NotExpressible(Exception):
    """A piece of Python that has no counterpart; ``why`` ends the sentence "this cannot be a step: ..."."""

    def __init__(self, node: ast.AST, why: str) -> None:
        super().__init__(why)
        self.node = node
        self.why = why


class Unreadable(Exception):
    """A Python file that cannot be read; ``line`` and ``column`` count from 1."""

    def __init__(self, why: str, line: int = 1, column: int = 1) -> None:
        super().__init__(why)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class PythonFile:
    """A file that was read: ``name`` is its path from the project folder, ``imports`` what names stand for.

    ``globals`` are the names that the file itself binds once, ``constants`` those of them that are written out.
    """

    name: str
    text: str
    tree: ast.Module
    imports: dict[str, str]
    constants: dict[str, ast.expr]
    globals: dict[str, ast.expr]

    @property
    def stem(self) -> str:
        """``test_1`` of ``tests/test_1.py``."""
        return Path(self.name).stem

    @property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """Its functions by name."""
        return {each.name: each for each in self.tree.body if isinstance(each, ast.FunctionDef)}

    @property
    def classes(self) -> dict[str, ast.ClassDef]:
        """Its classes by name."""
        return {each.name: each for each in self.tree.body if isinstance(each, ast.ClassDef)}

    def place(self, node: ast.AST) -> Place:
        """Where a piece of it stands; columns count letters."""
        line = getattr(node, "lineno", 1)
        end = getattr(node, "end_lineno", None) or line
        return Place(
            self.name,
            line,
            self._column(line, getattr(node, "col_offset", 0)),
            end,
            self._column(end, getattr(node, "end_col_offset", None) or 0),
        )

    def dotted(self, node: ast.expr) -> str | None:
        """The whole name of what ``hardpy.set_message`` or ``set_message`` stands for; ``None`` for anything else."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return None if owner is None else hardpy_name(f"{owner}.{node.attr}")
        return None

    def _column(self, line: int, offset: int) -> int:
        lines = self.text.split("\n")
        written = lines[line - 1] if line <= len(lines) else ""
        return len(written.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")) + 1


def hardpy_name(dotted: str) -> str:
    """``hardpy.set_message``, from whichever of HardPy's modules it was taken."""
    first, _, rest = dotted.partition(".")
    return f"hardpy.{rest.rpartition('.')[2]}" if first == "hardpy" and "pytest_hardpy" in rest else dotted


def read_python(folder: Path, name: str) -> PythonFile:
    """Reads a file of the project. Raises ``Unreadable``."""
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise Unreadable(f"is larger than {LARGEST:,} bytes")
    try:
        text = decode_source(data).removeprefix("\ufeff")
    except (SyntaxError, UnicodeDecodeError, LookupError):
        raise Unreadable("is not text in the encoding that it names") from None
    tree = _parsed(text)
    bound = _globals(tree)
    constants = {name: value for name, value in bound.items() if is_literal(value)}
    return PythonFile(name, text, tree, dict(_imports(tree, name)), constants, bound)


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a `\d` in a text of somebody else
        try:
            return ast.parse(text)
        except SyntaxError as error:
            raise Unreadable(f"is not valid Python: {error.msg}", error.lineno or 1, error.offset or 1) from None
        except ValueError:
            raise Unreadable("is not valid Python") from None
        except (RecursionError, MemoryError):
            raise Unreadable("is nested too deeply") from None


def _imports(tree: ast.Module, name: str) -> Iterator[tuple[str, str]]:
    package = name.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    yield alias.asname, alias.name
                else:
                    yield alias.name.partition(".")[0], alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield alias.asname or alias.name, hardpy_name(f"{module}.{alias.name}" if module else alias.name)


def _globals(tree: ast.Module) -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    often = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    for node in tree.body:
        for target, value in _assignments(node):
            if target in found or value is None:
                often.add(target)
            else:
                found[target] = value
    return {name: value for name, value in found.items() if name not in often}


def _assignments(node: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a statement binds, and to what, where that can be told."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Tuple):
            same = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
            values = value.elts if isinstance(value, ast.Tuple) and same else repeat(None, len(target.elts))
            for part, each in zip(target.elts, values, strict=True):
                if isinstance(part, ast.Name):
                    yield part.id, each


def is_literal(node: ast.expr) -> bool:
    """Whether it is written out: numbers, texts, and lists, mappings and sets of these."""
    if isinstance(node, ast.Constant):
        return plain_constant(node.value)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return all(map(is_literal, node.elts))
    if isinstance(node, ast.Dict):
        return all(key is not None and is_literal(key) for key in node.keys) and all(map(is_literal, node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return isinstance(node.operand, ast.Constant) and type(node.operand.value) in (int, float)
    return False


def plain_constant(value: object) -> bool:
    """Whether YAML and expressions have such a value."""
    if isinstance(value, float):
        return value not in (float("inf"), -float("inf"))
    if isinstance(value, int):
        return value.bit_length() <= _LONGEST_WHOLE
    return value is None or isinstance(value, str)


def names_in(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    """The names that are read (``ast.Load``) or bound (``ast.Store``) in a piece of code."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, context)}


def option_name(node: ast.expr) -> str | None:
    """``my_opt`` of ``request.config.getoption("--my-opt")``."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "getoption":
        return None
    first = node.args[0] if len(node.args) == 1 else None
    written = first.value if isinstance(first, ast.Constant) else None
    found = str(written or "").lstrip("-").replace("-", "_").lower()
    return found if found.isidentifier() and found.isascii() and found[0].isalpha() else None
