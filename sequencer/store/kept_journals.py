"""The journals of stored runs: each stays for a second look, and for steps after the run that are tried again later.

A journal says itself whether its report is stored: its last line is then a ``report_stored`` event. A stored one is
compressed to ``RUN_ID.jsonl.gz`` when that saves space worth having, and removed when it is beyond what the
configuration keeps, unless its report still has to go somewhere. Whatever is killed meanwhile: as long as there is
``RUN_ID.jsonl``, that is the journal, and what lies beside it is a copy of it, whole or not.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from sequencer.project.locks import hold_alone
from sequencer.project.settings import JournalSettings
from sequencer.project.state_folder import StateFolder

if TYPE_CHECKING:
    from gzip import GzipFile

COMPRESSED_FROM = 100_000
"""Bytes of a journal from which on compressing it is worth the time."""

MARK = b'{"event":"report_stored"'
_TAIL = 512  # bytes that surely hold the mark
_LEVEL = 1  # a fifteenth is left of a journal, and of higher levels not much less, at a multiple of the time
_CHUNK = 1 << 20
_DAY = 86_400.0
_PLAIN, _PACKED, _LOG = ".jsonl", ".jsonl.gz", ".log"
_BINARY = getattr(os, "O_BINARY", 0)


class JournalFile(NamedTuple):
    """The journal of a run; ``time`` is that of its last change in Unix seconds, ``size`` its bytes and
    ``log`` those of what its drivers said."""

    run: str
    path: str
    is_file: bool
    size: int
    time: float
    log: int = 0

    @property
    def is_compressed(self) -> bool:
        """Whether it is, and so stored."""
        return self.path.endswith(_PACKED)


def journal_files(state: StateFolder) -> list[JournalFile]:
    """The journals, one a run, oldest run first, as the ids begin with the time."""
    found: dict[str, JournalFile] = {}
    logs: dict[str, int] = {}
    try:
        with os.scandir(state.journals) as entries:
            for entry in entries:
                if entry.name.endswith(_LOG):
                    with suppress(OSError):
                        logs[entry.name.removesuffix(_LOG)] = entry.stat(follow_symlinks=False).st_size
                    continue
                name, plain, _ = entry.name.partition(_PLAIN)
                if not plain or not entry.name.endswith((_PLAIN, _PACKED)):
                    continue
                if entry.name.endswith(_PLAIN) or name not in found:
                    with suppress(OSError):  # gone meanwhile
                        about = entry.stat(follow_symlinks=False)
                        is_file = entry.is_file(follow_symlinks=False)
                        found[name] = JournalFile(name, entry.path, is_file, about.st_size, about.st_mtime)
    except FileNotFoundError:
        return []
    return sorted(file._replace(log=logs[name]) if name in logs else file for name, file in found.items())


def is_stored(journal: Path | str) -> bool:
    """Whether the journal's report is safe; false for one that cannot be read."""
    try:
        descriptor = os.open(journal, os.O_RDONLY | _BINARY)
    except OSError:
        return False
    try:
        os.lseek(descriptor, max(0, os.fstat(descriptor).st_size - _TAIL), os.SEEK_SET)
        tail = os.read(descriptor, _TAIL)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return tail.endswith(b"}\n") and tail[:-1].rpartition(b"\n")[2].startswith(MARK)


def prune(
    state: StateFolder,
    keep: JournalSettings | None = None,
    undelivered: Callable[[], Collection[str]] = tuple,
) -> None:
    """Removes the journals of stored runs that are beyond ``keep``, the oldest ones, and compresses the others.

    ``undelivered`` gives the ids of the runs whose reports still have to go somewhere. It is asked only when a journal
    is about to go; what it raises is raised, and nothing was removed. Raises ``OSError`` when there is no looking.
    """
    kept, surplus = _sorted_out(journal_files(state), JournalSettings() if keep is None else keep)
    surplus = [file for file in surplus if file.is_compressed or is_stored(file.path)]
    if surplus:
        stays = undelivered()
        kept += [file for file in surplus if file.run in stays]
        for file in surplus:
            if file.run not in stays:
                with suppress(OSError):  # gone already, or open somewhere
                    _remove(state.journal(file.run))
    for file in kept:
        if file.is_file and file.size >= COMPRESSED_FROM and not file.is_compressed and is_stored(file.path):
            with suppress(OSError):  # a full disk, or somebody was faster
                _compress(Path(file.path))


def _sorted_out(files: list[JournalFile], keep: JournalSettings) -> tuple[list[JournalFile], list[JournalFile]]:
    """The newest, as far as number, bytes and age are within ``keep``, and the rest."""
    oldest = time.time() - keep.days * _DAY
    left = keep.megabytes * 1e6
    kept: list[JournalFile] = []
    surplus: list[JournalFile] = []
    for file in reversed(files):
        left -= file.size + file.log
        within = len(kept) < keep.runs and left >= 0 and file.time >= oldest
        (kept if within else surplus).append(file)
    return kept, surplus


def _remove(plain: Path) -> None:
    """Removes the journal, however it is kept, unless somebody tries its run again meanwhile. Raises ``OSError``."""
    # The plain one last: while it is there, it is what counts.
    parts = (driver_log(plain), _part(plain), packed(plain))
    try:
        descriptor = os.open(plain, os.O_RDWR | _BINARY)
    except FileNotFoundError:
        for path in parts:
            path.unlink(missing_ok=True)
        return
    try:
        if not hold_alone(descriptor) or not is_stored(plain):
            return
        for path in parts:
            path.unlink(missing_ok=True)
        if sys.platform != "win32":
            plain.unlink()  # while nobody else can have it
            return
    finally:
        os.close(descriptor)
    plain.unlink()


def packed(journal: Path) -> Path:
    """Where the journal is once it is compressed."""
    return journal.with_suffix(_PACKED)


def driver_log(journal: Path) -> Path:
    """What drivers printed and logged in the run, where they did."""
    return journal.with_suffix(_LOG)


def _part(journal: Path) -> Path:
    """A copy that is being written."""
    return journal.with_suffix(".part")


def _compress(journal: Path) -> None:
    """Puts the compressed one in the journal's place, unless somebody works on it. Raises ``OSError``."""
    # Imported here: few starts have anything to compress.
    import gzip

    descriptor = os.open(journal, os.O_RDWR | _BINARY)
    with os.fdopen(descriptor, "rb") as plain:
        if not hold_alone(descriptor) or not is_stored(journal):
            return
        about = os.fstat(descriptor)
        try:
            with _part(journal).open("wb") as file:
                with gzip.GzipFile("", "wb", _LEVEL, file, about.st_mtime) as compressed:
                    _copy(plain, compressed)
                file.flush()
                os.fsync(file.fileno())
        except OSError:  # a full disk has no room for half a copy
            _part(journal).unlink(missing_ok=True)
            raise
        os.utime(_part(journal), (about.st_atime, about.st_mtime))
        _part(journal).replace(packed(journal))
        if sys.platform != "win32":
            journal.unlink()  # while nobody else can have it
            return
    journal.unlink()  # fails when somebody has opened it meanwhile, and then it is the journal


def _copy(source: BinaryIO | GzipFile, target: BinaryIO | GzipFile) -> None:
    while chunk := source.read(_CHUNK):
        target.write(chunk)


def unpack(journal: Path) -> None:
    """Makes of a compressed journal again one that can be written. Raises ``OSError``."""
    source = packed(journal)
    if journal.exists() or not source.exists():
        return
    # Imported here: few runs are retried.
    import gzip
    import zlib

    try:
        with gzip.open(source) as compressed, _part(journal).open("wb") as plain:
            _copy(compressed, plain)
            plain.flush()
            os.fsync(plain.fileno())
    except FileNotFoundError:  # removed meanwhile
        return
    except (EOFError, zlib.error) as error:
        raise OSError(f"{source} is damaged: {error}") from None
    # The compressed one stays until the journal is compressed again: another process may be doing that already.
    _part(journal).replace(journal)
