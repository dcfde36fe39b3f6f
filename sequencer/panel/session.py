"""What every panel shows and lets people do with the present run; a panel that starts runs builds on it.

``hardseq run`` serves its one run with a plain ``Session``; ``hardseq panel`` with a ``WaitingSession``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, Protocol, TypedDict

from sequencer.panel.bench import Instruments, RunControl
from sequencer.panel.guard import new_token
from sequencer.panel.live import LiveChange, LiveRun
from sequencer.panel.patches import open_messages
from sequencer.panel.refusals import ActionRefused, ApiError, InvalidRequest, ResourceNotFound
from sequencer.panel.start_form import BatchForm
from sequencer.panel.unit_lookup import UnitLookup
from sequencer.project.action_log import ActionLog
from sequencer.project.settings import FrontendSettings
from sequencer.protocol.request import StartRequest
from sequencer.report.model import DialogReport, RunReport
from sequencer.standcloud.delivery import OutboxUnavailable
from sequencer.store.base import FactoryCopy, RunSummary, Store, StoreError
from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.failure import UnusableValue, why
from sequencer.vocabulary.reason import Reason, ReasonOrText, coded, sentence

if TYPE_CHECKING:
    from sequencer.alarms.watch import AlarmWatch
    from sequencer.figures.service import FiguresService
    from sequencer.report.note import Note
    from sequencer.standcloud.deliveries import Acceptance, LocatedRun
    from sequencer.store.stands import StandNow


MOST_ALERTS = 100
"""Warnings about single runs that pages are told at once."""


class ReportStore(Protocol):
    """Keeps reports and knows where they wait: the real one is ``sequencer.standcloud.deliveries.Deliveries``."""

    @property
    def actions(self) -> ActionLog:
        """The log of what is not every operator's to do."""

    def deliver_actions(self) -> int:
        """Brings the log into the store; how many of its lines cannot be read. Raises ``StoreError``, ``OSError``."""

    def report(self, run: str) -> RunReport | None:
        """The report of the run, or of the ``latest``, stored or not yet. Raises ``StoreUnavailable``."""

    def of_start(self, start: str) -> list[RunReport]:
        """The reports of the runs that were started together, stored or not yet. Raises ``StoreUnavailable``."""

    def locate(self, run: str) -> LocatedRun | None:
        """The run, or the ``latest``. Raises ``StoreUnavailable`` when the store is away and alone knows of it."""

    def add_note(self, note: Note, run: LocatedRun) -> None:
        """Adds to a run, safe when this returns. Raises ``StoreError``."""

    def notes(self, runs: Sequence[str]) -> dict[str, list[Note]]:
        """What was added to these runs, by id, oldest first, stored or not yet. Raises ``StoreUnavailable``."""

    def waiting_notes(self) -> list[Note]:
        """Those that the store lacks. Raises ``StoreUnavailable``."""

    def deliver_notes(self) -> int:
        """Gives the store the notes that it lacks; how many wait for their runs. Raises ``StoreUnavailable``."""

    def refusal(self) -> ReasonOrText | None:
        """Why a run must not start now, or ``None``."""

    def accept(self, report: RunReport) -> Acceptance:
        """Keeps a report; the answer has ``stored`` and ``problem``. Raises ``StoreError``, ``OutboxUnavailable``."""

    def lacking(self, report: RunReport) -> Reason | None:
        """How much of a report that nobody took is safe all the same, when that is not all of it."""

    def missing_reports(self) -> list[RunReport]:
        """Reports that are safe and that the store lacks. Raises ``StoreUnavailable``, ``OutboxUnavailable``."""

    @property
    def prints_labels(self) -> bool:
        """Whether printer and template are set up."""

    def earns_label(self, report: RunReport) -> bool:
        """Whether the label of this run's unit is printed without being asked for."""

    def print_label(self, report: RunReport) -> None:
        """Prints the label of the run's unit. Raises ``UnusableValue``."""

    def unsent(self, serial_number: str) -> list[RunSummary]:
        """The runs of this serial number whose reports the store lacks or lacked. Raises ``StoreError``."""

    def factory_copy(self) -> FactoryCopy | None:
        """How stored runs are copied to the factory's database, if they are to be."""

    def send(self, run: str) -> object:
        """Sends it on at once when that is wanted."""

    def sync(self, *, force: bool = False) -> object:
        """Sends whatever waits."""

    def status(self, *, limit: int = 50) -> dict[str, object]:
        """What waits where."""


class StandSlot(NamedTuple):
    """A slot of this stand: its name in reports, its number, and what people call it where that is another."""

    slot: str
    number: int
    title: str | None


class SessionOptions(TypedDict):
    """What every session is made with."""

    store: Store
    report_store: ReportStore
    folder: Path
    settings: FrontendSettings
    figures: NotRequired[Callable[[], FiguresService] | None]
    title: NotRequired[str]
    stand: NotRequired[Mapping[str, object] | None]
    changed: NotRequired[Callable[[], None] | None]
    shown: NotRequired[Mapping[str, object] | None]


class Session:
    """The run that is going on: shown by ``live``, stopped, answered. Thread-safe.

    States: ``loading``, ``ready``, ``starting``, ``running``, ``stopping``, ``saving``, ``retrying``, ``blocked``,
    ``over``; that of a factory's service is ``watching``.
    """

    tests = True
    """Whether runs of this machine are shown: else only what is stored, and nothing that changes it."""
    can_start = False
    instruments: Instruments | None = None
    """The drivers, where they can be called by hand."""
    stand_slots: Sequence[StandSlot] = ()
    """By their numbers; none on a stand without slots."""

    def __init__(
        self,
        *,
        store: Store,
        report_store: ReportStore,
        folder: Path,
        settings: FrontendSettings,
        figures: Callable[[], FiguresService] | None = None,
        title: str = "",
        stand: Mapping[str, object] | None = None,
        changed: Callable[[], None] | None = None,
        shown: Mapping[str, object] | None = None,
    ) -> None:
        self.store = store
        self.report_store = report_store
        self._make_figures = figures
        self._figures: FiguresService | None = None
        self.units = UnitLookup(store, self._unsent, report_store.waiting_notes)
        self.folder = folder
        self.settings = settings
        self.title = title
        self.stand_name = str((stand or {}).get("name") or "") or None
        self.token = new_token()
        self.alarms: AlarmWatch | None = None
        self._lock = threading.RLock()
        self._state = "loading"
        self._watched: RunControl | None = None
        self._syncing = False
        self._alerts: dict[tuple[str, str | None, str | None], dict[str, object]] = {}
        self.live = LiveRun(
            {
                "state": self._state,
                "title": title,
                "stand": dict(stand or {}),
                "settings": {**_for_pages(settings), "labels": report_store.prints_labels},
                "can_start": self.can_start,
                "choices": [],
                "choice": None,
                "params": [],
                "form": asdict(BatchForm()),
                "problem": None,
                "alerts": [],
                "alarms": [],
                "expected": {},
                "storage": None,
                "factory": None,
                "shift": None,
                **(shown or {}),
            },
            changed=changed,
        )

    def of_slot(self, name: str | None) -> Session:
        """What shows and controls the run in that slot, without a name the whole stand. Raises ``ResourceNotFound``."""
        if name is not None:
            raise ResourceNotFound(Reason("no_such_slot", slot=name))
        return self

    def snapshot(self) -> LiveChange:
        """The whole live state."""
        return self.live.snapshot()

    @property
    def state(self) -> str:
        """What the session does now."""
        return self._state

    def watch(self, run: RunControl) -> None:
        """From now on ``run`` is the present one; its events go to ``live.listen``."""
        with self._lock:
            self._watched = run
            self._enter("running")

    def _present(self) -> RunControl | None:
        """The present run."""
        return self._watched

    def saving(self) -> None:
        """The present run is over; its report is being kept."""
        with self._lock:
            self._watched = None
            self._enter("saving")

    def over(self, problem: Exception | None = None) -> None:
        """The present run is over and its report kept, or ``problem`` kept it from beginning; nothing follows."""
        with self._lock:
            self._watched = None
            self._enter("over", problem=None if problem is None else _unprepared(problem))

    @property
    def figures(self) -> FiguresService:
        """The figures of all runs, which few sessions are asked for."""
        with self._lock:
            if self._figures is None:
                from sequencer.figures.service import FiguresService

                self._figures = FiguresService(self.store) if self._make_figures is None else self._make_figures()
            return self._figures

    def finished(self) -> None:
        """The present run is over and its report kept; nothing follows."""
        self.over()
        self.live.when_followed(self.refresh_storage)

    def close(self) -> None:
        """Ends the live state and with it every stream, the alarms and the figures."""
        self.end_streams()
        self.end_figures()

    def end_figures(self) -> None:
        """Ends the alarms and the figures: nobody waits for them any more. Ending twice is harmless."""
        if self.alarms is not None:
            self.alarms.close()
        with self._lock:
            figures = self._figures
        if figures is not None:
            figures.close()

    def end_streams(self) -> None:
        """Nothing more is told to any page."""
        self.live.close()

    def start(self, request: StartRequest) -> str:
        """Starts a run and returns its id. Raises ``ActionRefused`` or ``InvalidRequest``."""
        raise _single_run()

    def start_slots(self, requests: Mapping[str, StartRequest]) -> tuple[str, Mapping[str, str | ApiError]]:
        """Starts these slots together. Raises ``ActionRefused``, ``InvalidRequest`` or ``ResourceNotFound``."""
        raise self._no_slots_to_start()

    def start_filled(self, user: str | None) -> tuple[str, Mapping[str, str | ApiError]]:
        """Starts every slot that is filled. Raises ``ActionRefused`` or ``InvalidRequest``."""
        raise self._no_slots_to_start()

    def fill(self, name: str, params: Mapping[str, Scalar] | None, user: str | None) -> str | None:
        """A product is in the slot, or none is. Raises ``ActionRefused``, ``InvalidRequest``, ``ResourceNotFound``."""
        raise self._no_slots_to_start()

    def try_again(self, run: str) -> str:
        """Retries what is left to do after a stored run; its id. Raises ``ActionRefused`` or ``ResourceNotFound``."""
        raise _single_run()

    def choose(self, name: str) -> None:
        """Chooses another sequence. Raises ``ActionRefused`` or ``ResourceNotFound``."""
        raise _single_run()

    def fill_form(self, choice: str, given: Mapping[str, Scalar]) -> BatchForm:
        """Keeps values of the sequence ``choice`` for a batch; the form with them.

        Raises ``ActionRefused`` or ``InvalidRequest``.
        """
        raise _single_run()

    def stop(self, reason: ReasonOrText) -> None:
        """Stops the run. Raises ``ActionRefused`` when there is none."""
        with self._lock:
            run = self._present()
            if self._state not in ("running", "stopping") or run is None:
                raise ActionRefused("not-running", Reason("no_run_in_progress"))
            self._enter("stopping")
        run.stop(reason)

    def answer(self, identity: str, result: str, value: object, by: str) -> None:
        """Answers a dialog.

        Raises ``ResourceNotFound``, ``ActionRefused`` (answered, withdrawn) or ``InvalidRequest`` (with ``fields``).
        """
        # Imported here: most runs ask nothing.
        from sequencer.report.dialog_answer import InvalidAnswer, read_answer

        asked = self.live.look(lambda report, _: _dialog(report, identity))
        if asked is None:
            raise ResourceNotFound(Reason("no_such_dialog"))
        try:
            accepted = None
            if result != "close":
                comma = self.settings.decimal_comma
                accepted = read_answer(asked["dialog"], result, value, decimal_comma=comma)
        except InvalidAnswer as invalid:
            fields = [
                {
                    "field": found.field,
                    "code": found.refused.code,
                    "message": found.message,
                    "limit": found.refused.limit,
                    "coded_reason": found.refused.reason.document(),
                }
                for found in invalid.problems
            ]
            raise InvalidRequest(str(invalid), fields=fields) from None
        run = self._present()
        if asked["result"] in ("stop", "timeout"):
            raise ActionRefused("withdrawn", Reason("dialog_withdrawn"))
        if asked["result"] is not None or run is None or not run.answer(identity, result, accepted, by):
            raise ActionRefused("answered", Reason("dialog_answered"))

    def confirm(self, identity: str, by: str) -> None:
        """Confirms an operator message. Raises ``ResourceNotFound``."""
        shown = self.live.look(lambda report, _: [found["id"] for found in open_messages(report)])
        if identity not in shown:
            raise ResourceNotFound(Reason("no_such_message"))
        run = self._present()
        if run is None or not run.answer(identity, "confirm", None, by):
            self.live.clear_message(identity)

    def report(self, run: str) -> RunReport | None:
        """The report of the run, or of the ``latest``, wherever it is. Raises ``StoreUnavailable``."""
        return self.report_store.report(run)

    def of_start(self, start: str) -> list[RunReport]:
        """The reports of the runs that were started together, wherever they are. Raises ``StoreUnavailable``."""
        return self.report_store.of_start(start)

    def watch_alarms(self, alarms: AlarmWatch) -> None:
        """From now on alarms are raised and shown; ``close`` ends that."""
        self.alarms = alarms
        alarms.start()

    def show_alarms(self, alarms: list[dict[str, object]]) -> None:
        """Shows these on every page, JSON-ready, also on those of single slots."""
        for session in (self, *(self.of_slot(slot.slot) for slot in self.stand_slots)):
            session.live.set(alarms=alarms)

    def stands(self) -> Sequence[StandNow]:
        """All stands of the factory; none where only one is known."""
        return ()

    def _unsent(self, serial_number: str) -> list[RunSummary]:
        """The runs of this serial number whose reports the store may lack."""
        return self.report_store.unsent(serial_number)

    def storage(self) -> dict[str, Any]:
        """Where reports go and what waits. A store or outbox that is away is told, not raised."""
        place: str | None = None
        try:
            place = self.store.place
            found, problem = self.report_store.status(), None
        except (StoreError, OutboxUnavailable) as error:
            found, problem = {"targets": []}, error.reason
        told = {"problem": sentence(problem), "coded_reason": coded(problem)}
        return {"place": place, **told, "sending": self._syncing, **found}

    def refresh_storage(self) -> None:
        """Tells pages how many reports wait."""
        status = self.storage()
        for target in status["targets"]:
            target.pop("entries", None)
        self.show(storage=status)

    def sync(self) -> None:
        """Sends whatever waits or is parked, in the background. Raises ``ActionRefused`` while that goes on already."""
        with self._lock:
            if self._syncing:
                raise ActionRefused("syncing", Reason("being_sent"))
            self._syncing = True
        threading.Thread(target=self._sync, name="sync", daemon=True).start()

    def print_label(self, report: RunReport) -> ReasonOrText | None:
        """Prints the label of the run's unit; why not, which also stands on every page until this label is printed."""
        run = report["id"]
        try:
            self.report_store.print_label(report)
        except UnusableValue as error:
            # That of another unit says nothing of one that still lacks its own.
            self.alert("label", error.reason, run=run, unit=report["dut"].get("serial_number"))
            return error.reason
        self.alert("label", None, run=run)
        return None

    def show(self, **stand: object) -> None:
        """Shows on every page what is so of the whole stand: JSON-ready values by name."""
        self.live.set(**stand)

    def alert(
        self,
        code: str,
        reason: ReasonOrText | None,
        *,
        run: str | None = None,
        unit: str | None = None,
        slot: str | None = None,
    ) -> None:
        """Shows a lasting warning on every page, one for each ``run`` or ``slot`` that it is about, or takes it away
        (``None``).

        Of very many the oldest go.
        """
        with self._lock:
            if reason is None:
                self._alerts.pop((code, run, slot), None)
            else:
                told: dict[str, object] = {"code": code, "text": str(reason), "coded_reason": coded(reason)}
                of_run = {} if run is None else {"run": run, "unit": unit}
                self._alerts[code, run, slot] = {**told, **of_run, **({} if slot is None else {"slot": slot})}
                for oldest in [key for key in self._alerts if key[1] is not None][:-MOST_ALERTS]:
                    del self._alerts[oldest]
            self.show(alerts=list(self._alerts.values()))

    def _sync(self) -> None:
        try:
            self.refresh_storage()  # pages hear of the end, which is a change after this
            self._send_all()
            self.alert("sync", None)
        except (StoreError, OutboxUnavailable) as error:
            self.alert("sync", error.reason)
        finally:
            with self._lock:
                self._syncing = False
            self.refresh_storage()

    def _send_all(self) -> None:
        self.report_store.sync(force=True)

    def _no_slots_to_start(self) -> ActionRefused:
        return _single_run() if self.stand_slots else ActionRefused("no-slots", Reason("no_slots"))

    def _enter(self, state: str, **more: object) -> None:
        self._state = state
        self.live.set(state=state, **more)


def _single_run() -> ActionRefused:
    return ActionRefused("cannot-start", Reason("single_run"))


def _unprepared(problem: Exception) -> dict[str, object]:
    return {"code": "cannot-prepare", "message": str(problem), "coded_reason": coded(why(problem))}


def _dialog(report: RunReport, identity: str) -> DialogReport | None:
    for module in report["modules"]:
        for case in module["cases"]:
            for attempt in case["attempts"]:
                for asked in attempt["dialogs"]:
                    if asked["id"] == identity:
                        return asked
    return None


def _for_pages(settings: FrontendSettings) -> dict[str, object]:
    modal = settings.modal_result
    return {
        "language": settings.language,
        "decimal_comma": settings.decimal_comma,
        "full_size_button": settings.full_size_button,
        "sound_on": settings.sound_on,
        "measurement_display": settings.measurement_display,
        "manual_collect": settings.manual_collect,
        "modal_result": {
            "enable": modal.enable,
            "auto_dismiss_pass": modal.auto_dismiss_pass,
            "auto_dismiss_timeout": modal.auto_dismiss_timeout,
        },
    }
