"""The journals of stored runs: which stay, and what compressing one does to it."""

from __future__ import annotations

import errno
import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from sequencer.project.settings import JournalSettings
from sequencer.project.state_folder import StateFolder
from sequencer.report.event import Stamped, encode
from sequencer.report.fold import fold, read_journal
from sequencer.runtime.journal import Journal
from sequencer.store.kept_journals import COMPRESSED_FROM, JournalFile, journal_files, packed, prune, unpack
from sequencer.store.recovery import has_journal, mark_stored, newest, recover, waiting
from sequencer.store.sqlite.store import SqliteStore

NOON = 1_700_000_000.0

Stream = Callable[..., list[Stamped]]


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """A state folder with room for journals."""
    folder = StateFolder(tmp_path / "state")
    folder.journals.mkdir(parents=True)
    return folder


@pytest.fixture
def keep(state: StateFolder, stream: Stream) -> Callable[..., Path]:
    """Writes the journal of the run that began so many seconds after noon, of 1,000 measurements where it is large."""

    def write(after: int, *, stored: bool = True, large: bool = False) -> Path:
        events = stream(start=NOON + after, values=[float(number) for number in range(1000 if large else 1)])
        path = state.journal(events[0].event.run)  # type: ignore[union-attr]
        path.write_bytes(b"".join(map(encode, events)))
        if stored:
            mark_stored(path)
        return path

    return write


def _runs(paths: Iterable[Path]) -> list[str]:
    return [path.stem for path in paths]


def _kept(state: StateFolder) -> list[str]:
    return [file.run for file in journal_files(state)]


def test_number_bytes_and_age_are_bounded(state: StateFolder, keep: Callable[..., Path]) -> None:
    """The oldest go first, whichever of the three bounds is the narrowest, and the rest stays byte for byte."""
    paths = [keep(number) for number in range(6)]
    sizes = [path.stat().st_size for path in paths]  # the times in them have not all as many digits
    four = 4.5 * sizes[0]
    assert 4 * max(sizes) < four < 5 * min(sizes)
    prune(state, JournalSettings(runs=5))
    assert _kept(state) == _runs(paths[1:])
    prune(state, JournalSettings(megabytes=four / 1e6))
    assert _kept(state) == _runs(paths[2:])
    os.utime(paths[2], (NOON, NOON))
    content = [path.read_bytes() for path in paths[3:]]
    prune(state, JournalSettings(days=1))
    assert [path.read_bytes() for path in paths[3:]] == content
    assert _kept(state) == _runs(paths[3:])


def test_what_drivers_said_counts_as_well(state: StateFolder, keep: Callable[..., Path]) -> None:
    """A talkative driver does not fill the disk beside small journals; its file goes with its journal."""
    paths = [keep(number) for number in range(3)]
    for path in paths:
        path.with_suffix(".log").write_bytes(b"a line\n" * 10_000)
    prune(state, JournalSettings(megabytes=0.16))
    assert _kept(state) == _runs(paths[1:])
    assert not paths[0].with_suffix(".log").exists()


def test_what_is_not_stored_or_not_delivered_is_never_removed(state: StateFolder, keep: Callable[..., Path]) -> None:
    """Such a journal outlives every bound, and where nobody knows what is delivered, nothing goes."""
    paths = [keep(0), keep(1, stored=False), keep(2), keep(3)]
    narrow = JournalSettings(runs=1, megabytes=0.000001, days=0.000001)
    os.utime(paths[1], (NOON, NOON))

    def unknown() -> set[str]:
        raise OSError("the outbox cannot be read")

    with pytest.raises(OSError, match="outbox"):
        prune(state, narrow, unknown)
    assert _kept(state) == _runs(paths)
    prune(state, narrow, lambda: {paths[2].stem})
    assert _kept(state) == _runs([paths[1], paths[2]])
    prune(state, narrow)
    assert _kept(state) == _runs([paths[1]])


def test_a_journal_that_somebody_takes_up_again_meanwhile_stays(state: StateFolder, keep: Callable[..., Path]) -> None:
    """What was to go and is written again, held or with new events behind the mark, is not removed."""
    held, written, last = keep(0, large=True), keep(1), keep(2)
    prune(state)
    assert not held.exists()
    opened: list[Journal] = []

    def taken_up() -> set[str]:
        unpack(held)
        opened.append(Journal(held))
        with written.open("ab") as file:
            file.write(b'{"event":"step"}\n')
        return set()

    prune(state, JournalSettings(runs=1), taken_up)
    opened[0].close()
    assert held.exists() and written.exists()
    assert _kept(state) == _runs([held, written, last])


def test_a_full_disk_is_left_as_it_was(
    state: StateFolder, keep: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a compressed copy takes no room that the next run needs."""
    path = keep(0, large=True)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    prune(state)
    assert [file.name for file in state.journals.iterdir()] == [path.name]


def test_a_stored_journal_is_compressed_and_is_still_the_runs_journal(
    state: StateFolder, keep: Callable[..., Path], open_sqlite: Callable[[], SqliteStore]
) -> None:
    """It takes a tenth, counts as stored, and unpacked again it is what it was; others are left as they are."""
    large, small, at_work, unstored = (
        keep(0, large=True),
        keep(1),
        keep(2, large=True),
        keep(3, large=True, stored=False),
    )
    content, report = large.read_bytes(), fold(read_journal(large.read_bytes().splitlines(keepends=True)))
    assert len(content) > COMPRESSED_FROM
    working = Journal(at_work)
    prune(state)
    prune(state)
    working.close()
    assert not large.exists()
    assert packed(large).stat().st_size < len(content) / 10
    assert small.exists() and at_work.exists() and unstored.exists()
    assert _kept(state) == _runs([large, small, at_work, unstored])
    assert has_journal(state, large.stem)
    assert waiting(state) == [unstored.stem]
    assert gzip.decompress(packed(large).read_bytes()) == content
    assert _runs(state.journal(found["id"]) for found in recover(state, open_sqlite())) == [unstored.stem]
    mark_stored(large)  # by somebody who came too late
    unpack(large)
    assert large.read_bytes() == content
    assert fold(read_journal(large.read_bytes().splitlines(keepends=True))) == report
    prune(state, JournalSettings(runs=1))
    assert newest(state) == unstored.stem
    assert [file for file in state.journals.iterdir() if file.stem.startswith(large.stem)] == []


def test_a_damaged_compressed_journal_is_told(state: StateFolder, keep: Callable[..., Path]) -> None:
    """Nothing is made of half of it, and it stays where it is."""
    path = keep(0, large=True)
    prune(state)
    whole = packed(path).read_bytes()
    packed(path).write_bytes(whole[:-20])
    with pytest.raises(OSError, match="is damaged"):
        unpack(path)
    assert not path.exists()
    assert packed(path).read_bytes() == whole[:-20]


KILLED = """
import os, sys
from pathlib import Path
from sequencer.project.state_folder import StateFolder
from sequencer.store import kept_journals as journals
import gzip

state, path = StateFolder(Path(sys.argv[1])), Path(sys.argv[2])
content = path.read_bytes()

def dies_at(number):
    left = number
    def trace(frame, kind, argument):
        nonlocal left
        if frame.f_code.co_filename != journals.__file__:
            return None
        left -= kind == "line"
        if left == 0:
            os._exit(9)
        return trace
    sys.settrace(trace)

def killed(number, work):
    child = os.fork()
    if child == 0:
        dies_at(number)
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

def whole():
    (file,) = journals.journal_files(state)
    read = gzip.open if file.is_compressed else open
    with read(file.path, "rb") as opened:
        assert opened.read() == content, file
    return file

instants = 0
for work, end in ((lambda: journals.prune(state), True), (lambda: journals.unpack(path), False)):
    number = 1
    while killed(number, work):
        whole()
        number += 1
        instants += 1
    assert whole().is_compressed is end
print(instants)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_killed_at_any_instant_nothing_is_lost_and_nothing_there_twice(
    state: StateFolder, keep: Callable[..., Path]
) -> None:
    """A process that dies at any line of compressing or unpacking leaves one whole journal; the next one ends it."""
    path = keep(0, large=True)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(state.path), str(path)], capture_output=True, text=True, timeout=120
    )
    assert done.stderr == ""
    assert int(done.stdout) > 40


def test_runs_are_listed_in_the_order_in_which_they_began(state: StateFolder, keep: Callable[..., Path]) -> None:
    """Whatever their form, and whatever else lies there."""
    paths = [keep(2), keep(0, large=True), keep(1)]
    (state.journals / "reserve").write_bytes(b"room")
    (state.journals / "set_aside").mkdir()
    prune(state)
    files = journal_files(state)
    assert files == sorted(files)
    assert all(isinstance(file, JournalFile) and file.is_file for file in files)
    assert [file.run for file in files] == sorted(_runs(paths))
