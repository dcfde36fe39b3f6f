"""Where a driver's source lies: the project's folders, installed packages that announce drivers, hardseq's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sequencer.language.paths import existing_file

STOCK_PACKAGE = "sequencer.drivers"
ENTRY_POINTS = "hardseq.drivers"


@dataclass(frozen=True, slots=True)
class DriverLocation:
    """The module of a driver. ``path`` is its source (``None``: there is none to read); ``is_local`` says that it is
    loaded from that file instead of imported by ``module``. ``rest`` is what of the dotted name is left: the target."""

    module: str
    path: Path | None
    is_local: bool
    rest: tuple[str, ...]


class DriverFolders:
    """Finds drivers by dotted names such as ``minute_clock.MinuteClock``."""

    def __init__(self, sequence_folder: Path, project: Path) -> None:
        candidates = [
            project / "drivers",
            sequence_folder / "drivers",
            sequence_folder,
            sequence_folder.parent / "drivers",
        ]
        self.folders = [path for path in dict.fromkeys(path.resolve() for path in candidates) if path.is_dir()]

    def locate(self, use: str) -> DriverLocation | None:
        """The module that ``use`` begins with: the longest match in the first place that has one."""
        parts = tuple(use.split("."))
        for folder in self.folders:
            for length in range(len(parts), 0, -1):
                path = _module_file(folder, parts[:length])
                if path is not None:
                    return DriverLocation(".".join(parts[:length]), path, True, parts[length:])
        return self._installed(use, parts) or self._stock(parts)

    def _installed(self, use: str, parts: tuple[str, ...]) -> DriverLocation | None:
        for name, value in self._entry_points.items():
            if use != name and not use.startswith(name + "."):
                continue
            module, _, attribute = value.partition(":")
            rest = (
                (*attribute.split("."), *parts[len(name.split(".")) :]) if attribute else parts[len(name.split(".")) :]
            )
            return DriverLocation(module, _installed_file(module), False, tuple(part for part in rest if part))
        return None

    @cached_property
    def _entry_points(self) -> dict[str, str]:
        from importlib.metadata import entry_points

        return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}

    def _stock(self, parts: tuple[str, ...]) -> DriverLocation | None:
        path = _module_file(_stock_folder(), parts[:1])
        return None if path is None else DriverLocation(f"{STOCK_PACKAGE}.{parts[0]}", path, False, parts[1:])

    def known(self) -> Iterator[str]:
        """The names of all driver modules, for hints."""
        for folder in [*self.folders, _stock_folder()]:
            if folder.is_dir():
                yield from (path.stem for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_"))
        yield from self._entry_points


def _stock_folder() -> Path:
    return Path(__file__).resolve().parents[2] / "drivers"


def _module_file(folder: Path, parts: tuple[str, ...]) -> Path | None:
    base = folder.joinpath(*parts)
    paths = (base.with_name(base.name + ".py"), base / "__init__.py")
    return next((path for path in paths if existing_file(path) is not None), None)


def _installed_file(module: str) -> Path | None:
    """The source of an installed module, found without importing anything."""
    parts = tuple(module.split("."))
    for entry in sys.path:
        path = _module_file(Path(entry or "."), parts)
        if path is not None:
            return path
    return None
