"""What the names of a test function stand for while it is turned into steps."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable

from sequencer.language.drivers.declared import RESERVED_NAMES
from sequencer.language.scope import RESERVED
from sequencer.migration.python_source import PythonFile
from sequencer.vocabulary.dataclass import dataclass

_NOT_IN_NAME = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the case; ``boolean``: it is surely true or false."""

    name: str
    boolean: bool = False


@dataclass(frozen=True, slots=True)
class Inline:
    """Something that is written out where its name stands."""

    node: ast.expr


@dataclass(frozen=True, slots=True)
class Text:
    """An expression such as ``params.serial``."""

    expression: str


@dataclass(frozen=True, slots=True)
class Built:
    """An object of HardPy that a step will describe; ``additions`` are calls of its methods, ``value`` its variable."""

    kind: str
    call: ast.Call
    additions: tuple[ast.Call, ...] = ()
    value: str | None = None


@dataclass(frozen=True, slots=True)
class PassFail:
    """The answer of a dialog with Pass and Fail; ``data`` is the variable with what was entered, if anything was."""

    data: str | None


@dataclass(frozen=True, slots=True)
class StartArguments:
    """HardPy's start arguments."""


@dataclass(frozen=True, slots=True)
class Logger:
    """A logger of Python's ``logging``."""


@dataclass(frozen=True, slots=True)
class FixtureObject:
    """What a fixture gives: the driver ``driver``; ``held`` is the part of it that is the object itself."""

    driver: str
    held: str = ""
    class_name: str | None = None
    fixture: str | None = None


Binding = Variable | Inline | Text | Built | PassFail | StartArguments | Logger | FixtureObject


class Names:
    """The names of one function; ``file`` is where it stands, ``optional`` are expressions that may be null.

    ``own`` are the names that the function itself binds: what the file has under these is something else.
    """

    def __init__(self, file: PythonFile) -> None:
        self.file = file
        self.bindings: dict[str, Binding] = {}
        self.taken: set[str] = set()
        self.optional: set[str] = set()
        self.own: set[str] = set()

    def binding(self, name: str) -> Binding | None:
        """What a name stands for here: a local one, else a constant of the file."""
        if name in self.bindings:
            return self.bindings[name]
        if name in self.own:
            return None
        if name in self.file.constants:
            return Inline(self.file.constants[name])
        made = self.file.globals.get(name)
        if isinstance(made, ast.BinOp | ast.UnaryOp):
            return Inline(made)
        kind = self.file.dotted(made.func) or "" if isinstance(made, ast.Call) else ""
        is_object = kind.startswith("hardpy.") and kind.removeprefix("hardpy.")[0].isupper()
        return Built(kind, made) if is_object and isinstance(made, ast.Call) else None

    def variable(self, name: str, *, boolean: bool = False) -> str:
        """Makes ``name`` a variable and gives the name that it has in the sequence."""
        known = self.bindings.get(name)
        written = known.name if isinstance(known, Variable) else self.free(name)
        self.bindings[name] = Variable(written, boolean)
        return written

    def free(self, wanted: str) -> str:
        """A name for a variable that nothing else has."""
        found = unique(identifier(wanted, "value"), self.taken, RESERVED)
        self.taken.add(found)
        return found


def identifier(wanted: str, otherwise: str) -> str:
    """A name of lowercase letters, digits and ``_`` that begins with a letter."""
    name = _NOT_IN_NAME.sub("_", wanted.lower()).strip("_")
    if not name:
        return otherwise
    return name if name[0].isalpha() else f"{otherwise}_{name}"


def unique(name: str, taken: Iterable[str], refused: Iterable[str] = ()) -> str:
    """``name``, or with a number behind it, so that nothing else is called so."""
    others = {*taken, *refused}
    if name not in others:
        return name
    number = 2
    while f"{name}_{number}" in others:
        number += 1
    return f"{name}_{number}"


def driver_name(wanted: str, taken: Iterable[str]) -> str:
    """A name for a driver."""
    name = identifier(wanted, "driver")
    if name in RESERVED_NAMES or keyword.iskeyword(name) or name in RESERVED:
        name += "_driver"
    return unique(name, taken)
