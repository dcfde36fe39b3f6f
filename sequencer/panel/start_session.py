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
from dataclasses import asdict, replace
from typing import Unpack

from sequencer.panel import live
from sequencer.panel.bench import Bench, PanelRetry, PanelRun, PreparedSequence, RunControl
from sequencer.panel.garbage_collection import collect, collection_postponed
from sequencer.panel.plan import case_seconds, expected_seconds, past_seconds
from sequencer.panel.refusals import ActionRefused, ResourceNotFound, problem_document, start_refused
from sequencer.panel.report_keeping import ReportKeeping
from sequencer.panel.session import Session, SessionOptions
from sequencer.panel.start_form import BatchForm, StartForm
from sequencer.protocol.request import RunRefused, Slot, StartRequest
from sequencer.protocol.start_check import check_start
from sequencer.report.model import RunReport
from sequencer.store.base import RunSummary, StoreError
from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.failure import why
from sequencer.vocabulary.problem import InvalidInput
from sequencer.vocabulary.reason import Reason, ReasonOrText, coded

LOOK = 1.0
"""Seconds between two looks whether the sequence's files changed and whether the test process still waits."""
PATIENCE = 15.0
"""Seconds that a Start waits for a test process that is coming up."""
RETRY_SECONDS = 60.0
"""Seconds that whoever tries steps after a run again waits for them to begin."""
LEARNED_FROM = 8
"""Runs that the expected time is made from."""
_BEGUN = ("running", "stopping")
STOPPABLE = ("starting", *_BEGUN)
BUSY = (*STOPPABLE, "saving", "retrying")


class WaitingSession(Session):
    """Starts runs of the bench's sequences. ``output`` takes what drivers print.

    ``keeping`` is what keeps the reports of several sessions; without it the session has its own.
    """

    can_start = True

    def __init__(
        self,
        *,
        bench: Bench,
        output: Callable[[str], None] = lambda text: None,
        keeping: ReportKeeping | None = None,
        slot: Slot = Slot(),  # noqa: B008  # it is frozen
        **session_options: Unpack[SessionOptions],
    ) -> None:
        super().__init__(**session_options)
        self._bench = bench
        self._output = output
        self.slot = slot
        self._changed = threading.Condition(self._lock)
        self._choice = bench.first
        self._run: PanelRun | None = None
        self._loaded: PreparedSequence | None = None
        self._form: StartForm | None = None
        self._form_revision = 0
        self._mark: object = None
        self._reload = False
        self._closed = False
        self._retry: PanelRetry | None = None
        self._retry_begun: Future[str] = Future()
        self._durations: deque[Mapping[str, float]] = deque(maxlen=LEARNED_FROM)
        choices = [{"name": choice.name, "description": choice.description} for choice in bench.choices]
        self.live.set(choices=choices, choice=self._choice)
        self._thread = threading.Thread(target=self._work, name="session", daemon=True)
        self._keeping = keeping or ReportKeeping(self)
        self._keeps_itself = keeping is None

    def _present(self) -> RunControl | None:
        return self._run

    def open(self) -> None:
        """Begins to work: the first test process comes up."""
        self._thread.start()
        if self._keeps_itself:
            self._keeping.open()

    def close(self) -> None:
        """Stops a run that is going on, waits for its report to be kept, and ends. One that comes up is given up."""
        with self._changed:
            self._closed = True
            run = self._run if self._state in STOPPABLE else self._retry
            coming_up, is_coming_up = self._run, self._state == "loading"
            self._changed.notify_all()
        if is_coming_up:
            self._bench.give_up()
            if coming_up is not None:
                coming_up.close()
        if run is not None:
            run.stop(Reason("shut_down"))
        if self._thread.ident is not None:
            self._thread.join()
        self._bench.close()
        if self._keeps_itself:
            self._keeping.close()
        super().close()

    # What pages ask for.

    def start(self, request: StartRequest) -> str:
        """Starts a run and returns its id.

        Raises ``ActionRefused`` or ``InvalidRequest`` (``fields``: what is wrong by name).
        """
        with self._changed:
            request = self.check(request)
            run = self._run
            assert run is not None  # it is ready
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

    def check(self, request: StartRequest) -> StartRequest:
        """The request as it would be started now, once the test process has come up. Raises as ``start`` does."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._state not in ("loading", "saving"), PATIENCE)
            loaded = self._loaded
            if self._closed or self._state != "ready" or self._run is None or loaded is None:
                raise self._refusal()
            comma = self.settings.decimal_comma
            try:
                return check_start(request, loaded.params, loaded.cases(), decimal_comma=comma)
            except RunRefused as refused:
                raise start_refused(refused) from None

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
            if self._state in BUSY:
                raise self._refusal()
            self._choice = name
            self._form = None
            self._bench.remember(name)
            self._reload = True
            self._enter("loading", choice=name)
            self._changed.notify_all()

    def fill_form(self, choice: str, given: Mapping[str, Scalar]) -> BatchForm:
        """Keeps values for a batch; every page shows them. Raises ``ActionRefused`` or ``InvalidRequest``."""
        with self._changed:
            if self._form is None or self._form.sequence != choice:
                raise ActionRefused("not-ready", Reason("other_sequence"))
            form = self._form
            form.fill(given, decimal_comma=self.settings.decimal_comma)
            shown = self._show_form(form)
        # Neither Stop nor the next value waits for the disk.
        form.write()
        with self._changed:
            if self._form is form:
                self.alert("form", form.problem)
        return shown

    def _form_of(self, choice: str, loaded: PreparedSequence) -> StartForm:
        return StartForm(self._bench.forms, choice, loaded.params)

    def _show_form(self, form: StartForm) -> BatchForm:
        self.alert("form", form.problem)
        self._form_revision += 1
        shown = replace(form.shown, revision=self._form_revision)
        self.live.set(form=asdict(shown))
        return shown

    def _refusal(self) -> ActionRefused:
        if self._state in BUSY:
            return ActionRefused("running", Reason("run_in_progress"))
        if self._state == "blocked":
            return ActionRefused("blocked", Reason("sequence_blocked"))
        return ActionRefused("not-ready", Reason("coming_up"))

    def report(self, run: str) -> RunReport | None:
        return self._keeping.report(run) or super().report(run)

    def of_start(self, start: str) -> list[RunReport]:
        return self._keeping.of_start(start)

    def _unsent(self, serial_number: str) -> list[RunSummary]:
        return [*self._keeping.unsent(serial_number), *super()._unsent(serial_number)]

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
            run = self._run or self._loaded.launch(self.live.listen, self._output, self.slot)
            with self._changed:
                self._run = run
                if self._closed:  # whoever closed could not close what was not there yet: `_work` discards it
                    return True
            run.prepare()
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
        form = self._form_of(choice, loaded)
        with self._changed:
            if choice == self._choice:
                self._form = form
                self._show_form(form)
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
            if self._closed:  # that is why
                return False
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
            self._keeping.raise_defect()
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
        self._keeping.add(report)
        self._end(run)
        with self._changed:
            self._durations.append(case_seconds(report))
            self.live.set(expected=expected_seconds(self._durations))

    def _see_retry_through(self, retry: PanelRetry) -> None:
        """Steps after a stored run; the present run's display stays what it is."""
        begun = self._retry_begun
        try:
            refusal = self.report_store.refusal()
            if refusal is not None:
                raise ActionRefused("not-now", refusal)
            begun.set_result(retry.start())
            self._keeping.add(retry.wait())  # the unit has its label since the run
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

    def _send_all(self) -> None:
        self._keeping.keep()
        super()._send_all()
