"""Driver files as modules with names such as ``sequencer.runtime.driver_files.run_meter_1a2b3c4d``.

Under a name of its own a ``serial.py`` hides no installed ``serial``, and a file can be there twice: for the run and
for the drivers of the stand. A process that ``multiprocessing`` starts afresh imports a module by its name alone: it
comes here, and the file is looked for in the search path, which it has from its parent.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Sequence
from hashlib import sha256
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Literal

__path__: list[str] = []
"""What makes this module one that others can lie in."""

_NAME = re.compile(re.escape(__name__) + r"\.(?:run|stand)_(.+)_([0-9a-f]{8})")


def prefix(owner: Literal["run", "stand"]) -> str:
    """How the names of all modules of ``owner`` begin."""
    return f"{__name__}.{owner}_"


def load_file(file: Path, owner: Literal["run", "stand"]) -> ModuleType:
    """The module of a driver file, imported when it is not yet. Raises what its code raises."""
    file = file.resolve()
    name = f"{prefix(owner)}{file.stem}_{_digest(file)}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is no Python file")
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
        named = _NAME.fullmatch(name)
        if named is None:
            return None
        files = ((Path(folder) / f"{named[1]}.py").resolve() for folder in sys.path)
        file = next((file for file in files if _digest(file) == named[2] and file.is_file()), None)
        return None if file is None else importlib.util.spec_from_file_location(name, file)


def _digest(file: Path) -> str:
    return sha256(str(file).encode("utf-8", "surrogateescape")).hexdigest()[:8]


sys.meta_path.append(_ByName)
