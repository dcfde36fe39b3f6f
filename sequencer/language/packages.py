"""The installed packages whose steps and drivers a sequence uses."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from sequencer.vocabulary.extension import Announced


class UsedPackages:
    """What a reading used of other packages. ``versions`` is by name; ``inputs`` gets the files that were read."""

    def __init__(self, inputs: dict[str, str]) -> None:
        self.versions: dict[str, str] = {}
        self._inputs = inputs

    def add(self, announced: Announced, *files: Path) -> None:
        """Notes the package with the file that names its version, and ``files``: a sequence is read again when one of
        them changes."""
        self.versions[announced.package] = announced.version
        for file in (announced.metadata, *files):
            if file is not None:
                with suppress(OSError):  # in an archive, or gone
                    self._inputs[str(file)] = sha256(file.read_bytes()).hexdigest()
