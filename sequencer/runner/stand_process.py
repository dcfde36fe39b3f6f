"""The stand process as its owner sees it: started when it is needed, replaced when it died or hangs, ended with him."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from subprocess import Popen, TimeoutExpired

from sequencer.project.secrets import Redactor, is_secret
from sequencer.protocol.request import JointStart, RunNotPossible, StandAddress
from sequencer.protocol.stand import (
    STAND_COMMANDS,
    STAND_NOTICES,
    CloseStand,
    EndSlot,
    OpenStand,
    PingStand,
    StandAlive,
    StandCommand,
    StandReady,
)
from sequencer.runner.ended_slots import EndedSlots
from sequencer.runner.python_process import kill_with_children, signal_name, start_python
from sequencer.runtime.standard_pipes import read_lines
from sequencer.vocabulary.reason import Reason

GRACE_SECONDS = 5.0
"""What a driver's call that nobody waits for any more gets to end in."""
START_SECONDS = 30.0
"""One that does not listen by then never will."""
PING_SECONDS = 5.0
"""One that gives no sign of life by then hangs as a whole: a driver keeps it from running Python."""
LOOK_SECONDS = 0.02
LEAVING_SECONDS = 3.0
"""In which test processes that have just ended are seen to be gone, on a busy machine too."""
CLOSE_SECONDS = 15.0
"""What it gets to close its drivers in; it gives up itself before that."""


class StandProcess:
    """What slots share, as long as this is open: for one ``hardseq run``, or for a panel.

    ``output`` gets each line that shared drivers print, from a thread; ``cwd`` is the folder in which they find
    themselves; ``hidden`` shall stand in no line. ``grace`` and ``kept_users`` as in ``OpenStand``.
    """

    def __init__(
        self,
        output: Callable[[str], None],
        cwd: Path | None = None,
        hidden: Iterable[str] = (),
        *,
        grace: float = GRACE_SECONDS,
        kept_users: Path | None = None,
    ) -> None:
        self._output = output
        self._cwd = cwd
        self._kept_users = None if kept_users is None else str(kept_users.absolute())
        self._grace = grace
        self._redactor = Redactor([*hidden, *(value for name, value in os.environ.items() if is_secret(name))])
        self._address = StandAddress(address=_new_address(), key=secrets.token_hex(32))
        self._lock = threading.RLock()
        self._process: _Process | None = None
        self._ended = EndedSlots()
        self._closed = False

    def prepare(self) -> None:
        """Starts it, unless it is there, and returns at once. What goes wrong ``address`` tells."""
        with self._lock, suppress(RunNotPossible):
            if self._process is None:
                self._start()

    def address(self) -> StandAddress:
        """Where test processes find it from now on; started, or replaced if it hangs. Raises ``RunNotPossible``."""
        with self._lock:
            process = self._process
            if process is not None and process.ready.is_set() and not process.is_well():
                self._output("hardseq: what the slots share hangs; its process is replaced")
                process.kill()
                process = None
            if process is None or not process.alive:
                process = self._start()
            if not process.ready.wait(START_SECONDS) or not process.alive:
                process.kill()
                raise RunNotPossible(Reason("no_stand_process", detail=process.end_reason()))
            return self._address

    @property
    def used(self) -> bool:
        """Whether a test process still uses it, a moment after others have ended."""
        with self._lock:
            return self._process is not None and self._process.is_used()

    def end_slot(self, start: JointStart, slot: str) -> None:
        """The run of a slot is over, or could not begin: nobody waits for it at a sync point."""
        with self._lock:
            ended = EndSlot(start.id, slot, start.slots)
            # Another process that takes over has to know it, too.
            self._ended.add(ended)
            if self._process is not None:
                self._process.send(ended)

    def close(self) -> None:
        """Drivers are closed, then the process ends. Closing twice is harmless."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
        if process is not None:
            process.send(CloseStand())
            process.end(CLOSE_SECONDS)

    @property
    def pid(self) -> int | None:
        """The system's number of the process; ``None`` while there is none."""
        return None if self._process is None else self._process.pid

    def _start(self) -> _Process:
        if self._process is not None:
            # What its drivers forked would keep the address.
            self._process.kill()
        try:
            process = self._process = _Process(self._say, self._gone)
        except OSError as error:
            raise RunNotPossible(Reason("no_stand_process", detail=error.strerror or str(error))) from None
        cwd = None if self._cwd is None else str(self._cwd)
        _remove(self._address.address)
        process.send(OpenStand(self._address.address, self._address.key, cwd, self._grace, self._kept_users))
        for ended in self._ended:
            process.send(ended)
        return process

    def _say(self, line: str) -> None:
        self._output(self._redactor.text(line))

    def _gone(self, process: _Process) -> None:
        """It died: those that need it fail, and find another when they try again, in their teardown for one."""
        with self._lock:
            if self._closed:
                return
            # What its drivers started is not to outlive it.
            process.kill()
            if process is not self._process or not process.opened:
                return
            self._output(f"hardseq: the process that holds what the slots share is gone: {process.end_reason()}")
            with suppress(RunNotPossible):
                self._start()


class _Process:
    """One process, with the threads that listen to it.

    ``ready`` is set once it is ``opened``, which means that it listens, or gone.
    """

    def __init__(self, say: Callable[[str], None], gone: Callable[[_Process], None]) -> None:
        self.ready = threading.Event()
        self.opened = False
        self.process: Popen[bytes] = start_python("sequencer.stand_process.__main__")
        self._say = say
        self._gone = gone
        self._lock = threading.Lock()
        self._pinged = threading.Event()
        self._alive = StandAlive()
        self._ending = False
        self._threads = [
            threading.Thread(target=target, name="stand process", daemon=True)
            for target in (self._listen, self._print, self._watch_end)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def end_reason(self) -> Reason:
        code = self.process.poll()
        if code is None:
            return Reason("does_not_answer")
        if code < 0:
            return Reason("ended_by_signal", signal=signal_name(-code))
        return Reason("ended_with_code", exit_code=code)

    def is_well(self) -> bool:
        """Whether it gives a sign of life, and no driver hangs in it that a new process would open again."""
        until = time.monotonic() + LEAVING_SECONDS
        while self.alive:
            self._pinged.clear()
            self.send(PingStand())
            if not self._pinged.wait(PING_SECONDS):
                return not self.alive
            if not self._alive.hung:
                return True
            if not self._alive.used or time.monotonic() > until:
                return self._alive.used
            time.sleep(LOOK_SECONDS)
        return True

    def is_used(self) -> bool:
        """Whether a test process is connected, also after a moment."""
        until = time.monotonic() + LEAVING_SECONDS
        while True:
            self._pinged.clear()
            self.send(PingStand())
            if not self.alive or not self._pinged.wait(PING_SECONDS) or not self._alive.used:
                return False
            if time.monotonic() > until:
                return True
            time.sleep(LOOK_SECONDS)

    def send(self, command: StandCommand) -> None:
        assert self.process.stdin is not None
        line = STAND_COMMANDS.encode(command)
        with self._lock, suppress(OSError, ValueError):
            while line:
                line = line[self.process.stdin.write(line) :]

    def end(self, seconds: float) -> None:
        self._ending = True
        self._close_pipe()
        try:
            self.process.wait(seconds)
        except TimeoutExpired:
            self.kill()
        for thread in self._threads:
            thread.join(1.0)

    def kill(self) -> None:
        self._close_pipe()
        kill_with_children(self.process)
        self.process.wait()

    def _close_pipe(self) -> None:
        assert self.process.stdin is not None
        with self._lock, suppress(OSError):
            self.process.stdin.close()

    def _watch_end(self) -> None:
        self.process.wait()
        if not self._ending:
            # A process forked by a driver has its pipes and connections, and they would tell nobody that it died.
            kill_with_children(self.process)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as pipe:
            for line in read_lines(pipe.fileno()):
                match STAND_NOTICES.read(line):
                    case StandReady():
                        self.opened = True
                        self.ready.set()
                    case StandAlive() as alive:
                        self._alive = alive
                        self._pinged.set()
        self.process.wait()
        # Nobody need wait for either any more.
        self.ready.set()
        self._pinged.set()
        self._gone(self)

    def _print(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as pipe:
            for line in read_lines(pipe.fileno()):
                self._say(line.decode("utf-8", "replace").rstrip("\r"))


def _new_address() -> str:
    name = f"hardseq-{secrets.token_hex(8)}"
    if sys.platform == "win32":
        return rf"\\.\pipe\{name}"
    if sys.platform == "linux":
        # A name that is in no folder, and gone with the process, however that ends.
        return f"\0{name}"
    import tempfile

    return str(Path(tempfile.gettempdir(), name))


def _remove(address: str) -> None:
    """What a process that was killed left, where a socket is a file."""
    if sys.platform != "win32" and not address.startswith("\0"):
        Path(address).unlink(missing_ok=True)
