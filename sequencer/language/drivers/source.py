"""What a driver's source offers, read from its syntax tree: nothing is imported, nothing runs.

Where Python is dynamic (``__getattr__``, bases from other files, unknown decorators, assigned functions) the answer is
"cannot tell", and nothing that cannot be told is complained about.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import Literal

from sequencer.vocabulary.dataclass import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef

_PLAIN_BASES = frozenset({"object", "ABC", "Protocol", "Generic"})
_SIGNATURE_KEEPING = frozenset({"staticmethod", "classmethod", "abstractmethod", "final", "override", "cache"})
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


@dataclass(frozen=True, slots=True)
class Member:
    """A method, an attribute, or something that only running the driver would tell (``unknown``)."""

    kind: Literal["method", "attribute", "unknown"]
    signature: Signature = ANYTHING
    is_async: bool = False


@dataclass(frozen=True)
class DriverTarget:
    """A class or function in a driver's file. ``members`` are a class's; with ``dynamic`` there may be more."""

    name: str
    is_class: bool
    signature: Signature = ANYTHING
    members: Mapping[str, Member] = field(default_factory=dict)
    dynamic: bool = True
    is_async: bool = False


class DriverSource:
    """The syntax tree of one file. Raises ``SyntaxError`` when it cannot be parsed."""

    def __init__(self, data: bytes, file: str) -> None:
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

    @property
    def names(self) -> list[str]:
        """The classes and functions that a sequence may use."""
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        return [name for name, node in self._defined.items() if isinstance(node, kinds) and not name.startswith("_")]

    def target(self, name: str) -> DriverTarget | None:
        """The class or function ``name``; ``None`` when the file has none."""
        if name not in self._defined:
            return None
        if name not in self._targets:
            self._targets[name] = self._read(name, self._defined[name])
        return self._targets[name]

    def _read(self, name: str, node: ast.AST) -> DriverTarget:
        if isinstance(node, ast.ClassDef):
            return self._class(name, node)
        if isinstance(node, Function):
            dynamic = _is_decorated_beyond(node, _SIGNATURE_KEEPING)
            signature = ANYTHING if dynamic else _signature(node.args, 0)
            return DriverTarget(name, False, signature, dynamic=False, is_async=isinstance(node, ast.AsyncFunctionDef))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in self._defined:
            other = node.value.id
            if other != name and not isinstance(self._defined[other], ast.Assign):
                return self._read(name, self._defined[other])
        # Imported, or made by a call: by convention a capital letter means a class.
        return DriverTarget(name, name[:1].isupper())

    def _class(self, name: str, node: ast.ClassDef) -> DriverTarget:
        lineage, dynamic = self._lineage(node)
        members: dict[str, Member] = {}
        for each in reversed(lineage):
            members.update(_members(each))
        if {"__getattr__", "__getattribute__"} & set(members):
            dynamic = True
        return DriverTarget(name, True, self._constructor(lineage, members, dynamic), members, dynamic)

    def _lineage(self, node: ast.ClassDef) -> tuple[list[ast.ClassDef], bool]:
        """The class and its bases in this file, nearest first, and whether there are others."""
        lineage: list[ast.ClassDef] = []
        waiting = [node]
        dynamic = False
        while waiting:
            each = waiting.pop(0)
            if each in lineage:
                continue
            lineage.append(each)
            if _is_decorated_beyond(each, frozenset({"dataclass", "final"})) or _has_metaclass(each):
                dynamic = True
            for base in each.bases:
                known = self._defined.get(base.id) if isinstance(base, ast.Name) else None
                if isinstance(known, ast.ClassDef):
                    waiting.append(known)
                elif _last_name(base) not in _PLAIN_BASES:
                    dynamic = True
        return lineage, dynamic

    def _constructor(self, lineage: list[ast.ClassDef], members: Mapping[str, Member], dynamic: bool) -> Signature:
        for each in lineage:
            if _is_dataclass(each) and not _own_method(each, "__init__"):
                return ANYTHING if dynamic else _dataclass_signature(lineage)
            if _own_method(each, "__init__") is not None:
                return members["__init__"].signature if members["__init__"].kind == "method" else ANYTHING
            if _own_method(each, "__new__") is not None:
                return ANYTHING
        return ANYTHING if dynamic else Signature()


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


def _members(node: ast.ClassDef) -> dict[str, Member]:
    """What one class itself defines; attributes set through ``self`` in any method count."""
    members: dict[str, Member] = {}
    functions: list[Function] = []
    for name, each in _definitions(node.body):
        if isinstance(each, Function):
            functions.append(each)
            members[name] = _method(each)
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            members[name] = _assigned(each.value, members)
        else:
            members[name] = Member("unknown")
    for function in functions:
        for name, value in _self_assignments(function):
            members.setdefault(name, _assigned(value, members))
    return members


def _assigned(value: ast.expr | None, members: Mapping[str, Member]) -> Member:
    """An attribute, unless what is assigned may be called."""
    if isinstance(value, ast.Lambda):
        return Member("method")
    if isinstance(value, ast.Name) and value.id in members:
        return members[value.id]
    if isinstance(value, ast.Name | ast.Attribute | ast.Call | ast.IfExp):
        return Member("unknown") if _may_be_callable(value) else Member("attribute")
    return Member("attribute")


def _may_be_callable(value: ast.expr) -> bool:
    called = value.func if isinstance(value, ast.Call) else value
    return _last_name(called) in ("partial", "partialmethod") or isinstance(value, ast.Attribute)


def _self_assignments(function: Function) -> Iterator[tuple[str, ast.expr | None]]:
    if not function.args.args:
        return
    first = function.args.args[0].arg
    for node in ast.walk(function):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = [part for target in node.targets for part in getattr(target, "elts", [target])]
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == first:
                yield target.attr, getattr(node, "value", None)


def _method(node: Function) -> Member:
    decorators = {_last_name(each) for each in node.decorator_list}
    if decorators & _PROPERTIES or decorators & {"setter", "deleter"}:
        return Member("attribute")
    is_async = isinstance(node, ast.AsyncFunctionDef)
    if decorators - _SIGNATURE_KEEPING:
        return Member("unknown", is_async=False)
    return Member("method", _signature(node.args, 0 if "staticmethod" in decorators else 1), is_async)


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
