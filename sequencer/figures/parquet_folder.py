"""A folder of Parquet files that is kept up to date: only what changed is written, and each file is always whole.

``hardseq-figures.json`` in it says of which store the files are, and what each held when it was written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from sequencer.figures.parquet import TABLES, ParquetPart
from sequencer.project.locks import ProcessLock, described

LIST = "hardseq-figures.json"
_NEW = ".new"
"""What the name of a file ends with until it is whole."""
_SAVED_EVERY = 50
"""Files after which it is written down what they hold: so many are written again where the process dies."""


class FolderRefused(Exception):
    """Nothing can be written there. The text is for people."""


class ParquetSource(Protocol):
    """Where the files come from: an index of this process, or the one of a running panel."""

    @property
    def store(self) -> str:
        """The place of the store whose figures these are."""
        ...

    def parts(self) -> Sequence[ParquetPart]:
        """All files that there should be."""
        ...

    def write(self, part: ParquetPart, file: Path) -> None:
        """Writes one."""
        ...


class Kept(NamedTuple):
    """How many files were written, removed and left as they were."""

    written: int
    removed: int
    unchanged: int


def keep_folder(folder: Path, source: ParquetSource, progress: Callable[[int, int], None]) -> Kept:
    """Brings the folder up to date, and makes it where there is none; ``progress`` is told of files done and left.

    Broken off at any instant, it has whole files only, and goes on the next time. Raises :class:`FolderRefused`,
    ``OSError`` (a full disk), and what ``source`` raises.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = ProcessLock(folder / ".hardseq-figures.lock")
    if (holder := lock.take()) is not None:
        raise FolderRefused(f"{folder} is being written by {described(holder)}")
    try:
        return _keep(folder, source, progress)
    finally:
        lock.release()


def _keep(folder: Path, source: ParquetSource, progress: Callable[[int, int], None]) -> Kept:
    known = _known(folder, source.store)
    _save(folder, source.store, known)  # so that a folder that was begun is known for one of ours
    for table in TABLES:
        for rest in (folder / table).glob(f"*/*{_NEW}"):
            rest.unlink()
    wanted = {part.file: part for part in source.parts()}
    changed = [
        part for part in wanted.values() if known.get(part.file) != part.signature or not (folder / part.file).is_file()
    ]
    try:
        for done, part in enumerate(changed):
            progress(done, len(changed) - done)
            _write(folder / part.file, part, source)
            known[part.file] = part.signature
            if done % _SAVED_EVERY == _SAVED_EVERY - 1:
                _save(folder, source.store, known)
        gone = [file for file in known if file not in wanted]
        for file in gone:
            (folder / file).unlink(missing_ok=True)
            del known[file]
            with suppress(OSError):  # other files are in it
                (folder / file).parent.rmdir()
        progress(len(changed), 0)
    finally:
        _save(folder, source.store, known)
    return Kept(len(changed), len(gone), len(wanted) - len(changed))


def _write(file: Path, part: ParquetPart, source: ParquetSource) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(file.name + _NEW)
    try:
        source.write(part, new)
        _replace(new, file)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def _known(folder: Path, store: str) -> dict[str, str]:
    """What the files hold, by path. Raises :class:`FolderRefused`."""
    try:
        found = json.loads((folder / LIST).read_bytes())
        known, files = str(found["store"]), dict(found["files"])
    except FileNotFoundError:
        if any(not one.name.startswith(".") for one in folder.iterdir()):
            raise FolderRefused(f"{folder} is not empty and was not made by hardseq: give a new folder") from None
        return {}
    except (ValueError, LookupError, TypeError):
        return {}  # its disk was full, or somebody wrote into it: everything is written anew
    if known != store:
        raise FolderRefused(f"{folder} holds the figures of {known}: give another folder for those of {store}")
    return {str(file): str(signature) for file, signature in files.items() if _is_inside(str(file))}


def _is_inside(file: str) -> bool:
    """Whether it is the path of a file of ours: nothing else is ever removed."""
    table, *others = file.split("/")
    plain = "\\" not in file and not {"", ".", ".."} & {*others}
    return table in TABLES and len(others) == 2 and plain and file.endswith(".parquet")


def _save(folder: Path, store: str, known: dict[str, str]) -> None:
    new = folder / f".{LIST}{_NEW}"
    new.write_text(json.dumps({"store": store, "files": known}, indent=1), "utf-8")
    _replace(new, folder / LIST)


def _replace(new: Path, file: Path) -> None:
    """Puts a whole file in the place of another, so that there is one of both even if the power fails."""
    with new.open("rb+") as written:
        os.fsync(written.fileno())
    new.replace(file)
