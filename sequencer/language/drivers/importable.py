"""Where the modules of installed packages lie: found as Python's import finds them, but nothing is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ModuleSpec
from pathlib import Path
from typing import NamedTuple

from sequencer.language.paths import existing_file


class InstalledModule(NamedTuple):
    """A module by its dotted ``name``; ``path`` is its source, ``None`` where there is none to read."""

    name: str
    path: Path | None


def installed_module(parts: Sequence[str]) -> tuple[InstalledModule, tuple[str, ...]] | None:
    """The module that a dotted name begins with, the longest there is, and what is left of the name.

    ``None`` when no package or module of that name is installed.
    """
    spec = _top_level(parts[0])
    if spec is None:
        return None
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    path = Path(spec.origin) if spec.origin is not None and spec.origin.endswith(tuple(SOURCE_SUFFIXES)) else None
    length = 1
    while length < len(parts) and (inner := _inside(folders, parts[length])) is not None:
        path, folders = inner
        length += 1
    if path is None and folders and length < len(parts):
        return None  # a folder without any code has nothing
    return InstalledModule(".".join(parts[:length]), path), tuple(parts[length:])


def submodules(path: Path) -> list[str]:
    """The public modules beside ``path``, when that is the source of a package; for hints."""
    if path.name != "__init__.py":
        return []
    names = {each.stem for each in path.parent.glob("*.py")} | {each.parent.name for each in path.parent.glob("*/*.py")}
    return sorted(name for name in names if not name.startswith("_"))


def imported_file(importing: Path, name: str, level: int) -> Path | None:
    """The source of the module ``name`` that the file ``importing`` imports from ``level`` folders up (at least 1)."""
    folders = importing.parents
    if level > len(folders):
        return None
    folder, path = folders[level - 1], existing_file(folders[level - 1] / "__init__.py")
    for part in name.split(".") if name else ():
        inner = _inside([folder], part)
        if inner is None:
            return None
        path, folder = inner[0], folder / part
    return path


def _top_level(name: str) -> ModuleSpec | None:
    # A folder from which hardseq happens to be started is not installed, and a test process does not look there.
    started_here = sys.path[:1] and Path(sys.path[0] or ".").resolve() == _working_folder()
    search = sys.path[1:] if started_here else sys.path
    for finder in sys.meta_path:
        # The finders of editable installations are asked as well.
        try:
            spec = finder.find_spec(name, search if "PathFinder" in repr(finder) else None)
        except (ImportError, ValueError, AttributeError):
            continue
        if spec is not None:
            return spec
    return None


def _working_folder() -> Path | None:
    try:
        return Path.cwd().resolve()
    except OSError:  # it is gone
        return None


def _inside(folders: list[Path], name: str) -> tuple[Path | None, list[Path]] | None:
    """The module ``name`` of a package that lies in ``folders``: its source and the folders of its own modules."""
    for folder in folders:
        if (source := existing_file(folder / name / "__init__.py")) is not None:
            return source, [folder / name]
        if (source := existing_file(folder / f"{name}.py")) is not None:
            return source, []
        if any((folder / f"{name}{suffix}").is_file() for suffix in EXTENSION_SUFFIXES):
            return None, []
    spaces = [folder / name for folder in folders if (folder / name).is_dir()]
    return (None, spaces) if spaces else None
