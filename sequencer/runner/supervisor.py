"""Watches over the test process of a run, in a thread of its own: all that changes is changed there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from sequencer.protocol.commands import EndStep, Start, Stop
from sequencer.protocol.notices import (
    NOTICES,
    DeadlineNotice,
    DebuggerAsks,
    DebuggerLeft,
    DebuggerNotice,
    DebuggerSaid,
    NotCollected,
    Notice,
    Plan,
    Ready,
    StartRefused,
)
from sequencer.protocol.request import RunNotPossible, RunRefused
from sequencer.report.event import (
    CaseFinished,
    CaseStarted,
    Event,
    RetryStarted,
    RunFinished,
    RunStarted,
    Stamped,
    decode,
)
from sequencer.report.fold import Fold
from sequencer.runner.crash_report import CrashReport, catch_up
from sequencer.runner.progress import RunProgress
from sequencer.runtime.stream import MARKED
from sequencer.vocabulary.clock import SteadyClock
from sequencer.vocabulary.json_lines import LineSplitter
from sequencer.vocabulary.reason import Reason, ReasonOrText, read_reason, written
from sequencer.vocabulary.status import FailureKind

if TYPE_CHECKING:
    from sequencer.runner.child import Child

HANGING_SECONDS = 10.0
"""Of a teardown in which nothing at all has happened for so long since a stop, another stop ends the step."""


class HangWatch:
    """Two clocks: the deadline that the process announced, and the time that a stopped case gets to end.

    Both allow ``grace`` seconds more, in which a driver may tidy up. ``seconds`` are those of the deadline.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._deadline: float | None = None
        self._stop: float | None = None
        self._stopped = (-1, 0.0)
        self.seconds: float | None = None

    def deadline(self, seconds: float | None) -> None:
        """The process must be done with something in ``seconds``; ``None`` when nothing is pending."""
        self.seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds + self._grace

    def stop(self) -> None:
        """The running case was asked to stop."""
        if self._stop is None:
            self._stop = time.monotonic() + self._grace

    def stopped(self, seq: int) -> None:
        """Somebody asked for a stop after event number ``seq``."""
        if self._stopped[0] != seq:
            self._stopped = seq, time.monotonic()

    def hangs(self, seq: int) -> bool:
        """Whether nothing happened since an earlier stop that was long ago; ``seq`` numbers the last event."""
        return self._stopped[0] == seq and time.monotonic() - self._stopped[1] >= HANGING_SECONDS

    def apply(self, event: Event) -> None:
        """A case that ended has kept its deadlines, and one that begins after a stop is one that may run."""
        if isinstance(event, CaseFinished | CaseStarted | RunFinished):
            self._stop = None

    def reset(self) -> None:
        """The process is gone."""
        self._deadline = self._stop = self.seconds = None

    def left(self) -> float | None:
        """Seconds until the process has to be killed."""
        due = [moment for moment in (self._deadline, self._stop) if moment is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def overdue(self) -> str | None:
        """``deadline`` or ``stop`` when that clock has run down."""
        now = time.monotonic()
        if self._stop is not None and now >= self._stop:
            return "stop"
        return "deadline" if self._deadline is not None and now >= self._deadline else None


Inbox = SimpleQueue["Start | Stop | tuple[Child, bytes] | None"]
"""What the supervisor is asked for, ``None`` being the end, and what the process sent."""
_EVENT = b'{"event"'


def _journal(command: Start) -> Path:
    assert command.journal is not None  # a run that is supervised has one
    return Path(command.journal)


def _nobody(said: object) -> None:
    """Nobody listens."""


class Supervisor:
    """Hears what the process says, kills it when it does not listen, and lets a fresh one run the teardown.

    ``child`` is the test process, whose messages come in through ``inbox``; ``spawn`` makes another one; ``tell`` is
    told every event. ``ready``, ``begun`` and ``over`` are set once the tests are collected, once the first event has
    come (or ``refusal`` says why not, and ``problem`` why it never will), and once the run is finished; ``idle``
    once the process waits for another run. ``keeps`` says that it can, as it has drivers that stay open. ``debugger``
    is told what ``pdb`` says, ``say`` what only the person at the terminal need know. ``ignored`` counts what came from
    the process and was no message: a driver may write where it should not.
    """

    def __init__(
        self,
        child: Child,
        inbox: Inbox,
        *,
        spawn: Callable[[], Child],
        tell: Callable[[Stamped], None],
        grace: float,
        say: Callable[[str], object] = _nobody,
    ) -> None:
        self.child = child
        self.ready = threading.Event()
        self.begun = threading.Event()
        self.over = threading.Event()
        self.idle = threading.Event()
        self.keeps = False
        self.problem: Exception | None = None
        self.refusal: Exception | None = None
        self.plans: SimpleQueue[Plan | None] = SimpleQueue()
        self.debugger: Callable[[DebuggerNotice], object] = _nobody
        self.fold = Fold()
        self._spawn = spawn
        self._tell = tell
        self._say = say
        self.ignored = 0
        self._inbox = inbox
        self._thread = threading.Thread(target=self._run_guarded, name="run", daemon=True)
        self._command: Start | None = None
        self._stop_reason: ReasonOrText | None = None
        self._killed: tuple[FailureKind, Reason] | None = None
        self._doomed: CaseStarted | None = None
        self._left: int | None = None
        self._lines = LineSplitter()
        self._progress = RunProgress()
        self._watch = HangWatch(grace)
        self._thread.start()

    # Called from any thread.

    def start(self, command: Start) -> None:
        """Sends the start command; ``begun`` is set once it is known what becomes of it."""
        self.refusal = None
        self.begun.clear()
        self._inbox.put(command)

    def stop(self, reason: ReasonOrText) -> None:
        """Asks for a stop; asked again, ends the main case at once, and of the teardown at most what hangs in it."""
        self._inbox.put(Stop(written(reason)))

    def close(self) -> None:
        """Ends the thread; the process is the caller's."""
        self._inbox.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    # Everything below runs in the thread.

    def _run_guarded(self) -> None:
        try:
            self._run()
        except Exception as error:
            # A defect of hardseq itself: nobody is to wait forever because of it.
            self.child.kill()
            self._fail(error)
            self.over.set()

    def _run(self) -> None:
        while True:
            try:
                message = self._inbox.get(timeout=self._watch.left())
            except Empty:
                self._kill_overdue()
                continue
            match message:
                case None:
                    if not self.over.is_set():
                        self._fail(RunNotPossible(Reason("not_prepared")))
                    return
                case Start():
                    self._start(message)
                case Stop():
                    self._stop(read_reason(message.reason))
                case child, chunk:
                    self._hear(child, chunk)

    def _start(self, command: Start) -> None:
        if self.problem is not None:  # it came while somebody asked
            self.begun.set()
            return
        self._command = command
        if command.retry is not None:
            self._progress.seq = command.retry.seq
        self.child.send(command)
        if self._stop_reason is not None:
            # A stop that was faster than the start.
            reason, self._stop_reason = self._stop_reason, None
            self._stop(reason)

    def _stop(self, reason: ReasonOrText) -> None:
        if self._stop_reason is None:
            self._stop_reason = reason
            if self._command is not None:
                self.child.send(Stop(written(reason)))
                if not self._tears_down:
                    self._watch.stop()
        elif self._command is not None and not self.over.is_set():
            self._stop_again(self._command)
        self._watch.stopped(self._progress.seq)

    def _stop_again(self, command: Start) -> None:
        """Somebody stops again what does not end. What switches the bench off is ended only where it hangs."""
        # What the process has just begun counts, not what has come through the pipe so far.
        self._catch_up(command)
        if self._progress.finished:
            return
        if not self._tears_down:
            self._kill("stopped", Reason("stopped_again", reason=self._stop_reason))
        elif self._watch.hangs(self._progress.seq) and not self._progress.waits:
            reason = Reason("hung_when_stopped", reason=self._stop_reason, where=self._where())
            self.child.send(EndStep(self._progress.seq, written(reason)))
            self._watch.stop()

    @property
    def _tears_down(self) -> bool:
        # A process that took over does nothing else.
        return self._left is not None or self._progress.tears_down

    def _kill_overdue(self) -> None:
        clock = self._watch.overdue()
        if clock == "stop":
            self._kill("stopped", Reason("stop_ignored", reason=self._stop_reason, where=self._where()))
        elif clock == "deadline":
            code = "timeout_ignored" if self._progress.running is not None else "close_ignored"
            self._kill("timeout", Reason(code, where=self._where()))

    def _where(self) -> Reason:
        step = self._progress.step
        if step is None:
            return Reason("where_unknown")
        if step.call is None:
            return Reason("where_step", step=step.step)
        return Reason("where_call", call=step.call, step=step.step)

    def _kill(self, kind: FailureKind, reason: Reason) -> None:
        self._killed = self._killed or (kind, reason)
        self._doomed = self._progress.running
        self._watch.reset()
        self.child.kill()

    def _hear(self, child: Child, chunk: bytes) -> None:
        if child is not self.child:
            return
        if not chunk:
            self._end()
            return
        for line in self._lines.feed(chunk):
            # What a driver wrote without a line's end stands before the next message.
            begin = line.find(_EVENT)
            if begin >= 0 and (stamped := decode(line[begin:])) is not None:
                if self._is_next(stamped.seq):
                    if type(stamped.event) in MARKED:
                        self.child.printed.before(stamped.seq)
                    self._apply(stamped)
                    self.child.printed.after(stamped.seq)
            elif (begin := line.find(NOTICES.begin)) >= 0 and (notice := NOTICES.read(line[begin:])) is not None:
                self._take(notice)
            elif line:
                self._ignore(line)

    def _is_next(self, seq: int) -> bool:
        """Whether the event is the next one; the journal, which has all of them first, fills gaps."""
        if seq > self._progress.seq + 1 and self._command is not None:
            self._catch_up(self._command)
        return seq == self._progress.seq + 1 or (seq > self._progress.seq and self._progress.unsaved)

    def _ignore(self, line: bytes) -> None:
        if not self.ignored:
            self._say(f"hardseq: the test process sent something that is not a message; it is ignored: {line[:60]!r}")
        self.ignored += 1

    def _take(self, notice: Notice) -> None:
        """Takes a message that is no event."""
        match notice:
            case DeadlineNotice():
                self._watch.deadline(notice.seconds)
            case Plan():
                self.plans.put(notice)
            case DebuggerSaid() | DebuggerAsks() | DebuggerLeft():
                self.debugger(notice)
            case Ready():
                self.keeps = notice.keeps
                self._settle_ready()
            case NotCollected():
                self._fail(RunNotPossible(Reason("tests_not_loaded", detail=read_reason(notice.error))))
            case StartRefused(possible=False):
                self._refuse(RunNotPossible(read_reason(notice.reason)))
            case StartRefused():
                self._refuse(RunRefused(read_reason(notice.reason), notice.code, notice.problems))

    def _settle_ready(self) -> None:
        if self.over.is_set():  # it waits for the next run
            self.idle.set()
            return
        if self.ready.is_set() and self._command is not None:  # a fresh process that takes over
            self.child.send(self._command)
        self.ready.set()

    def _refuse(self, refusal: Exception) -> None:
        """This start leads to no run; the process waits for another one."""
        self._command, self._stop_reason = None, None
        self._watch.reset()
        self.refusal = refusal
        self.begun.set()

    def _fail(self, problem: Exception) -> None:
        self.problem = self.problem or problem
        self.ready.set()
        self.begun.set()
        self.plans.put(None)

    def _apply(self, stamped: Stamped) -> None:
        self._progress.apply(stamped)
        self._watch.apply(stamped.event)
        self.fold.apply(stamped)
        self._tell(stamped)
        if isinstance(stamped.event, RunStarted | RetryStarted):
            self.begun.set()
        elif self._progress.finished:
            self.over.set()

    def _end(self) -> None:
        """The process is gone."""
        self._lines = LineSplitter()
        self.child.printed.end()
        self._watch.reset()
        if self.over.is_set():
            # Whoever waits for it to be idle need not any more.
            self.keeps = False
            self.idle.set()
            return
        if self._command is not None:
            self._catch_up(self._command)
        if self._progress.finished:
            return
        if self._command is None or not self._progress.begun:
            self._fail(RunNotPossible(self.child.with_output(self.child.exit_reason())))
        else:
            self._take_over(self._command)

    def _catch_up(self, command: Start) -> None:
        for stamped in catch_up(_journal(command), self._progress.seq):
            self._apply(stamped)

    def _take_over(self, command: Start) -> None:
        kind, reason = self._killed or ("error", self.child.exit_reason())
        told = reason if self._killed is not None else self.child.with_output(reason)
        # The blow was meant for a main case and met the teardown, which had begun meanwhile: that runs again.
        met = self._progress.running if self._progress.in_teardown else None
        mistaken = self._killed is not None and met not in (None, self._doomed)
        self._killed = None
        self.child.kill()
        crash_report = CrashReport(_journal(command), self._progress, self._apply, SteadyClock(command.epoch))
        if self._progress.retry is not None:
            crash_report.close_retry(kind, told, self._stop_reason)
            return
        if self._progress.after is not None:
            crash_report.close_after(kind, told, reason, self._stop_reason)
            return
        crash_report.close_running(kind, told, final=not mistaken)
        # Each process gets further than the one before it, or the teardown cannot be run at all.
        before, self._left = self._left, len(self._progress.unfinished)
        if self._left == before or not self._progress.teardown_is_left:
            crash_report.finish(reason, self._stop_reason)
            return
        resume = self._progress.resume(self.fold.begun(), reason, self._stop_reason)
        self._command = command._replace(resume=resume)
        try:
            self.child = self._spawn()
        except OSError:
            crash_report.finish(reason, self._stop_reason)
