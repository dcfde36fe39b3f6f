"""The test process as its owner sees it: in a group of its own, spoken to in lines, killed with its children."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sequencer.project.secrets import Redactor, is_secret
from sequencer.runner.ordered_output import OrderedOutput
from sequencer.runner.python_process import ROOT, UNKNOWN_END, kill_with_children, signal_name, start_test_process

if TYPE_CHECKING:
    from sequencer.protocol.commands import Command
    from sequencer.runner.owned_process import OwnedProcess
    from sequencer.vocabulary.reason import Reason

_PIPE_BYTES = 1 << 20
_TAIL_LINES = 40
# Of a crash Python tells every frame (`line 7 in f`, without a traceback's comma): those of the driver count.
_HARDSEQ = re.escape(str(Path(ROOT, "sequencer")))
_NOBODYS_FRAME = rf'  File "(?:{_HARDSEQ}.|.*[\\/]site-packages[\\/](?:_pytest|pluggy)[\\/]|<string>").* line \d+ in '
_BATCH_SECONDS = 0.004
"""Being woken for each event, and each mark, alone would cost the test process more than the event."""


class Child:
    """A test process: it loads, waits to hear which generated project it is for, collects that, and says so.

    ``received`` gets the process and what it sends, in pieces as they come, and ``b""`` once at the end; ``output``
    gets each line that drivers print. Both are called from threads. ``start`` starts the process. Raises
    ``OSError`` when that cannot be.
    """

    def __init__(
        self,
        received: Callable[[Child, bytes], None],
        output: Callable[[str], None],
        start: Callable[[], OwnedProcess] = start_test_process,
    ) -> None:
        self._received = received
        self._output = output
        self.printed = OrderedOutput(self._say)
        self._redact: Callable[[str], str] = str
        self._last: deque[str] = deque(maxlen=_TAIL_LINES)
        self._lock = threading.Lock()
        self._process = start()
        _widen(self._process.stdout)
        _widen(self._process.stderr)
        self._talk = threading.Thread(target=self._read_messages, name="child", daemon=True)
        self._print = threading.Thread(target=self._read_output, name="child output", daemon=True)
        self._talk.start()
        self._print.start()

    @property
    def pid(self) -> int:
        """The system's number of the process, also once that has ended."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def collect(
        self,
        folder: Path,
        cwd: Path | None = None,
        manifest: str | None = None,
        secrets: Iterable[str] = (),
        *,
        forks: str | None = None,
        kept_users: Path | None = None,
    ) -> None:
        """Tells it the generated project, and the folder in which drivers shall find themselves.

        ``manifest`` is the digest of the project's manifest, which it then compares the files with. ``secrets`` are
        what nobody shall read in what comes from it. ``forks`` and ``kept_users`` are as in ``Collect``.
        """
        # Imported here: the test process is loading by now.
        from sequencer.protocol.commands import Collect

        variables = {name: value for name, value in os.environ.items() if is_secret(name)}
        values = sorted(secrets)
        self._redact = Redactor([*variables.values(), *values]).text
        self.send(
            Collect(
                str(folder.resolve()),
                None if cwd is None else str(cwd),
                manifest,
                variables,
                values,
                forks,
                None if kept_users is None else str(kept_users.absolute()),
            )
        )

    def send(self, command: Command) -> None:
        """Sends one command; a process that is gone is noticed elsewhere."""
        from sequencer.protocol.commands import COMMANDS

        assert self._process.stdin is not None
        line = COMMANDS.encode(command)
        with self._lock, suppress(OSError, ValueError):
            while line:
                line = line[self._process.stdin.write(line) :]

    def hand_over(self, received: Callable[[Child, bytes], None], output: Callable[[str], None]) -> bool:
        """From now on ``received`` and ``output`` hear it; false when there is nothing to hear any more."""
        with self._lock:
            if self._received is _ignore:
                return False
            self._received, self._output = received, output
        return self.alive

    def close_pipe(self) -> None:
        """Closes its standard input: a process that waits for a start ends, one that runs stops."""
        assert self._process.stdin is not None
        with self._lock, suppress(OSError):
            self._process.stdin.close()

    def kill(self) -> None:
        """Ends the process and what it started, at once, and gives its pipes back."""
        self.close_pipe()
        kill_with_children(self._process)

    def wait(self, seconds: float | None = None) -> bool:
        """Waits for its end and for the last it says; false when it did not end in time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        for thread in (self._talk, self._print):
            thread.join(0.3)
            if thread.is_alive():
                # Something that a driver left running holds the pipe.
                self.kill()
        return True

    def exit_reason(self) -> Reason:
        """How it ended."""
        from sequencer.vocabulary.reason import Reason

        self.wait(1.0)
        code = self._process.poll()
        if code is None or code == UNKNOWN_END:
            return Reason("process_closed")
        if code < 0:
            return Reason("process_killed", signal=signal_name(-code))
        return Reason("process_exited", exit_code=code)

    def with_output(self, reason: Reason) -> Reason:
        """``reason`` with the last lines that the process printed, where it did."""
        from sequencer.vocabulary.reason import Reason

        last = "\n".join(self._last)
        return Reason("printed", reason=reason, output=last) if last else reason

    def _read_messages(self) -> None:
        assert self._process.stdout is not None
        end = threading.Thread(target=self._watch_end, name="child end", daemon=True)
        end.start()
        with suppress(OSError), self._process.stdout as pipe:
            while chunk := os.read(pipe.fileno(), _PIPE_BYTES):
                self._received(self, chunk)
                time.sleep(_BATCH_SECONDS)
        self._finish()

    def _watch_end(self) -> None:
        # A process forked by a driver may hold the pipe open, and then its end alone would tell nobody.
        self._process.wait()
        self._talk.join(0.3)
        self._finish()

    def _finish(self) -> None:
        with self._lock:
            received, self._received = self._received, _ignore
        received(self, b"")

    def _read_output(self) -> None:
        assert self._process.stderr is not None
        waiting = b""
        with suppress(OSError), self._process.stderr as pipe:
            while chunk := os.read(pipe.fileno(), _PIPE_BYTES):
                *lines, waiting = (waiting + chunk).split(b"\n")
                self.printed.take(lines)
                time.sleep(_BATCH_SECONDS)
        if waiting:
            self.printed.take([waiting])
        self.printed.end()

    def _say(self, line: str) -> None:
        text = self._redact(line)
        if re.match(_NOBODYS_FRAME, text):
            return
        self._last.append(text)
        self._output(text)


def _ignore(child: Child, chunk: bytes) -> None:
    """After the end there is nothing to receive."""


def _widen(pipe: IO[bytes] | None) -> None:
    """Lets the test process run ahead of a busy reader, where the system can."""
    if sys.platform == "linux" and pipe is not None:
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


@contextmanager
def warmed_child() -> Iterator[Child | None]:
    """A test process for ``Run(warm_child=...)``; ended at the end if it is still there.

    ``None`` when none can be started: the run will try again, and then say why.
    """
    try:
        child = Child(lambda child, chunk: None, lambda line: None)
    except OSError:
        yield None
        return
    try:
        yield child
    finally:
        if child.alive:
            child.kill()
            child.wait(1.0)
