"""What installed packages announce for hardseq as entry points: read here alone, imported only once it is used.

The groups are ``hardseq.steps``, ``hardseq.exports`` and ``hardseq.drivers``; the form is that of the entry points
specification (https://packaging.python.org/en/latest/specifications/entry-points/).
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from importlib.metadata import Distribution

Group = Literal["hardseq.steps", "hardseq.exports", "hardseq.drivers"]

INTERFACE = 1
"""The version of what extensions may rely on (``sequencer.extension``). It is raised when something is taken away."""

_VALUE = r"[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*)?"


class UnusableExtension(Exception):
    """An extension that cannot be used; the text names it, its package and version, and says why."""


class Announced(NamedTuple):
    """One entry point: ``name`` in ``group`` is the object ``value`` (``package.module:attribute``).

    ``package`` and ``version`` are those of the distribution; ``metadata`` is the file that says so, if it is one.
    """

    group: str
    name: str
    value: str
    package: str
    version: str
    metadata: Path | None = None

    def __str__(self) -> str:
        return f"{self.package} {self.version}"

    @property
    def module(self) -> str:
        """The module that is imported for it."""
        return self.value.partition(":")[0]

    def load(self) -> object:
        """The object itself. Raises ``UnusableExtension``, whatever its package raises."""
        from importlib.metadata import EntryPoint

        if re.fullmatch(_VALUE, self.value, re.ASCII) is None:
            raise self.unusable(f"its entry point {self.value!r} is not of the form `package.module:name`")
        try:
            # Standard output may be a document that a program reads.
            with redirect_stdout(sys.stderr):
                return EntryPoint(self.name, self.value, self.group).load()
        except (Exception, SystemExit) as error:
            raise self.unusable(told(error)) from error

    def unusable(self, reason: str) -> UnusableExtension:
        """The exception that says so."""
        return UnusableExtension(f"`{self.name}` of the package {self} cannot be used: {reason}")


def told(error: BaseException) -> str:
    """What other people's code raised, and where, in one line."""
    text = " ".join(f"{error}".split())
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_nobodys(frame.filename)]
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{f': {text:.300}' if text else ''}{where}"


def _is_nobodys(file: str) -> bool:
    """Whether a frame is Python's or hardseq's own, which says nothing of what is wrong with the package."""
    own = str(Path(__file__).parents[1])
    return file.startswith(("<", own, str(Path(re.__file__).parents[1])))


def announced(group: Group) -> Mapping[str, tuple[Announced, ...]]:
    """What packages announce in ``group``, by name, one name by several packages included."""
    return _installed(tuple(sys.path)).get(group, {})


@cache
def _installed(path: tuple[str, ...]) -> Mapping[str, Mapping[str, tuple[Announced, ...]]]:
    """What is announced along the import path, by group and name; read once a process."""
    found: dict[str, dict[str, tuple[Announced, ...]]] = {}
    for entry in sorted(_all_announced(), key=lambda each: (each.name, each.package)):
        group = found.setdefault(entry.group, {})
        group[entry.name] = (*group.get(entry.name, ()), entry)
    return found


def _all_announced() -> tuple[Announced, ...]:
    # Imported here: it takes longer than all the rest, and an unchanged sequence runs without it.
    from importlib.metadata import distributions

    known: dict[str, tuple[Announced, ...]] = {}
    for distribution in distributions():
        text = _text(distribution)
        if "[hardseq." in text:
            entries = tuple(_entries(distribution, text))
            # The first on the path is the one that Python imports.
            known.setdefault(_plain(entries[0].package) if entries else "", entries)
    return tuple(entry for entries in known.values() for entry in entries)


def _text(distribution: Distribution) -> str:
    try:
        return distribution.read_text("entry_points.txt") or ""
    except (OSError, ValueError):
        return ""  # what is half installed announces nothing


def _entries(distribution: Distribution, text: str) -> Iterator[Announced]:
    try:
        package, version = distribution.metadata["Name"], distribution.metadata["Version"]
    except (OSError, ValueError, KeyError, TypeError):
        package, version = None, None
    package, version = package or "without a name", version or "of unknown version"
    metadata = metadata_file(distribution, package)
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            group = line.strip("[]")
        elif line and not line.startswith("#") and group.startswith("hardseq."):
            name, _, value = line.partition("=")
            yield Announced(group, name.strip(), value.partition("[")[0].strip(), package, version, metadata)


def metadata_file(distribution: Distribution, package: str) -> Path | None:
    """The file that says the name and version of an installed package."""
    folder = Path(str(distribution.locate_file("")))
    for pattern in ("*.dist-info/METADATA", "*.egg-info/PKG-INFO"):
        for file in folder.glob(pattern):
            if _plain(file.parent.name.partition("-")[0].removesuffix(".egg")) == _plain(package):
                return file
    return None


def _plain(name: str) -> str:
    """Names of packages are compared without regard to letters' size and ``-``, ``_``, ``.`` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def sources(module: str) -> Iterator[Path]:
    """The source files that were imported of the package in which ``module`` lies."""
    top = module.partition(".")[0]
    for name, found in list(sys.modules.items()):
        file = getattr(found, "__file__", None)
        if (name == top or name.startswith(f"{top}.")) and isinstance(file, str) and file.endswith(".py"):
            yield Path(file)


@cache
def installed_version(package: str) -> str | None:
    """The version of ``package`` that is installed here; ``None`` when there is none. It is the one that was imported:
    read once a process."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None
