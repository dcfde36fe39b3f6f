"""The layers of the architecture, held against the imports that the code really has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.every import every

PACKAGE = Path(__file__).parents[1] / "sequencer"

LAYERS = [
    "vocabulary",
    "expressions",
    "limits",
    "report",
    "records",
    "project",
    "steps",
    "protocol",
    "language",
    "migration",
    "runtime",
    "stand_process",
    "compiler",
    "store",
    "figures",
    "alarms",
    "standcloud",
    "runner",
    "terminal",
    "panel",
    "app",
    "language_server",
    "cli",
]
"""The rooms, each of which may import from those before it."""

FORBIDDEN = {("runtime", "language"), ("compiler", "runtime"), ("terminal", "language"), ("panel", "terminal")}
"""Generated tests run without the YAML, although the language lies below the runtime; the others are side by side."""

ALONGSIDE = {"drivers", "api", "standin", "sync"}
"""What nothing of the product imports: drivers and what they use, the stand-in and its former name."""


def layer_of(path: Path) -> str:
    """The first folder below the package, or the module's own name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


IMPORT = re.compile(r"^[ \t]*((?:from [\w.]+ )?import (?:\([^)]*\)|[^\n]*))", re.MULTILINE)
"""Each on a line of its own, as `make lint` sees to. To read these lines alone is a tenth of the work."""


def imports(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    """What a file imports at the top, inside a function, or only for its types."""
    text = path.read_text("utf-8")
    for found in IMPORT.finditer(text):
        for node in ast.parse(found[1]).body:
            assert isinstance(node, ast.Import | ast.ImportFrom)
            node.lineno += text.count("\n", 0, found.start(1))
            yield node


@pytest.mark.slow
def test_no_import_is_overlooked() -> None:
    """The lines that look like imports are those that Python takes for them, and each is seen."""
    for path in PACKAGE.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        wanted = [(node.lineno, ast.unparse(node)) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        assert sorted((node.lineno, ast.unparse(node)) for node in imports(path)) == sorted(wanted), path


def imported_layers(path: Path) -> Iterator[tuple[str, int]]:
    """Every layer that a file imports from, at the top or inside a function, with the line."""
    for node in imports(path):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written whole"
            names = [node.module or ""]
        for name in names:
            if name.startswith("sequencer."):
                yield name.split(".")[1], node.lineno


LAYERED = sorted(path for layer in LAYERS for path in (PACKAGE / layer).rglob("*.py"))


def test_imports_only_from_its_own_layer_or_below() -> None:
    """A module imports nothing from a layer above its own."""
    every(LAYERED, imports_only_from_below)


def imports_only_from_below(path: Path) -> None:
    """Whether this one does."""
    own = layer_of(path)
    for layer, line in imported_layers(path):
        if layer in LAYERS:
            allowed = LAYERS.index(layer) <= LAYERS.index(own) and (own, layer) not in FORBIDDEN
            assert allowed, f"{path}:{line}: {own} must not import {layer}"
        else:
            assert layer not in ALONGSIDE, f"{path}:{line}: {own} must not import {layer}"


def test_every_folder_of_the_package_is_a_layer() -> None:
    """A new folder needs a place in the architecture before it needs code."""
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= {*LAYERS, *ALONGSIDE}


def test_the_rooms_are_documented_in_their_order() -> None:
    """The page about the architecture has a row for each room, those that import from others after them."""
    page = (PACKAGE.parent / "docs" / "explanation" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE)
    assert rows[: len(LAYERS)] == LAYERS
    assert set(rows[len(LAYERS) :]) <= ALONGSIDE


def imported_modules(path: Path) -> Iterator[Path]:
    """The package's files that a file imports from, at the top, inside a function, or only for its types."""
    for node in imports(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sequencer."):
            folder = PACKAGE.joinpath(*(node.module or "").split(".")[1:])
            for name in node.names:
                inside = [folder / f"{name.name}.py", folder.with_suffix(".py"), folder / "__init__.py"]
                yield next(file for file in inside if file.exists())


def test_no_imports_in_circles() -> None:
    """Each file can be read and changed with nothing in mind but what it imports."""
    graph = {path: set(imported_modules(path)) - {path} for path in LAYERED}
    TopologicalSorter(graph).prepare()


def test_there_is_one_kind_of_dataclass() -> None:
    """That of ``vocabulary.dataclass``: the standard library's would cost each start half a millisecond a class."""
    every(LAYERED, has_no_other_dataclass)


def has_no_other_dataclass(path: Path) -> None:
    """Whether this one has none."""
    others = r"^\s*(from dataclasses import .*\bdataclass\b|@dataclass$|@dataclasses\.)"
    found = re.search(others, path.read_text("utf-8"), re.MULTILINE)
    assert found is None or path == PACKAGE / "vocabulary" / "dataclass.py", f"it has `{found[0]}`"
