"""Where a driver's source lies: the project's folders, packages that announce drivers, hardseq's own, any package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from sequencer.language.drivers.importable import InstalledModule, installed_module
from sequencer.language.paths import existing_file
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.extension import Announced
from sequencer.vocabulary.registry import Registry

STOCK_PACKAGE = "sequencer.drivers"


@dataclass(frozen=True, slots=True)
class DriverLocation:
    """The module of a driver. ``path`` is its source (``None``: there is none to read); ``is_local`` says that it is
    loaded from that file instead of imported by ``module``. ``rest`` is what of the dotted name is left: the target.
    ``announced`` is set when an installed package announces it; ``is_foreign``: it is a module of an installed package,
    which nobody made for hardseq."""

    module: str
    path: Path | None
    is_local: bool
    rest: tuple[str, ...]
    announced: Announced | None = None
    is_foreign: bool = False


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
        """The module that ``use`` begins with: the longest match in the first place that has one.

        ``package.module:Class`` means a package outright. Raises ``UnusableExtension`` for what a package announces and
        does not have, or another one announces as well.
        """
        package, colon, target = use.partition(":")
        if colon:
            return _foreign(tuple(package.split(".")), tuple(target.split(".")))
        parts = tuple(use.split("."))
        for folder in self.folders:
            for length in range(len(parts), 0, -1):
                path = _module_file(folder, parts[:length])
                if path is not None:
                    return DriverLocation(".".join(parts[:length]), path, True, parts[length:])
        return self.locate_installed(use) or self._stock(parts) or _foreign(parts)

    def module_file(self, name: str) -> Path | None:
        """The source of a module as a driver file imports it: an installed one, or one of the project's folders."""
        parts = tuple(name.split("."))
        if (found := installed_module(parts)) is not None:
            return None if found[1] else found[0].path
        return next((path for folder in self.folders if (path := _module_file(folder, parts)) is not None), None)

    @property
    def announced(self) -> Mapping[str, tuple[Announced, ...]]:
        """What installed packages announce, by name."""
        return self._installed_drivers.announced

    def locate_installed(self, use: str) -> DriverLocation | None:
        """What a package announces under a name that ``use`` begins with. Raises ``UnusableExtension``."""
        parts = tuple(use.split("."))
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            if name not in self._installed_drivers.announced:
                continue
            if (clash := self._installed_drivers.clash(name)) is not None:
                raise clash
            (found,) = self._installed_drivers.announced[name]
            path = _installed_file(found)
            attributes = found.value.partition(":")[2].split(".")
            rest = tuple(part for part in (*attributes, *parts[length:]) if part)
            return DriverLocation(found.module, path, False, rest, found)
        return None

    @cached_property
    def _installed_drivers(self) -> Registry[Path]:
        drivers: Registry[Path] = Registry("a driver", "hardseq.drivers")
        for path in _stock_folder().glob("[!_]*.py"):
            drivers.add(path.stem, path)
        return drivers

    def _stock(self, parts: tuple[str, ...]) -> DriverLocation | None:
        path = _module_file(_stock_folder(), parts[:1])
        return None if path is None else DriverLocation(f"{STOCK_PACKAGE}.{parts[0]}", path, False, parts[1:])

    def known(self) -> Iterator[str]:
        """The names of all driver modules, for hints."""
        for folder in [*self.folders, _stock_folder()]:
            if folder.is_dir():
                yield from (path.stem for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_"))
        yield from self.announced


def _stock_folder() -> Path:
    return Path(__file__).resolve().parents[2] / "drivers"


def _module_file(folder: Path, parts: tuple[str, ...]) -> Path | None:
    base = folder.joinpath(*parts)
    paths = (base.with_name(base.name + ".py"), base / "__init__.py")
    return next((path for path in paths if existing_file(path) is not None), None)


def _foreign(module: tuple[str, ...], target: tuple[str, ...] = ()) -> DriverLocation | None:
    """A module that can be imported; the last parts of ``module`` may be the target, where that is not given."""
    found = installed_module(module)
    if found is None or (target and found[1]):
        return None
    return DriverLocation(found[0].name, found[0].path, False, found[1] + target, is_foreign=True)


def _installed_file(announced: Announced) -> Path | None:
    """The source of what a package announces, found without importing it; ``None`` when it has no source to read.

    Raises ``UnusableExtension`` when there is no such module.
    """
    found = installed_module(announced.module.split("."))
    match found:
        case None:
            raise announced.unusable(f"there is no module `{announced.module.partition('.')[0]}`")
        case InstalledModule(path=path), ():
            return path
        case _:
            raise announced.unusable(f"there is no module `{announced.module}`")
