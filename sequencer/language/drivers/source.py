"""What a driver's source offers, read from its syntax tree: nothing is imported, nothing runs.

What a file imports from others is read there. Where Python is dynamic (``__getattr__``, ``setattr``, unknown
decorators, bases that cannot be read, assigned functions) the answer is "cannot tell", and nothing that cannot be told
is complained about.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property, partial
from typing import Literal, NamedTuple

from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Place

Function = ast.FunctionDef | ast.AsyncFunctionDef

_PLAIN_BASES = frozenset({"object", "ABC", "Protocol", "Generic"})
_SIGNATURE_KEEPING = frozenset({"staticmethod", "classmethod", "abstractmethod", "final", "override", "cache"})
_MOST_IMPORTS = 20
"""A name that is handed on from file to file more often than that is not followed."""
_PROPERTIES = frozenset({"property", "cached_property", "abstractproperty"})


@dataclass(frozen=True, slots=True)
class Signature:
    """What a call takes. ``required`` must be given; ``names`` may be given; with ``others`` any further name too.

    ``positional`` are required arguments that cannot be given by name; ``texts`` those that are said to be texts.
    """

    names: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    positional: tuple[str, ...] = ()
    others: bool = False
    texts: frozenset[str] = frozenset()


_TEXT = re.compile(r"\bstr\b")
ANYTHING = Signature(others=True)


class WrittenCode(NamedTuple):
    """Where a class, a function or an attribute is written; ``file`` is shown like that of a problem."""

    file: str
    node: Function | ast.ClassDef | ast.Assign | ast.AnnAssign

    @property
    def place(self) -> Place:
        """That of its name."""
        line, column = self.node.lineno, self.node.col_offset + 1
        if isinstance(self.node, ast.ClassDef):
            column += len("class ")
        elif isinstance(self.node, ast.FunctionDef):
            column += len("def ")
        elif isinstance(self.node, ast.AsyncFunctionDef):
            column += len("async def ")
        else:
            return Place(self.file, line, column, line, column)
        return Place(self.file, line, column, line, column + len(self.node.name))

    def signature(self) -> str:
        """How it is called or what it is, as Python writes it, without its body."""
        if isinstance(self.node, ast.ClassDef):
            return f"class {self.node.name}"
        if not isinstance(self.node, Function):
            return ast.unparse(self.node)
        gives = f" -> {ast.unparse(self.node.returns)}" if self.node.returns else ""
        start = "async def" if isinstance(self.node, ast.AsyncFunctionDef) else "def"
        return f"{start} {self.node.name}({ast.unparse(self.node.args)}){gives}"

    def docstring(self) -> str:
        """The whole, without its indentation; empty where there is none."""
        return ast.get_docstring(self.node) or "" if isinstance(self.node, Function | ast.ClassDef) else ""


@dataclass(frozen=True, slots=True)
class Member:
    """A method, an attribute, or something that only running the driver would tell (``unknown``).

    ``inside`` is the class of what it holds, such as a channel of a supply, where that can be told. ``said`` is the
    first line of its docstring, ``written`` where it is written.
    """

    kind: Literal["method", "attribute", "unknown"]
    signature: Signature = ANYTHING
    is_async: bool = False
    inside: Callable[[], DriverTarget | None] | None = field(default=None, compare=False)
    read_only: bool = False
    said: str = field(default="", compare=False)
    written: WrittenCode | None = field(default=None, compare=False)


@dataclass(frozen=True)
class DriverTarget:
    """A class or function in a driver's file. ``members`` are a class's; with ``dynamic`` there may be more.

    ``guessed``: nothing of it could be read but its name. ``gives`` is the class that a function says it returns.
    ``written`` is where it is written.
    """

    name: str
    is_class: bool
    signature: Signature = ANYTHING
    members: Mapping[str, Member] = field(default_factory=dict)
    dynamic: bool = True
    is_async: bool = False
    guessed: bool = False
    gives: DriverTarget | None = None
    written: WrittenCode | None = field(default=None, compare=False)


def guess(name: str) -> DriverTarget:
    """What cannot be read, such as what is made by a call: by convention a capital letter means a class."""
    return DriverTarget(name, name[:1].isupper(), guessed=True)


FindImport = Callable[[str, int], "DriverSource | None"]
"""Reads the module ``name``, ``level`` folders up (0: an absolute name); ``None`` where there is nothing to read."""


def _finds_nothing(name: str, level: int) -> DriverSource | None:
    return None


class DriverSource:
    """The syntax tree of one file. Raises ``SyntaxError`` when it cannot be parsed."""

    def __init__(self, data: bytes, file: str, imported: FindImport = _finds_nothing) -> None:
        self._imported = imported
        self._file = file
        self._reading: set[str] = set()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self._tree = ast.parse(data, filename=file)
            except (ValueError, RecursionError, MemoryError) as error:
                raise SyntaxError(f"this cannot be read as Python: {error}", (file, 1, 1, "")) from None
        self._targets: dict[str, DriverTarget] = {}

    @cached_property
    def _defined(self) -> Mapping[str, ast.AST]:
        return dict(_definitions(self._tree.body))

    @cached_property
    def _ambiguous(self) -> frozenset[str]:
        """Names that are imported in one case and something else in another."""
        found = list(_definitions(self._tree.body))
        several = {name for name, times in Counter(name for name, _ in found).items() if times > 1}
        return frozenset(name for name, node in found if name in several and isinstance(node, ast.ImportFrom))

    @property
    def names(self) -> list[str]:
        """The classes and functions that a sequence may use."""
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        return [name for name, node in self._defined.items() if isinstance(node, kinds) and not name.startswith("_")]

    @property
    def offered(self) -> list[str]:
        """``names``, and what it has from other files: a package's ``__init__.py`` has hardly anything else."""
        imported = [name for name, node in self._defined.items() if isinstance(node, ast.ImportFrom)]
        return [*self.names, *(name for name in imported if name[:1].isupper())]

    def target(self, name: str) -> DriverTarget | None:
        """The class or function ``name``; ``None`` when the file has none."""
        if name not in self._targets:
            if name in self._reading:  # files that import from each other
                return guess(name)
            self._reading.add(name)
            try:
                found = self._read(name, self._defined[name]) if name in self._defined else self._otherwise(name)
            finally:
                self._reading.discard(name)
            if found is None:
                return None
            self._targets[name] = found
        return self._targets[name]

    def _otherwise(self, name: str) -> DriverTarget | None:
        """What ``from x import *`` brings, or a module's own ``__getattr__`` may."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                source = self._imported(node.module or "", node.level)
                found = guess(name) if source is None else source.target(name)
                if found is not None:
                    return found
        return guess(name) if "__getattr__" in self._defined else None

    def _read(self, name: str, node: ast.AST) -> DriverTarget:
        if isinstance(node, ast.ClassDef):
            return self._class(name, node)
        if isinstance(node, Function):
            dynamic = _is_decorated_beyond(node, _SIGNATURE_KEEPING)
            signature = ANYTHING if dynamic else _signature(node.args, 0)
            is_async, gives = isinstance(node, ast.AsyncFunctionDef), self._annotated(node.returns)
            target = DriverTarget(name, False, signature, dynamic=False, is_async=is_async, gives=gives)
            return replace(target, written=WrittenCode(self._file, node))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in self._defined:
            other = node.value.id
            if other != name and not isinstance(self._defined[other], ast.Assign):
                return self._read(name, self._defined[other])
        if isinstance(node, ast.ImportFrom) and name not in self._ambiguous:
            return self._from_elsewhere(name, node) or guess(name)
        return guess(name)

    def _from_elsewhere(self, name: str, node: ast.ImportFrom) -> DriverTarget | None:
        original = next(alias.name for alias in node.names if (alias.asname or alias.name) == name)
        source = self._imported(node.module or "", node.level)
        found = None if source is None else source.target(original)
        return None if found is None else replace(found, name=name)

    def _annotated(self, annotation: ast.expr | None) -> DriverTarget | None:
        """The class that an annotation names, if it can be read."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            name = annotation.value
        elif isinstance(annotation, ast.Name):
            name = annotation.id
        else:
            return None
        found = self.target(name) if name in self._defined else None
        return found if found is not None and found.is_class and not found.guessed else None

    def _class(self, name: str, node: ast.ClassDef) -> DriverTarget:
        lineage, dynamic = self._lineage(node)
        members: dict[str, Member] = {}
        for source, each in reversed(lineage):
            members.update(source._members(each))
        if {"__getattr__", "__getattribute__"} & set(members):
            dynamic = True
        signature = _constructor([each for _, each in lineage], members, dynamic)
        return DriverTarget(name, True, signature, members, dynamic, written=WrittenCode(self._file, node))

    def _lineage(self, node: ast.ClassDef) -> tuple[list[tuple[DriverSource, ast.ClassDef]], bool]:
        """The class and its bases, each with its file, nearest first, and whether there are others."""
        lineage: list[tuple[DriverSource, ast.ClassDef]] = []
        waiting: list[tuple[DriverSource, ast.ClassDef]] = [(self, node)]
        dynamic = False
        while waiting:
            source, each = waiting.pop(0)
            if any(each is known for _, known in lineage):
                continue
            lineage.append((source, each))
            if _is_decorated_beyond(each, frozenset({"dataclass", "final"})) or _has_metaclass(each):
                dynamic = True
            dynamic = dynamic or _sets_any_attribute(each)
            for base in each.bases:
                found = source._base(base)
                if found is not None:
                    waiting.append(found)
                elif _last_name(base) not in _PLAIN_BASES:
                    dynamic = True
        return lineage, dynamic

    def _base(self, base: ast.expr) -> tuple[DriverSource, ast.ClassDef] | None:
        """Where a base class is defined, in this file or in one that it is imported from."""
        name = base.value if isinstance(base, ast.Subscript) else base
        source: DriverSource | None = self
        wanted = name.id if isinstance(name, ast.Name) else ""
        for _ in range(_MOST_IMPORTS):
            node = None if source is None or wanted in source._ambiguous else source._defined.get(wanted)
            if source is None or node is None:
                return None
            if isinstance(node, ast.ClassDef):
                return source, node
            if not isinstance(node, ast.ImportFrom):
                return None
            wanted = next(alias.name for alias in node.names if (alias.asname or alias.name) == wanted)
            source = source._imported(node.module or "", node.level)
        return None

    def _members(self, node: ast.ClassDef) -> dict[str, Member]:
        """What one class itself defines; attributes set through ``self`` in any method count."""
        members: dict[str, Member] = {}
        functions: list[Function] = []
        for name, each in _definitions(node.body):
            if isinstance(each, Function):
                functions.append(each)
                if name in members and (adds := _decorators(each) & {"setter", "deleter"}):
                    members[name] = replace(members[name], read_only=members[name].read_only and adds == {"deleter"})
                else:
                    members[name] = replace(self._method(each), written=WrittenCode(self._file, each))
            elif isinstance(each, ast.Assign | ast.AnnAssign):
                assigned = self._assigned(each, each.value, members)
                members[name] = replace(assigned, written=assigned.written or WrittenCode(self._file, each))
            else:
                members[name] = Member("unknown")
        for function in functions:
            for name, assignment in _self_assignments(function):
                assigned = self._assigned(assignment, assignment.value, members)
                members.setdefault(name, replace(assigned, written=WrittenCode(self._file, assignment)))
        return members

    def _assigned(
        self, assignment: ast.Assign | ast.AnnAssign, value: ast.expr | None, members: Mapping[str, Member]
    ) -> Member:
        """An attribute, unless what is assigned may be called."""
        if isinstance(value, ast.Lambda):
            return Member("method")
        if isinstance(value, ast.Name) and value.id in members:
            return members[value.id]
        if isinstance(value, ast.Name | ast.Attribute | ast.Call | ast.IfExp) and _may_be_callable(value):
            return Member("unknown")
        if isinstance(assignment, ast.AnnAssign):
            return Member("attribute", inside=partial(self._annotated, assignment.annotation))
        if isinstance(value, ast.Call):
            return Member("attribute", inside=partial(self._annotated, value.func))
        return Member("attribute")

    def _method(self, node: Function) -> Member:
        decorators = _decorators(node)
        if decorators & _PROPERTIES or decorators & {"setter", "deleter"}:
            inside = partial(self._annotated, node.returns)
            return Member("attribute", inside=inside, read_only="property" in decorators, said=_said(node))
        is_async = isinstance(node, ast.AsyncFunctionDef)
        if decorators - _SIGNATURE_KEEPING:
            return Member("unknown", is_async=False)
        signature = _signature(node.args, 0 if "staticmethod" in decorators else 1)
        return Member("method", signature, is_async, said=_said(node))


def _said(node: Function) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]


def _decorators(node: Function) -> set[str]:
    return {_last_name(each) for each in node.decorator_list}


def _constructor(lineage: list[ast.ClassDef], members: Mapping[str, Member], dynamic: bool) -> Signature:
    for each in lineage if not dynamic else lineage[:1]:  # what cannot be read may come before the others
        if _is_dataclass(each) and not _own_method(each, "__init__"):
            return ANYTHING if dynamic else _dataclass_signature(lineage)
        if _own_method(each, "__init__") is not None:
            return members["__init__"].signature if members["__init__"].kind == "method" else ANYTHING
        if _own_method(each, "__new__") is not None:
            return ANYTHING
    return ANYTHING if dynamic else Signature()


def _sets_any_attribute(node: ast.ClassDef) -> bool:
    """Whether it gives itself attributes whose names only running it would tell."""
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id in ("setattr", "vars")
        for each in ast.walk(node)
    )


def _definitions(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.AST]]:
    """Names that a module defines at its top level, also inside ``if`` and ``try``."""
    for node in body:
        if isinstance(node, ast.ClassDef | Function):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            yield from ((target.id, node) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name.split(".")[0], node) for alias in node.names)
        else:
            for part in ("body", "orelse", "finalbody"):
                yield from _definitions(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _definitions(handler.body)


def _may_be_callable(value: ast.expr) -> bool:
    called = value.func if isinstance(value, ast.Call) else value
    return _last_name(called) in ("partial", "partialmethod") or isinstance(value, ast.Attribute)


def _self_assignments(function: Function) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
    if not function.args.args:
        return
    first = function.args.args[0].arg
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            targets = [part for target in node.targets for part in getattr(target, "elts", [target])]
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == first:
                yield target.attr, node


def _signature(arguments: ast.arguments, skip: int) -> Signature:
    """The signature without its first ``skip`` arguments (``self``, ``cls``)."""
    by_position = [*arguments.posonlyargs, *arguments.args]
    without_default = len(by_position) - len(arguments.defaults)
    positional_only = len(arguments.posonlyargs)
    names, required, positional = [], [], []
    for index, argument in enumerate(by_position):
        if index < skip:
            continue
        needed = index < without_default
        if index < positional_only:
            positional += [argument.arg] if needed else []
            continue
        names.append(argument.arg)
        required += [argument.arg] if needed else []
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        names.append(argument.arg)
        required += [argument.arg] if default is None else []
    said = [*by_position, *arguments.kwonlyargs]
    texts = frozenset(each.arg for each in said if each.annotation and _TEXT.search(ast.unparse(each.annotation)))
    return Signature(tuple(names), tuple(required), tuple(positional), arguments.kwarg is not None, texts)


def _dataclass_signature(lineage: Iterable[ast.ClassDef]) -> Signature:
    """The constructor that ``@dataclass`` writes."""
    fields: dict[str, bool] = {}
    for each in reversed(list(lineage)):
        for node in each.body:
            if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
                continue
            annotation = ast.unparse(node.annotation)
            if "ClassVar" in annotation:
                continue
            given = _field_keywords(node.value)
            if given is not None and ast.unparse(given.get("init", ast.Constant(True))) == "False":
                fields.pop(node.target.id, None)
            elif "KW_ONLY" not in annotation:
                has_default = (
                    node.value is not None if given is None else bool({"default", "default_factory"} & set(given))
                )
                fields[node.target.id] = has_default
    return Signature(tuple(fields), tuple(name for name, has_default in fields.items() if not has_default))


def _field_keywords(value: ast.expr | None) -> dict[str, ast.expr] | None:
    if isinstance(value, ast.Call) and _last_name(value.func) == "field":
        return {keyword.arg: keyword.value for keyword in value.keywords if keyword.arg}
    return None


def _own_method(node: ast.ClassDef, name: str) -> Function | None:
    return next((each for each in node.body if isinstance(each, Function) and each.name == name), None)


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any(_last_name(each) == "dataclass" for each in node.decorator_list)


def _has_metaclass(node: ast.ClassDef) -> bool:
    return any(keyword.arg == "metaclass" and _last_name(keyword.value) != "ABCMeta" for keyword in node.keywords)


def _is_decorated_beyond(node: ast.ClassDef | Function, known: frozenset[str]) -> bool:
    return any(_last_name(each) not in known for each in node.decorator_list)


def _last_name(node: ast.expr) -> str:
    """``c`` of ``a.b.c``, ``a.b.c(...)`` and ``a.b.c[...]``."""
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
