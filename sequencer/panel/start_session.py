"""The session of ``hardseq panel``: a warm test process waits for Start; after each run the report is kept and the next
process comes up. Whatever happens to a run or its process, the panel goes on."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from sequencer.panel import live
from sequencer.panel.bench import Bench, PanelRetry, PanelRun, PreparedSequence, RunControl
from sequencer.panel.garbage_collection import collect, collection_postponed
from sequencer.panel.plan import case_seconds, expected_seconds, past_seconds
from sequencer.panel.requests import ActionRefused, ResourceNotFound, problem_document, start_refused
from sequencer.panel.session import Session
from sequencer.panel.shift_counter import ShiftCounter
from sequencer.panel.start_form import StartForm
from sequencer.panel.unsaved_reports import UnsavedReports
from sequencer.protocol.request import RunRefused, StartRequest
from sequencer.protocol.start_check import check_start
from sequencer.report.model import RunReport
from sequencer.standcloud.outbox import OutboxUnavailable
from sequencer.store import facts
from sequencer.store.base import RunSummary, StoreError
from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.failure import why
from sequencer.vocabulary.problem import InvalidInput
from sequencer.vocabulary.reason import Reason, ReasonOrText, coded

LOOK = 1.0
"""Seconds between two looks whether the sequence's files changed and whether the test process still waits."""
STORAGE_SECONDS = 5.0
"""Seconds between two tries to keep what is not safe yet, after which pages are told what waits."""
REPLICATION_SECONDS = 60.0
"""Seconds between two looks whether stored runs reach the factory."""
ADDITIONS_SECONDS = 60.0
"""Seconds after which a store that did not take the log of actions, or notes, is tried again."""
KEEPING_SECONDS = 1.0
"""Seconds that the next run waits for the last one's report to be kept; a store that is slower goes on beside it."""
PATIENCE = 15.0
"""Seconds that a Start waits for a test process that is coming up."""
RETRY_SECONDS = 60.0
"""Seconds that whoever tries steps after a run again waits for them to begin."""
LEARNED_FROM = 8
"""Runs that the expected time is made from."""
_BEGUN = ("running", "stopping")
_STOPPABLE = ("starting", *_BEGUN)
_BUSY = (*_STOPPABLE, "saving", "retrying")


class WaitingSession(Session):
    """Starts runs of the bench's sequences. ``output`` takes what drivers print."""

    can_start = True

    def __init__(
        self, *, bench: Bench, output: Callable[[str], None] = lambda text: None, **session_options: Any
    ) -> None:
        super().__init__(**session_options)
        self._bench = bench
        self._output = output
        self._changed = threading.Condition(self._lock)
        self._choice = bench.first
        self._run: PanelRun | None = None
        self._loaded: PreparedSequence | None = None
        self._form: StartForm | None = None
        self._mark: object = None
        self._reload = False
        self._closed = False
        self._retry: PanelRetry | None = None
        self._retry_begun: Future[str] = Future()
        self._unsaved = UnsavedReports(self.report_store.accept, self.report_store.lacking)
        self._shift = ShiftCounter(
            self.store,
            self.settings,
            self.stand_name,
            waiting=lambda: [*self._unsaved.waiting, *self.report_store.missing_reports()],
            tell=lambda shift: self.live.set(shift=shift),
        )
        self._durations: deque[Mapping[str, float]] = deque(maxlen=LEARNED_FROM)
        choices = [{"name": choice.name, "description": choice.description} for choice in bench.choices]
        self.live.set(choices=choices, choice=self._choice)
        self._thread = threading.Thread(target=self._work, name="session", daemon=True)
        self._saving = threading.Thread(target=self._keep_on, name="keeping", daemon=True)
        self._to_keep = threading.Event()
        self._all_kept = threading.Event()
        self._over = False
        self._replication_due = 0.0
        self._additions_due = 0.0
        self._defect: Exception | None = None

    def _present(self) -> RunControl | None:
        return self._run

    def open(self) -> None:
        """Begins to work: the first test process comes up."""
        self._thread.start()
        self._saving.start()
        self._shift.start()

    def close(self) -> None:
        """Stops a run that is going on, waits for its report to be kept, and ends."""
        with self._changed:
            self._closed = True
            run = self._run if self._state in _STOPPABLE else self._retry
            self._changed.notify_all()
        if run is not None:
            run.stop(Reason("shut_down"))
        if self._thread.ident is not None:
            self._thread.join()
            self._over = True
            self._to_keep.set()
            self._saving.join()
        self._shift.close()
        super().close()

    # What pages ask for.

    def start(self, request: StartRequest) -> str:
        """Starts a run and returns its id.

        Raises ``ActionRefused`` or ``InvalidRequest`` (``fields``: what is wrong by name).
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._state not in ("loading", "saving"), PATIENCE)
            run, loaded = self._run, self._loaded
            if self._closed or self._state != "ready" or run is None or loaded is None:
                raise self._refusal()
            comma = self.settings.decimal_comma
            try:
                request = check_start(request, loaded.params, loaded.cases(), decimal_comma=comma)
            except RunRefused as refused:
                raise start_refused(refused) from None
            self._enter("starting")
        try:
            refusal = self.report_store.refusal()
            if refusal is not None:
                raise ActionRefused("not-now", refusal)
            identity = run.start(request)
        except Exception as error:
            with self._changed:
                self._enter("ready")
                self._changed.notify_all()
            if isinstance(error, OSError | RuntimeError):
                raise ActionRefused("not-ready", Reason("cannot_start", detail=why(error))) from None
            raise
        with self._changed:
            self._enter("running")
            self._changed.notify_all()
        return identity

    def try_again(self, run: str) -> str:
        """Tries again what is left to do after a stored run; its id.

        Raises ``ActionRefused``, ``ResourceNotFound``, ``StoreError``.
        Drivers that stay open between runs are closed first: a fresh test process has the stand to itself.
        """
        report = self.report(run)
        if report is None:
            raise ResourceNotFound(Reason("no_such_run"))
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._state not in ("loading", "saving"), PATIENCE)
            if self._closed or self._state != "ready":
                raise self._refusal()
            self._retry = self._bench.retry(report["id"], self._output)
            begun = self._retry_begun = Future()
            self._enter("retrying")
            self._changed.notify_all()
        try:
            return begun.result(RETRY_SECONDS)
        except (OSError, RuntimeError) as error:
            raise ActionRefused("not-ready", Reason("cannot_start", detail=why(error))) from None

    def stop(self, reason: ReasonOrText) -> None:
        """Stops the run, also one that just begins. Raises ``ActionRefused`` when there is none."""
        with self._changed:
            starting = self._run if self._state == "starting" else self._retry
        if starting is None:
            super().stop(reason)
        else:
            starting.stop(reason)

    def choose(self, name: str) -> None:
        """Chooses another sequence, or loads this one again. Raises ``ActionRefused`` or ``ResourceNotFound``."""
        if name not in [choice.name for choice in self._bench.choices]:
            raise ResourceNotFound(Reason("no_such_choice"))
        with self._changed:
            if self._state in _BUSY:
                raise self._refusal()
            self._choice = name
            self._form = None
            self._bench.remember(name)
            self._reload = True
            self._enter("loading", choice=name)
            self._changed.notify_all()

    def fill_form(self, choice: str, given: Mapping[str, Scalar]) -> None:
        """Keeps values for a batch; every page shows them. Raises ``ActionRefused`` or ``InvalidRequest``."""
        with self._changed:
            if self._form is None or self._form.sequence != choice:
                raise ActionRefused("not-ready", Reason("other_sequence"))
            self._form.fill(given, decimal_comma=self.settings.decimal_comma)
            self._show_form(self._form)

    def _show_form(self, form: StartForm) -> None:
        self.alert("form", form.problem)
        self.live.set(form=asdict(form.shown))

    def _refusal(self) -> ActionRefused:
        if self._state in _BUSY:
            return ActionRefused("running", Reason("run_in_progress"))
        if self._state == "blocked":
            return ActionRefused("blocked", Reason("sequence_blocked"))
        return ActionRefused("not-ready", Reason("coming_up"))

    def report(self, run: str) -> RunReport | None:
        unsaved = {report["id"]: report for report in self._unsaved.waiting}
        return unsaved.get(run) or super().report(run)

    def _unsent(self, serial_number: str) -> list[RunSummary]:
        unsaved = [facts.summary(report) for report in self._unsaved.waiting]
        of_unit = [run for run in unsaved if run.serial_number == serial_number]
        return [*of_unit, *super()._unsent(serial_number)]

    # The session's own thread.

    def _work(self) -> None:
        while not self._closed:
            try:
                usable = self._prepare()
                if usable:
                    self._wait_for_start()
                    if self._state in _BEGUN:
                        self._see_through()
                    elif self._retry is not None:
                        self._see_retry_through(self._retry)
            except Exception as error:  # a defect of hardseq: the panel lives on and says so
                traceback.print_exception(error)
                usable = self._block("cannot-prepare", message=f"{type(error).__name__}: {error}")
            if not usable:
                self._wait_for_change()
        if self._run is not None:
            self._run.close()

    def _prepare(self) -> bool:
        """Reads the sequence when it must be, and brings a test process up. False when it cannot be run."""
        with self._changed:
            choice, renew = self._choice, self._reload
            self._reload = False
            self._enter("loading", choice=choice)
        try:
            mark = self._bench.mark(choice)
            if self._loaded is None or renew or mark != self._mark:
                self._discard()
                self._mark = mark
                self._load(choice)
            assert self._loaded is not None
            if self._run is None:
                self._run = self._loaded.launch(self.live.listen, self._output)
            self._run.prepare()
            collect()
        except InvalidInput as invalid:
            return self._block("invalid", problems=[problem_document(found) for found in invalid.problems])
        except (OSError, RuntimeError) as error:
            return self._block("cannot-prepare", message=str(error), coded_reason=coded(why(error)))
        with self._changed:
            if self._reload or self._closed:
                return True
            self._enter("ready", problem=None)
            self._changed.notify_all()
        return True

    def _load(self, choice: str) -> None:
        self._loaded = self._form = None
        loaded = self._bench.load(choice)
        self._loaded = loaded
        self.live.plan(loaded.sequence, loaded.modules)
        with self._changed:
            if choice == self._choice:
                self._form = StartForm(self._bench.forms, choice, loaded.params)
                self._show_form(self._form)
        self.live.set(params=[asdict(param) for param in loaded.params], problem=None)
        self._durations.clear()
        self.live.set(expected={})
        threading.Thread(target=self._learn, args=(loaded,), name="history", daemon=True).start()

    def _learn(self, loaded: PreparedSequence) -> None:
        """Looks up how long earlier runs took; the panel is ready without, and works without."""
        with suppress(StoreError):  # what is wrong with the store is told elsewhere
            past = past_seconds(self.store, str(loaded.sequence.get("name", "")), LEARNED_FROM)
            with self._changed:
                if self._loaded is loaded:
                    recent = [*past, *self._durations][-LEARNED_FROM:]  # a run may have ended meanwhile
                    self._durations = deque(recent, maxlen=LEARNED_FROM)
                    self.live.set(expected=expected_seconds(self._durations))

    def _block(self, code: str, **more: object) -> bool:
        self._discard()
        with self._changed:
            self._enter("blocked", problem={"code": code, **more})
            self._changed.notify_all()
        return False

    def _discard(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.close()

    def _wait_for_start(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._reload or self._state != "ready", LOOK)
                # What is starting runs or is ready again before anything else happens, even before the end.
                self._changed.wait_for(lambda: self._state != "starting")
                if self._state in _BEGUN:
                    return
                run = self._run
                if self._closed or self._reload or self._retry is not None or run is None or not run.alive:
                    break
            self._raise_defect()
            if self._bench.mark(self._choice) != self._mark:
                with self._changed:
                    # A Start may have come meanwhile: it has the right of way.
                    if self._state != "ready":
                        continue
                    self._enter("loading")
                    break
        self._discard()

    def _wait_for_change(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._reload, LOOK)
            if self._closed or self._reload:
                return
        while self._bench.mark(self._choice) == self._mark:
            with self._changed:
                if self._changed.wait_for(lambda: self._closed or self._reload, LOOK):
                    return

    def _see_through(self) -> None:
        """Waits for the end of the run and keeps its report."""
        run = self._run
        assert run is not None
        try:
            with collection_postponed():
                report = run.wait()
        except Exception as error:  # whatever it is, the panel goes on, and the journal has what was measured
            self.alert("run", Reason("no_report", detail=why(error)))
            self._end(run)
            return
        with self._changed:
            self._enter("saving")
        self.live.show(report)
        # Pages first: keeping the report takes the interpreter for a while.
        self.live.publish()
        time.sleep(live.PAUSE)
        if self.report_store.earns_label(report):
            # A printer that is away takes seconds to be so: no run waits for it.
            threading.Thread(target=self.print_label, args=(report,), name="label", daemon=True).start()
        self._keep_report(report)
        self._end(run)
        with self._changed:
            self._durations.append(case_seconds(report))
            self.live.set(expected=expected_seconds(self._durations))

    def _keep_report(self, report: RunReport) -> None:
        self._unsaved.add(report)
        self._all_kept.clear()
        self._to_keep.set()
        self._all_kept.wait(KEEPING_SECONDS)
        self._shift.wake()
        self._raise_defect()

    def _see_retry_through(self, retry: PanelRetry) -> None:
        """Steps after a stored run; the present run's display stays what it is."""
        begun = self._retry_begun
        try:
            refusal = self.report_store.refusal()
            if refusal is not None:
                raise ActionRefused("not-now", refusal)
            begun.set_result(retry.start())
            self._keep_report(retry.wait())  # the unit has its label since the run
        except Exception as error:  # whoever asked is told, or the pages are; the journal has what was done
            if begun.done():
                self.alert("run", Reason("no_report", detail=why(error)))
            else:
                begun.set_exception(error)
        finally:
            retry.close()
            with self._changed:
                self._retry = None
                self._enter("loading")

    def _end(self, run: PanelRun) -> None:
        kept = run.renew()
        if not kept:
            run.close()
        with self._changed:
            self._run = run if kept else None
            self._enter("loading")

    # The thread that keeps reports: a store may be slow, or mute.

    def _keep_on(self) -> None:
        while True:
            over = self._over
            self._to_keep.clear()
            try:
                self._keep()
                self._all_kept.set()
                if not over:
                    self.refresh_storage()
                    self._look_at_replication()
                    self._deliver_additions()
            except Exception as error:  # the session's thread says so, and the panel lives on
                self._defect = error
                self._all_kept.set()
            if over:
                return
            self._to_keep.wait(STORAGE_SECONDS)

    def _look_at_replication(self) -> None:
        if time.monotonic() >= self._replication_due:
            self._replication_due = time.monotonic() + REPLICATION_SECONDS
            self.alert("replication", self.report_store.replication_problem())

    def _deliver_additions(self) -> None:
        if time.monotonic() >= self._additions_due:
            try:
                self.report_store.deliver_actions()
                self.report_store.deliver_notes()
            except (StoreError, OSError):  # it is told elsewhere; nobody's report waits for these again and again
                self._additions_due = time.monotonic() + ADDITIONS_SECONDS

    def _raise_defect(self) -> None:
        defect, self._defect = self._defect, None
        if defect is not None:
            raise defect

    def _keep(self) -> None:
        """Keeps what is not safe yet, and says so on the pages when it cannot."""
        kept = self._unsaved.keep()
        self.alert("kept", self._unsaved.at_risk)
        if self._unsaved.problem is not None:
            self.alert("store", Reason("not_stored", detail=self._unsaved.problem))
        elif kept:
            self.alert("store", next((taken.problem for taken in kept.values() if not taken.stored), None))
        for run in kept:
            threading.Thread(target=self._send, args=(run,), name="send", daemon=True).start()

    def _sync(self) -> None:
        self._keep()
        super()._sync()

    def _send(self, run: str) -> None:
        try:
            self.report_store.send(run)
        except (StoreError, OutboxUnavailable) as error:
            self.alert("sync", error.reason)
        self.refresh_storage()
