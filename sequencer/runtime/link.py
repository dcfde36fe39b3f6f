"""The child's end of the pipes to the runner: commands come in on standard input, events go out on standard output.

Whatever a driver prints goes to standard error, and a driver that reads its standard input finds it empty.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue

from sequencer.project.secrets import ProcessSecrets
from sequencer.protocol.commands import (
    COMMANDS,
    AnswerDialog,
    Collect,
    Command,
    DebugLine,
    EndStep,
    Start,
    Stop,
    TellPlan,
    Warm,
)
from sequencer.protocol.notices import NOTICES, Notice, Plan
from sequencer.runtime.fork import give_up_in_copies
from sequencer.runtime.standard_pipes import print_nowhere, read_lines, take_pipes
from sequencer.vocabulary.json_lines import MARK
from sequencer.vocabulary.reason import Reason, ReasonOrText, read_reason

Asked = AnswerDialog | EndStep | DebugLine


class Link:
    """Takes the pipes over. One per process."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # Line by line, so that the last words of a crashing driver are not lost in a buffer.
                stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
        self._lock = threading.Lock()
        self.renew()
        self._reader: threading.Thread | None = None
        self._waiting: SimpleQueue[Start | TellPlan | Warm | None] = SimpleQueue()
        self._heard: tuple[Callable[[ReasonOrText], None], Callable[[Asked], object]] | None = None
        self._stop_reason: ReasonOrText | None = None
        give_up_in_copies(self._release)

    def renew(self) -> None:
        """Takes over what are standard input and output now: also in a fork, where they are not what they were."""
        self._in, self._out = take_pipes()
        self._lines = _commands(self._in)
        self._broken = False

    def write(self, line: bytes) -> None:
        """Sends one line; a runner that is gone is noticed on the other pipe."""
        with self._lock:
            while line and not self._broken:
                try:
                    line = line[os.write(self._out, line) :]
                except OSError:
                    self._broken = True

    def mark(self, number: int) -> None:
        """Marks in what is printed that event ``number`` is sent now."""
        with suppress(Exception):  # a driver may have closed or replaced them
            sys.stdout.flush()
            sys.stderr.flush()
        with suppress(OSError):
            os.write(2, b"%b%d\n" % (MARK, number))

    def send(self, notice: Notice) -> None:
        """Sends a message that is no event."""
        self.write(ProcessSecrets.redactor.line(NOTICES.encode(notice)))

    def wait_for_project(self) -> Collect | None:
        """Blocks until the command to collect a generated project; ``None`` when there is nothing to do."""
        for command in self._lines:
            if isinstance(command, Collect):
                ProcessSecrets.take(command.variables, command.secrets)
                return command
        return None

    def wait_for_start(self, plan: Callable[[], Plan], warm: Callable[[Warm], None]) -> Start | None:
        """Blocks until the start command, telling the plan when asked; ``None`` when there will be no start.

        ``warm`` is called when the command of that name comes, with what is known of the next run.
        """
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, name="link", daemon=True)
            self._reader.start()
        while (command := self._waiting.get()) is not None:
            match command:
                case Start():
                    return command
                case TellPlan():
                    self.send(plan())
                case Warm():
                    warm(command)
        return None

    def end(self) -> None:
        """There will be no start. May be called from a signal handler."""
        self._waiting.put(None)

    def listen(self, stop: Callable[[ReasonOrText], None], hear: Callable[[Asked], object]) -> None:
        """From now on passes commands on, from a thread; the end of the pipe is a stop."""
        self._heard = stop, hear
        if self._stop_reason is not None:
            stop(self._stop_reason)

    def disconnect(self) -> None:
        """Passes nothing on any more."""
        self._heard = None

    def _read(self) -> None:
        for command in self._lines:
            match command:
                case Start() | TellPlan() | Warm():
                    if isinstance(command, Start):
                        # A stop that came before was for the run before.
                        self._stop_reason = None
                    self._waiting.put(command)
                case Stop():
                    self._stop(read_reason(command.reason))
                case AnswerDialog() | EndStep() | DebugLine():
                    if self._heard is not None:
                        self._heard[1](command)
        print_nowhere()
        self._stop(Reason("runner_gone"))
        self._waiting.put(None)

    def _release(self) -> None:
        # A process that a driver leaves behind must not keep the pipe open.
        self._broken = True
        for descriptor in (self._in, self._out):
            with suppress(OSError):
                os.close(descriptor)

    def _stop(self, reason: ReasonOrText) -> None:
        # Kept first, as `listen` looks for it last: whoever comes second of the two finds what the other left.
        self._stop_reason = reason
        if (heard := self._heard) is not None:
            heard[0](reason)


def _commands(descriptor: int) -> Iterator[Command]:
    for line in read_lines(descriptor):
        if (command := COMMANDS.read(line)) is not None:
            yield command
