"""The installed packages whose steps and drivers a sequence uses."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from sequencer.vocabulary.extension import Announced, metadata_file


class UsedPackages:
    """What a reading used of other packages. ``versions`` is by name; ``inputs`` gets the files that were read."""

    def __init__(self, inputs: dict[str, str]) -> None:
        self.versions: dict[str, str] = {}
        self._inputs = inputs

    def add(self, announced: Announced, *files: Path) -> None:
        """Notes the package with the file that names its version, and ``files``: a sequence is read again when one of
        them changes."""
        self._note(announced.package, announced.version, announced.metadata, *files)

    def add_module(self, module: str) -> None:
        """As ``add``, for the package that ``module`` is of; Python's own modules are of none."""
        found = _package_of(module.partition(".")[0], tuple(sys.path))
        if found is not None:
            self._note(*found)

    def _note(self, package: str, version: str, *files: Path | None) -> None:
        self.versions[package] = version
        for file in files:
            if file is not None:
                with suppress(OSError):  # in an archive, or gone
                    self._inputs[str(file)] = sha256(file.read_bytes()).hexdigest()


@cache
def _package_of(top: str, path: tuple[str, ...]) -> tuple[str, str, Path | None] | None:
    """The distribution that has the module ``top``: its name, version and metadata; read once a process.

    Those of the same name come first: reading what each one holds takes a tenth of a second.
    """
    from importlib.metadata import Distribution, distributions

    found: list[Distribution] = [*distributions(name=top), *distributions()]
    for distribution in found:
        with suppress(OSError, ValueError, KeyError, TypeError):  # half installed
            held = distribution.read_text("RECORD") or distribution.read_text("top_level.txt") or ""
            if re.search(rf"^{re.escape(top)}(?:/|\.|,|$)", held, re.MULTILINE):
                name = distribution.metadata["Name"]
                return name, distribution.version, metadata_file(distribution, name)
    return None
