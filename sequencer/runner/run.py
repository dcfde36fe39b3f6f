"""One run from its warm test process to its report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

from sequencer.runner.child import Child
from sequencer.runner.python_process import start_test_process
from sequencer.vocabulary.reason import Reason, ReasonOrText

# All that is not needed to start the test process is imported once that is loading in parallel.
if TYPE_CHECKING:
    from sequencer.project.state_folder import StateFolder
    from sequencer.protocol.commands import RetryRequest
    from sequencer.protocol.notices import DebuggerNotice, Plan
    from sequencer.protocol.request import StartRequest
    from sequencer.report.event import Stamped
    from sequencer.report.model import RunReport
    from sequencer.runner.claim import RunClaim, StandClaim
    from sequencer.runner.owned_process import OwnedProcess
    from sequencer.runner.questions import Questions
    from sequencer.runner.supervisor import Inbox, Supervisor
    from sequencer.standcloud.upload_responder import Upload
    from sequencer.vocabulary.data import Data

    Listener = Callable[[Stamped], None]

GRACE_SECONDS = 5.0
"""What a stopped or overdue case gets to end by itself before its process is killed."""
CLOSE_SECONDS = 30.0
"""What the drivers of a stand get to close in."""
LATE_SECONDS = 2.0
"""After which people are told what they wait for."""
_POLL_SECONDS = 0.5


def _ignore(line: str) -> None:
    """Nobody reads what drivers print."""


class Run:
    """Owns the test process of one run: ``prepare``, ``start``, ``wait``, ``close``.

    ``compiled`` is the generated project, ``manifest`` the digest of its manifest: where it is given, nothing runs
    unless every file is what the manifest says. ``project`` is the folder in which drivers find themselves (by default
    the present one). ``listeners`` are told every event, ``output`` each line that drivers print; both from threads.
    All methods may be called from any thread, ``stop`` also from a signal handler. ``upload``, when it is set before
    ``start``, sends the report for the steps that ask for it (``standcloud.deliveries.Deliveries.upload``).
    ``debugger``, set before ``start``, is told what the debugger of the test process says; ``debug`` answers it.
    ``warm_child`` is a process that was started before anybody knew what to run. ``secrets`` shall stand in no event,
    whoever prints them. ``stand`` is the owner's claim on the stand, where several of its runs may use that at once.
    ``start_process`` starts a test process.
    """

    def __init__(
        self,
        compiled: Path,
        state: StateFolder,
        *,
        listeners: Sequence[Listener] = (),
        output: Callable[[str], None] = _ignore,
        project: Path | None = None,
        grace: float = GRACE_SECONDS,
        warm_child: Child | None = None,
        manifest: str | None = None,
        secrets: Collection[str] = (),
        stand: StandClaim | None = None,
        start_process: Callable[[], OwnedProcess] = start_test_process,
    ) -> None:
        self.run_id: str | None = None
        self.upload: Upload | None = None
        self.debugger: Callable[[DebuggerNotice], object] | None = None
        self._compiled = compiled
        self._manifest = manifest
        self._secrets = secrets
        self._state = state
        self._given = tuple(listeners)
        self._listeners = list(listeners)
        self._questions: Questions | None = None
        # Its `put` may be interrupted by a signal handler that puts, too.
        self._inbox: Inbox = SimpleQueue()
        self._output = output
        self._project = project
        self._grace = grace
        self._warm_child = warm_child
        self._start_process = start_process
        self._supervisor: Supervisor | None = None
        self._lock = Lock()
        self._closed = False
        self._stand = stand
        self._claim: RunClaim | None = None
        self._warm = False
        self._amended: Callable[[], RunReport] | None = None

    def prepare(self) -> None:
        """Starts the test process and returns at once; it loads and collects meanwhile.

        Raises ``RunNotPossible``, also where it is closed meanwhile.
        """
        if self._supervisor is not None:
            return
        if self._closed:
            raise _not_possible(Reason("not_prepared"))
        try:
            child = self._spawn()
        except OSError as error:
            raise _not_possible(Reason("no_test_process", detail=str(error))) from None
        with self._lock:
            if not self._closed:
                self._watch(child)
                return
        child.kill()
        raise _not_possible(Reason("not_prepared"))

    def wait_ready(self, seconds: float | None = None) -> bool:
        """Waits until the tests are collected; false when that takes longer. Raises ``RunNotPossible``."""
        supervisor = self._prepared()
        ready = _wait(supervisor.ready.wait, seconds)
        if supervisor.problem is not None:
            raise supervisor.problem
        return ready

    def plan(self) -> Plan:
        """What the run will be; only before ``start``. Raises as ``wait_ready`` does."""
        from sequencer.protocol.commands import TellPlan

        self.wait_ready()
        supervisor = self._prepared()
        supervisor.child.send(TellPlan())
        plan = supervisor.plans.get()
        if plan is None or supervisor.problem is not None:
            raise supervisor.problem or _not_possible(Reason("no_plan"))
        return plan

    def warm(self, request: StartRequest) -> None:
        """Has the drivers imported ahead of the run; those of scope ``stand`` opened, and kept for the runs after it.

        Of ``request`` what the stand says counts. Raises as ``wait_ready`` does.
        """
        from sequencer.protocol.commands import Warm

        self.wait_ready()
        supervisor = self._prepared()
        if not self._warm:
            self._warm = supervisor.keeps
            supervisor.child.send(Warm(request))

    def successor(self) -> Run | None:
        """The next run of the same test process, once this one is over; ``None`` when that serves no other.

        This run is closed then. ``upload`` and ``debugger`` are those of this one.
        """
        supervisor = self._supervisor
        if supervisor is None or not self._warm or not supervisor.over.is_set() or not supervisor.child.alive:
            return None
        if not _wait(supervisor.idle.wait, self._grace) or not supervisor.keeps:
            return None
        run = Run(
            self._compiled,
            self._state,
            listeners=self._given,
            output=self._output,
            project=self._project,
            grace=self._grace,
            manifest=self._manifest,
            secrets=self._secrets,
            stand=self._stand,
            start_process=self._start_process,
        )
        if not supervisor.child.hand_over(run._receive, run._output):
            return None
        run.upload, run.debugger = self.upload, self.debugger
        run._watch(supervisor.child, waiting=True)
        self._supervisor = None
        supervisor.close()
        self.close()
        return run

    def start(self, request: StartRequest) -> str:
        """Begins the run and returns its id.

        Raises ``RunRefused``, ``StandInUse`` or another ``RunNotPossible``; then there is no run. It may be
        called again after the first two.
        """
        from sequencer.report.run_id import new_run_id
        from sequencer.runner.host import host_facts

        self.prepare()
        if request.host is None:
            request = replace(request, host=host_facts())
        run_id = new_run_id()
        path = self._take(run_id)
        return self._begin(run_id, path, request)

    def try_again(self, run_id: str, request: StartRequest, report: Callable[[], RunReport]) -> str:
        """Tries the steps again that are left to do after the run ``run_id``, which is over.

        Of ``request`` the stand's part counts. ``report`` gives the stored report; it is asked for once nobody else can
        try the same. ``wait`` then gives the amended one. Raises what ``report`` raises, and as ``start`` does.
        """
        from sequencer.report.after_run import AfterRun, amended
        from sequencer.runner.retry import retry_of

        path = self._take(run_id)
        try:
            stored = report()
            retry = retry_of(stored, path)
        except BaseException:
            self._give_up()
            raise
        after = AfterRun(stored.get("after_run", ()))
        self._amended = lambda: amended(stored, after)
        self._listeners.insert(0, after.apply)
        return self._begin(run_id, path, replace(request, simulate=stored["simulated"]), retry)

    def _take(self, run_id: str) -> Path:
        """The stand and the run's journal, once the tests are collected."""
        from sequencer.runner.claim import RunClaim

        self.prepare()
        self.wait_ready()
        if self._claim is not None:
            raise _not_possible(Reason("started_before"))
        claim = RunClaim(self._state, self._stand)
        path = claim.take(run_id)
        self._claim = claim
        return path

    def _give_up(self) -> None:
        claim, self._claim = self._claim, None
        if claim is not None:
            claim.give_up()

    def _begin(self, run_id: str, path: Path, request: StartRequest, retry: RetryRequest | None = None) -> str:
        from sequencer.protocol.commands import Start
        from sequencer.vocabulary.clock import SteadyClock

        supervisor = self._prepared()
        if self.debugger is not None:
            supervisor.debugger = self.debugger
        supervisor.start(
            Start(
                run=run_id,
                request=request,
                journal=str(path),
                attachments=str(self._state.attachments),
                uploads=self._open_responder(),
                retry=retry,
                epoch=SteadyClock().epoch,
            )
        )
        _wait(supervisor.begun.wait, None)
        if (reason := supervisor.problem or supervisor.refusal) is not None:
            self._give_up()
            raise reason
        self.run_id = run_id
        return run_id

    def stop(self, reason: ReasonOrText | None = None) -> None:
        """Asks the run to stop: the running case is interrupted, teardown runs. Asked again, ends the test process.

        Without a ``reason`` it was the operator.
        """
        if self._supervisor is not None:
            self._supervisor.stop(Reason("operator_stopped") if reason is None else reason)

    def answer(self, dialog_id: str, result: str, value: Data = None, by: str | None = None) -> bool:
        """Answers a dialog; false when it is not open (any more) or the answer is none it can have."""
        if self._supervisor is None or self._questions is None or not self._questions.take(dialog_id, result, value):
            return False
        from sequencer.protocol.commands import AnswerDialog

        self._supervisor.child.send(AnswerDialog(dialog_id, result, value, by))
        return True

    def debug(self, line: str | None) -> None:
        """A line for the debugger that is open at a failure (``StartRequest.pdb``); ``None``: no line will come."""
        from sequencer.protocol.commands import DebugLine

        if self._supervisor is not None:
            self._supervisor.child.send(DebugLine(line))

    def wait(self, seconds: float | None = None) -> RunReport | None:
        """The report once the run is over; ``None`` when that takes longer than ``seconds``."""
        supervisor = self._prepared()
        over = _wait(supervisor.over.wait, seconds)
        if supervisor.problem is not None:
            raise supervisor.problem
        if over and self._claim is not None:
            self._claim.free_stand()
        if not over:
            return None
        return supervisor.fold.begun() if self._amended is None else self._amended()

    def close(self) -> None:
        """Ends the test process, first asking it to, and lets the journal go. Closing twice is harmless.

        Whoever waits in another thread for the process to come up is told that there is none.
        """
        with self._lock:
            self._closed = True
            supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            if supervisor.ready.is_set():
                supervisor.child.close_pipe()
            else:  # it has opened no driver yet
                supervisor.child.kill()
            if not supervisor.child.wait(LATE_SECONDS):
                if supervisor.over.is_set():
                    self._output(
                        "hardseq: waiting for the test process: a driver's thread or its close() is still running"
                    )
                # Drivers that were kept open are closed now, and may take as long as at the end of a run.
                if not supervisor.child.wait(CLOSE_SECONDS if self._warm else self._grace):
                    supervisor.child.kill()
                    supervisor.child.wait(self._grace)
            supervisor.close()
        if self._claim is not None:
            self._claim.close()

    @property
    def alive(self) -> bool:
        """Whether there is a test process."""
        return self._supervisor is not None and self._supervisor.child.alive

    @property
    def journal(self) -> Path | None:
        """The journal of the started run."""
        return None if self.run_id is None else self._state.journal(self.run_id)

    def _watch(self, child: Child, *, waiting: bool = False) -> None:
        from sequencer.runner.questions import Questions
        from sequencer.runner.supervisor import Supervisor

        self._questions = Questions()
        self._listeners.insert(0, self._questions.apply)
        self._supervisor = Supervisor(
            child, self._inbox, spawn=self._spawn, tell=self._tell, grace=self._grace, say=self._output
        )
        if waiting:
            self._supervisor.keeps = True
            self._supervisor.ready.set()

    def _open_responder(self) -> bool:
        """Whether somebody answers ``upload`` steps."""
        if self.upload is None:
            return False
        from sequencer.standcloud.upload_responder import UploadResponder

        self._listeners.append(UploadResponder(self.upload, self.answer, self._state.journal).event)
        return True

    def _prepared(self) -> Supervisor:
        if self._supervisor is None:
            raise _not_possible(Reason("not_prepared"))
        return self._supervisor

    def _spawn(self) -> Child:
        child, self._warm_child = self._warm_child, None
        if child is None or not child.hand_over(self._receive, self._output):
            child = Child(self._receive, self._output, self._start_process)
        child.collect(self._compiled, self._project, self._manifest, self._secrets, kept_users=self._state.kept_users)
        return child

    def _receive(self, child: Child, chunk: bytes) -> None:
        self._inbox.put((child, chunk))

    def _tell(self, stamped: Stamped) -> None:
        for listener in list(self._listeners):
            try:
                listener(stamped)
            except Exception as error:
                # Whoever only looks on must not decide what becomes of the run.
                self._listeners.remove(listener)
                self._output(
                    f"hardseq: a listener of the run failed and gets no more events: {type(error).__name__}: {error}"
                )


def _not_possible(reason: Reason) -> Exception:
    from sequencer.protocol.request import RunNotPossible

    return RunNotPossible(reason)


def _wait(wait: Callable[[float], bool], seconds: float | None) -> bool:
    """Waits in pieces, as Windows looks at Ctrl-C only in between."""
    while seconds is None or seconds > _POLL_SECONDS:
        if wait(_POLL_SECONDS):
            return True
        seconds = None if seconds is None else seconds - _POLL_SECONDS
    return wait(seconds)
