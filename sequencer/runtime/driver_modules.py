"""The modules of a project's drivers: fresh for each run, save those that the drivers of the stand were made of.

What a module keeps in its globals, and a class in its attributes, must not reach the next product. A driver of scope
``stand`` stays open, and so do its module and the modules of the project that this one imported; nobody else gets
them: a file that holds such a driver and others is imported once for it, and once more for each run.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Literal, Required, TypedDict

from sequencer.vocabulary.data import Data

__path__: list[str] = []
"""What makes this module one that others can lie in."""

_importing: dict[str, threading.RLock] = {}
"""Locks by the name of the module."""
_NAME = re.escape(__name__) + r"\.(?:run|stand)_(.+)_([0-9a-f]{8})"


def prefix(owner: Literal["run", "stand"]) -> str:
    """How the names of all modules of ``owner`` begin."""
    return f"{__name__}.{owner}_"


def load_file(file: Path, owner: Literal["run", "stand"]) -> ModuleType:
    """The module of a driver file, imported when it is not yet. Raises what its code raises.

    Another thread that wants it meanwhile waits, as with any import: half a module lacks its classes.
    """
    file = file.resolve()
    name = f"{prefix(owner)}{file.stem}_{_digest(file)}"
    with _importing.setdefault(name, threading.RLock()):
        return sys.modules[name] if name in sys.modules else _load_new(name, file)


def _load_new(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses and pickle look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


class _ByName:
    """Finds the file of a module that another process named."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As ``importlib.abc.MetaPathFinder``."""
        named = re.fullmatch(_NAME, name)
        if named is None:
            return None
        files = ((Path(folder) / f"{named[1]}.py").resolve() for folder in sys.path)
        file = next((file for file in files if _digest(file) == named[2] and file.is_file()), None)
        return None if file is None else importlib.util.spec_from_file_location(name, file)


def _digest(file: Path) -> str:
    return sha256(str(file).encode("utf-8", "surrogateescape")).hexdigest()[:8]


sys.meta_path.append(_ByName)


class DriverOrigin(TypedDict, total=False):
    """Where a driver is found, and the templates of its arguments; see ``drivers.OpenDriver``."""

    file: str | None
    module: str | None
    target: Required[str]
    arguments: Mapping[str, Data] | None


_OF_RUN = prefix("run")
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_SOURCE = (".py", ".pyc")


class DriverModules:
    """Imports driver modules. What is imported when it is made, or lies in no folder of the project, is left alone.

    ``folder`` is the generated project, ``driver_folders`` are relative to it.
    """

    def __init__(self, folder: Path, driver_folders: Iterable[str]) -> None:
        self.folder = folder
        self.driver_folders = list(driver_folders)
        self._driver_folders = [str((folder / each).resolve()) for each in self.driver_folders]
        self._before = frozenset(sys.modules)
        self._of_stand: dict[str, ModuleType] = {}
        self._roots = [Path(each) for each in self._driver_folders]
        with suppress(OSError):  # the working folder is gone
            self._roots.append(Path.cwd().resolve())

    def add_folders(self) -> None:
        """Lets driver files import each other; behind everything installed, so that they hide nothing."""
        sys.path += [folder for folder in self._driver_folders if folder not in sys.path]

    def load(self, source: DriverOrigin, *, for_stand: bool) -> ModuleType:
        """Imports where a driver lies: ``file`` or ``module``. Raises what its code raises."""
        if not for_stand:
            return self._load(source, "run")
        with self._stand_in_place():
            return self._load(source, "stand")

    def forget(self) -> None:
        """Takes the project's modules away, so that the next run imports them again."""
        self._take_out()

    def _load(self, source: DriverOrigin, owner: Literal["run", "stand"]) -> ModuleType:
        file = source.get("file")
        return importlib.import_module(source["module"] or "") if file is None else load_file(self.folder / file, owner)

    @contextmanager
    def _stand_in_place(self) -> Iterator[None]:
        """While a module of the stand is imported, it finds those that were imported for the stand before."""
        of_run = self._take_out()
        sys.modules.update(self._of_stand)
        try:
            yield
        finally:
            self._of_stand = self._take_out()
            sys.modules.update(of_run)

    def _take_out(self) -> dict[str, ModuleType]:
        """The project's modules, which nobody finds any more. Compiled code can be imported only once: it stays."""
        found = {
            name: module
            for name, module in list(sys.modules.items())
            if name not in self._before and self._is_of_run(name) and self._is_of_project(module)
        }
        compiled = {
            name.partition(".")[0]
            for name, module in found.items()
            if (file := getattr(module, "__file__", None)) is not None and not str(file).endswith(_SOURCE)
        }
        found = {name: module for name, module in found.items() if name.partition(".")[0] not in compiled}
        for name in found:
            del sys.modules[name]
        return found

    @staticmethod
    def _is_of_run(name: str) -> bool:
        return name.startswith(_OF_RUN) or not name.startswith("sequencer.")

    def _is_of_project(self, module: object) -> bool:
        places = [getattr(module, "__file__", None), *_search_path(module)]
        return any(isinstance(place, str) and self._holds(place) for place in places)

    def _holds(self, place: str) -> bool:
        path = Path(os.path.realpath(place))
        return any(
            path.is_relative_to(root) and _INSTALLED.isdisjoint(path.relative_to(root).parts) for root in self._roots
        )


def _search_path(module: object) -> list[object]:
    try:
        return list(getattr(module, "__path__", ()))
    except Exception:  # whatever somebody put among the modules
        return []
