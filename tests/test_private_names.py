"""Tests say what hardseq does by what it makes public: no private name of it stands in a test."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from tests.every import every

ROOT = Path(__file__).parents[1]
TESTS = [
    path
    for path in sorted((ROOT / "tests").rglob("*.py"))
    if not {"node_modules", "examples", "fixtures", "golden"} & set(path.relative_to(ROOT).parts)
]

NO_DRIVERS = re.compile(r"sequencer\.drivers\._\w+")
"""Modules that drivers share. Their underscore says that they are none: sequences name the others of that folder."""

PUBLIC = {"_replace", "_asdict", "_fields"}
"""What named tuples offer everybody."""

PATCHING = {"getattr", "setattr", "delattr", "hasattr", "patch"}


def is_private(name: str) -> bool:
    """Whether Python's convention makes it private."""
    return name.startswith("_") and not name.startswith("__") and name not in {"_", *PUBLIC}


@cache  # each test process collects this module, and only some run its tests
def package() -> list[str]:
    """The source of the package's files."""
    return [path.read_text("utf-8") for path in (ROOT / "sequencer").rglob("*.py")]


@cache
def is_defined(name: str) -> bool:
    """Whether the package has a function, class, method, attribute or constant of this name."""
    return any(name in source and name in defined_in(source) for source in package())


@cache
def defined_in(source: str) -> set[str]:
    """The private names that a file defines."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return {name for name in found if is_private(name)}


def private_in(source: str) -> list[tuple[int, str]]:
    """Line and name of each private name of hardseq that the source uses."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an escape in a script: it would be an error, and the script be overlooked
        tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Import | ast.ImportFrom | ast.Call):
            found += [(node.lineno, name) for name in names_of(node) if is_of_hardseq(name)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value:
            with suppress(SyntaxError):  # the script of another process, or just text
                found += private_in(node.value)
    return found


def names_of(node: ast.Attribute | ast.Import | ast.ImportFrom | ast.Call) -> Iterator[str]:
    """What the node names: the attribute of something else than itself, what is imported, what is patched."""
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return
        case ast.Attribute(attr=name):
            yield name
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names):
            yield from (f"{module}.{alias.name}" for alias in names)
        case ast.Call(func=ast.Attribute(attr=called) | ast.Name(id=called), args=given) if called in PATCHING:
            yield from (each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str))


def is_of_hardseq(name: str) -> bool:
    """Whether it is a private name of the package, alone or with its module."""
    parts = NO_DRIVERS.sub("sequencer", name).split(".")
    return any(map(is_private, parts)) and (parts[0] == "sequencer" or is_defined(parts[-1]))


def uses_none(path: Path) -> None:
    """Neither an attribute nor an import nor a name to patch."""
    assert private_in(path.read_text("utf-8")) == []


@pytest.mark.slow
def test_no_test_uses_a_private_name_of_hardseq() -> None:
    """No file of the tests does."""
    every(TESTS, uses_none)


@pytest.mark.parametrize(
    "source",
    [
        "run._supervisor.stop()",
        "from sequencer.runner.run import _wait",
        "from sequencer.runner._secret import x",
        "import sequencer._secret",
        "monkeypatch.setattr(run, '_supervisor', None)",
        "monkeypatch.setattr('sequencer.runner.run._wait', None)",
        "getattr(run, '_supervisor')",
        "SCRIPT = 'import sys\\nrun._supervisor.stop()'",
    ],
)
def test_each_way_to_a_private_name_is_seen(source: str) -> None:
    """The test above cannot pass by not looking."""
    assert len(private_in(source)) == 1
