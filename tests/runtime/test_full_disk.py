"""A full disk: the reserve that lets a run end whole, and what is known of a run that it did not suffice for."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from sequencer.report.event import FailureRecorded, Stamped
from sequencer.runtime.journal import SIZE, Journal, give_up, reserve_of, save_reserve
from sequencer.runtime.stream import EventStream


def _full(monkeypatch: pytest.MonkeyPatch, reserve: Path, code: int, room: int = 0) -> None:
    """A disk that takes ``room`` bytes and no more, as long as the reserve is there."""
    write = os.write
    left = [room]

    def limited(descriptor: int, data: bytes) -> int:
        if not reserve.exists():
            return write(descriptor, data)
        part = data[: left[0]]
        left[0] -= len(part)
        if not part:
            raise OSError(code, os.strerror(code))
        return write(descriptor, part)

    monkeypatch.setattr(os, "write", limited)


@pytest.mark.parametrize("code", [errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)])
@pytest.mark.parametrize("room", [0, 5])
def test_the_reserve_is_given_up_for_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, room: int
) -> None:
    """Every line stands whole in the journal, also the one that the disk took half of; the reserve is gone."""
    reserve = reserve_of(tmp_path)
    assert save_reserve(reserve)
    assert reserve.stat().st_size == SIZE
    journal = Journal(tmp_path / "run.jsonl")
    _full(monkeypatch, reserve, code, room)
    journal.write(b'{"first":1}\n')
    journal.write(b'{"second":2}\n')
    journal.close()
    assert (tmp_path / "run.jsonl").read_bytes() == b'{"first":1}\n{"second":2}\n'
    assert not reserve.exists()


def test_without_a_reserve_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is pretended to be written."""
    journal = Journal(tmp_path / "run.jsonl")
    monkeypatch.setattr(os, "write", _refuse(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        journal.write(b"{}\n")
    monkeypatch.undo()
    journal.close()


def test_the_reserve_is_for_a_full_disk_alone(tmp_path: Path) -> None:
    """A broken disk gets no better by it."""
    save_reserve(reserve_of(tmp_path))
    assert not give_up(reserve_of(tmp_path), OSError(errno.EIO, "broken"))
    assert reserve_of(tmp_path).exists()


def test_half_a_reserve_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for it, it takes none; where one of another size lies, it is made anew."""
    reserve = reserve_of(tmp_path / "journals")
    assert save_reserve(reserve)
    reserve.write_bytes(b"half")
    with monkeypatch.context() as patch:

        def full(path: Path, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "full")

        patch.setattr(Path, "write_bytes", full)
        assert not save_reserve(reserve)
    assert not reserve.exists()
    assert save_reserve(reserve)


def test_a_run_whose_first_event_cannot_be_written_does_not_begin() -> None:
    """Nobody hears of it, so that nobody takes it for a run."""
    heard: list[Any] = []

    class Full:
        def write(self, line: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    class Link:
        def write(self, line: bytes) -> None:
            heard.append(line)

    stream = EventStream(Full(), Link())
    stream.listeners.append(heard.append)
    with pytest.raises(OSError, match="No space"):
        stream.emit(FailureRecorded(None, "error", "x"))
    assert heard == []


def test_a_run_that_goes_on_tells_its_listeners_what_the_disk_refused() -> None:
    """Later events that cannot be written still reach the report."""
    heard: list[Stamped] = []

    class Fills:
        lines = 0

        def write(self, line: bytes) -> None:
            self.lines += 1
            if self.lines > 1:
                raise OSError(errno.ENOSPC, "No space left on device")

    stream = EventStream(Fills(), None)
    stream.listeners.append(heard.append)
    for _ in range(3):
        stream.emit(FailureRecorded(None, "error", "x"))
    assert [stamped.seq for stamped in heard] == [1, 2, 3]
    assert stream.lost is not None


def _refuse(code: int) -> Any:
    def refuse(*_: Any) -> int:
        raise OSError(code, os.strerror(code))

    return refuse
