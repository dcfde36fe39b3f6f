"""Python's debugger at a failure: its lines come over the link, and what it says goes back the same way."""

from __future__ import annotations

import pdb
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any, cast

from sequencer.protocol.notices import DebuggerAsks, DebuggerLeft, DebuggerNotice, DebuggerSaid
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.failures import generated_frame
from sequencer.vocabulary.failure import Stopped

POLL = 0.02
"""Seconds between two looks whether the run is to stop."""
_OWN = str(Path(__file__).resolve().parent.parent)
Frames = list[tuple[FrameType, int]]


class Debugger:
    """Opened at failures, one at a time. ``send`` takes the messages for the runner."""

    def __init__(self, send: Callable[[DebuggerNotice], None], interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._console = _Console(send, lambda: interrupts.stop_reason is not None)

    def typed(self, line: str | None) -> None:
        """A line for the debugger. Called from any thread."""
        self._console.lines.put(line)

    def open(self, error: BaseException, generated: Path) -> None:
        """Lets somebody look around where ``error`` came from; ``generated`` is the folder of the generated tests.

        ``continue``, ``quit`` and the end of the keyboard go on with the run, and so does a stop.
        """
        frames = frames_of(error, generated)
        if not frames or isinstance(error, Stopped) or self._interrupts.stop_reason is not None:
            return
        with self._interrupts, self._interrupts.suspended():
            session = _DebugSession(frames, self._console)
            session.reset()
            session.interaction(None, error.__traceback__)
            self._console.finish()


def frames_of(error: BaseException, generated: Path) -> Frames:
    """The generated statement and what it called, outermost first, without the frames of hardseq and of pytest."""
    found = generated_frame(error, generated)
    trace = list(traceback.walk_tb(error.__traceback__))
    if found is not None:
        passed = [index for index, (frame, _) in enumerate(trace) if frame is found[0]]
        trace = trace[passed[-1] + 1 :] if passed else trace
    called = [(frame, line) for frame, line in trace if not frame.f_code.co_filename.startswith((_OWN, "<frozen "))]
    return called if found is None else [found, *called]


class _DebugSession(pdb.Pdb):
    """Stands at the innermost frame that belongs to no library: the driver's, or else the generated statement."""

    def __init__(self, frames: Frames, console: _Console) -> None:
        # Of a file it uses no more than a console has.
        super().__init__(stdin=cast("Any", console), stdout=cast("Any", console), nosigint=True)
        self._frames = frames

    def get_stack(self, f: FrameType | None, t: TracebackType | None) -> tuple[Frames, int]:
        """The frames, whatever else is on the stack."""
        paths = sysconfig.get_paths()
        libraries = tuple(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
        theirs = [i for i, (each, _) in enumerate(self._frames) if not each.f_code.co_filename.startswith(libraries)]
        return self._frames, theirs[-1] if theirs else len(self._frames) - 1


class _Console:
    """What ``pdb`` reads from and writes to. What stands on an unfinished line when it reads is its prompt."""

    encoding = "utf-8"

    def __init__(self, send: Callable[[DebuggerNotice], None], stopped: Callable[[], bool]) -> None:
        self.lines: SimpleQueue[str | None] = SimpleQueue()
        self._send = send
        self._stopped = stopped
        self._unfinished = ""

    def write(self, text: str) -> int:
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        for line in lines:
            self._send(DebuggerSaid(line))
        return len(text)

    def flush(self) -> None:
        """Only whole lines are sent."""

    def finish(self) -> None:
        """Sends what is left, and that no line is waited for any more."""
        if self._unfinished:
            self.write("\n")
        self._send(DebuggerLeft())

    def isatty(self) -> bool:
        return False

    def readline(self) -> str:
        prompt, self._unfinished = self._unfinished, ""
        self._send(DebuggerAsks(prompt))
        while not self._stopped():
            try:
                line = self.lines.get(timeout=POLL)
            except Empty:
                continue
            return "" if line is None else line + "\n"
        return ""
