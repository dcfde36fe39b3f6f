"""The session of a stand with slots: a session of its own for the run in each, and what they have in common.

What they share is the choice of the sequence, the values of a batch, what keeps reports, warnings, and the start of
several at once. Each slot's run is a run like any other, in a ``WaitingSession``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Unpack

from sequencer.panel.refusals import ActionRefused, ApiError, InvalidRequest, ResourceNotFound, start_refused
from sequencer.panel.report_keeping import ReportKeeping
from sequencer.panel.session import SessionOptions
from sequencer.panel.shared_bench import SharedBench
from sequencer.panel.slot_grid import SlotGrid
from sequencer.panel.slot_state import board_number
from sequencer.panel.start_form import BatchForm, StartForm
from sequencer.panel.start_session import BUSY, WaitingSession
from sequencer.protocol.joint_start import configured_slots, same_units, scanned_codes, unit_of
from sequencer.protocol.request import JointStart, RunRefused, Slot, StartProblem, StartRequest
from sequencer.protocol.start_check import check_params
from sequencer.report.model import RunReport
from sequencer.report.run_id import new_run_id
from sequencer.store.base import RunSummary
from sequencer.vocabulary.reason import Reason, ReasonOrText

if TYPE_CHECKING:
    from sequencer.panel.bench import Bench, PreparedSequence
    from sequencer.panel.live import LiveRun
    from sequencer.project.settings import SlotsSettings
    from sequencer.vocabulary.data import Scalar


class OneSlotSession(WaitingSession):
    """The run in one slot, of the stand that ``all_slots`` is the session of."""

    def __init__(
        self,
        all_slots: SlotsSession,
        slot: Slot,
        *,
        bench: Bench,
        output: Callable[[str], None],
        keeping: ReportKeeping,
        **options: Unpack[SessionOptions],
    ) -> None:
        self._stand = all_slots
        super().__init__(slot=slot, bench=bench, output=output, keeping=keeping, **options)

    def start(self, request: StartRequest) -> str:
        """Starts the run in this slot alone, as if it was filled just now; its id. Raises as ``start_slots`` does."""
        _, runs = self._stand.start_slots({self.slot.name: request})
        run = runs[self.slot.name]
        if isinstance(run, ApiError):
            raise run
        return run

    def begin(self, request: StartRequest) -> str:
        """Starts what the stand's session has checked beside the other slots."""
        return super().start(request)

    def check(self, request: StartRequest) -> StartRequest:
        """As any session; what was scanned from the product is the code of no slot."""
        with self._changed:
            checked = super().check(request)
            params = () if self._loaded is None else self._loaded.params
        if problems := scanned_codes(checked.params, params, self._stand.codes):
            raise start_refused(RunRefused(problems[0].reason, problems=problems))
        return checked

    def choose(self, name: str) -> None:
        """Chooses for all slots."""
        self._stand.choose(name)

    def load(self, name: str) -> None:
        """Loads what was chosen for all slots."""
        super().choose(name)

    def fill_form(self, choice: str, given: Mapping[str, Scalar]) -> BatchForm:
        """Keeps values for a batch, which are those of all slots."""
        return self._stand.fill_form(choice, given)

    def unit(self, params: Mapping[str, Scalar]) -> str | None:
        """What tells the product with these values from those in other slots."""
        loaded = self._loaded
        return None if loaded is None else unit_of(params, loaded.params, loaded.serial_number, self.slot)

    def serial_number(self, params: Mapping[str, Scalar]) -> str | None:
        """The number of the product with these values, as its report will have it or as it was scanned."""
        loaded = self._loaded
        if loaded is None or loaded.serial_number is None:
            return board_number(self.live.look(lambda _, session: session["params"]), params)
        return self.unit(params)

    @property
    def busy_unit(self) -> str | None:
        """The product that is tested here now."""
        if self._state not in BUSY:
            return None
        return self.unit(self.live.look(lambda report, _: report["params"]))

    def alert(
        self,
        code: str,
        reason: ReasonOrText | None,
        *,
        run: str | None = None,
        unit: str | None = None,
        slot: str | None = None,
    ) -> None:
        """Shows a warning of this slot on every page."""
        self._stand.alert(code, reason, run=run, unit=unit, slot=slot or self.slot.name)

    def print_label(self, report: RunReport) -> ReasonOrText | None:
        """As the stand does."""
        return self._stand.print_label(report)

    def sync(self) -> None:
        """As the stand does."""
        self._stand.sync()

    def refresh_storage(self) -> None:
        """As the stand does."""
        self._stand.refresh_storage()

    def _form_of(self, choice: str, loaded: PreparedSequence) -> StartForm:
        return self._stand.form_of(choice, loaded)

    def _show_form(self, form: StartForm) -> BatchForm:
        return self._stand.show_form_on(self.live)


class SlotsSession(SlotGrid[OneSlotSession]):
    """The session of a stand with slots; ``live`` shows them side by side. Thread-safe.

    What is filled, and waits for its start, is kept here: every page shows it. No lock of a slot's session is taken
    while the stand's own is held.
    """

    can_start = True

    def __init__(
        self,
        *,
        bench: Bench,
        slots: SlotsSettings,
        output: Callable[[str], None] = lambda text: None,
        **options: Unpack[SessionOptions],
    ) -> None:
        super().__init__(**options)
        self._bench = bench
        self._shared = SharedBench(bench)
        self._settings = slots
        self._choice = bench.first
        self._form: tuple[PreparedSequence, StartForm] | None = None
        self._shown_form = BatchForm()
        self._filled: dict[str, Mapping[str, Scalar]] = {}
        self._starting = threading.Lock()
        self._keeping = ReportKeeping(self)
        self.codes = {place.code: place.name for place in slots.places if place.code}
        self._lay_out(slots, configured_slots(slots), partial(self._session_of, output=output))
        choices = [{"name": choice.name, "description": choice.description} for choice in bench.choices]
        self.live.set(choices=choices, choice=self._choice, slots_start=slots.start)

    def _session_of(self, slot: Slot, own: SessionOptions, *, output: Callable[[str], None]) -> OneSlotSession:
        return OneSlotSession(self, slot, bench=self._shared, output=output, keeping=self._keeping, **own)

    def open(self) -> None:
        """Begins to work: the test processes come up."""
        self._board.open()
        self._keeping.open()
        for session in self.slots.values():
            session.open()

    def close(self) -> None:
        """Stops every run that is going on, waits for their reports to be kept, and ends."""
        with ThreadPoolExecutor(len(self.slots)) as threads:
            for closed in [threads.submit(session.close) for session in self.slots.values()]:
                closed.result()
        self._bench.close()
        self._keeping.close()
        self._board.close()
        super().close()

    # What pages ask for.

    def fill(self, name: str, params: Mapping[str, Scalar] | None, user: str | None) -> str | None:
        """A product is in the slot, with what was scanned from it; ``None``: none is.

        Where each slot starts as soon as it is filled, that is the run's id. Raises ``ActionRefused``,
        ``InvalidRequest``, ``ResourceNotFound``.
        """
        session = self._slot(name)
        if params is None:
            self._set_filled(name, None)
            return None
        if session.state in BUSY:
            raise ActionRefused("running", Reason("run_in_progress"))
        loaded, form = self._ready_form()
        with self._starting:
            values = {**form.shown.values, **params}
            _, problems = check_params(values, loaded.params, decimal_comma=self.settings.decimal_comma)
            if problems := problems or scanned_codes(values, loaded.params, self.codes):
                raise start_refused(RunRefused(problems[0].reason, problems=problems))
            self._refuse_twice(name, session.unit(values))
            if self._settings.start == "together":
                self._set_filled(name, dict(params), session.serial_number(values))
                return None
        return session.start(StartRequest(params=values, user=user))

    def start_filled(self, user: str | None) -> tuple[str, dict[str, str | ApiError]]:
        """Starts every slot that is filled, with the values of the batch. As ``start_slots``."""
        loaded, form = self._ready_form()
        if form.shown.lost:
            raise ActionRefused("not-ready", Reason("form_lost"))
        with self._lock:
            filled = dict(self._filled)
        if not filled and not any(param.each_run for param in loaded.params):
            filled = {name: {} for name in self.slots}  # nothing tells one product from the next: each slot has one
        if not filled:
            raise ActionRefused("no-slot-filled", Reason("no_slot_filled"))
        values = form.shown.values
        return self.start_slots(
            {name: StartRequest(params={**values, **params}, user=user) for name, params in filled.items()}
        )

    def start_slots(self, requests: Mapping[str, StartRequest]) -> tuple[str, dict[str, str | ApiError]]:
        """Starts these slots together: the start's id, and by slot the run's id, or why that one could not begin.

        What is wrong with what is asked for starts nothing. Raises ``ActionRefused``, ``ResourceNotFound``, or
        ``InvalidRequest`` with the slot of each field.
        """
        sessions = {name: self._slot(name) for name in self._in_order(requests)}
        with self._starting:
            checked = self._checked(sessions, requests)
            joint = JointStart(id=new_run_id(), slots=list(sessions))
            with ThreadPoolExecutor(len(sessions)) as threads:
                begun = {
                    name: threads.submit(_begin, session, replace(checked[name], slot=session.slot, start=joint))
                    for name, session in sessions.items()
                }
                runs = {name: run.result() for name, run in begun.items()}
            for name, run in runs.items():
                if isinstance(run, str):
                    self._set_filled(name, None)
                else:
                    self._bench.leave(joint, name)
        if (refused := [run for run in runs.values() if isinstance(run, ApiError)]) and len(refused) == len(runs):
            raise refused[0]
        return joint.id, runs

    def start(self, request: StartRequest) -> str:
        """A stand with slots starts slots."""
        raise InvalidRequest(Reason("slot_missing"))

    def try_again(self, run: str) -> str:
        """Tries again what is left to do after a stored run, in the first slot that is free."""
        free = [session for session in self.slots.values() if session.state == "ready"]
        return (free or list(self.slots.values()))[0].try_again(run)

    def choose(self, name: str) -> None:
        """Chooses another sequence for all slots. Raises ``ActionRefused`` or ``ResourceNotFound``."""
        if name not in [choice.name for choice in self._bench.choices]:
            raise ResourceNotFound(Reason("no_such_choice"))
        with self._starting:
            if any(session.state in BUSY for session in self.slots.values()):
                raise ActionRefused("running", Reason("run_in_progress"))
            self._bench.remember(name)
            self._shared.forget()
            with self._lock:
                self._choice, self._form = name, None
                self.live.set(choice=name)
            for slot in self.slots:
                self._set_filled(slot, None)
            for session in self.slots.values():
                session.load(name)

    def fill_form(self, choice: str, given: Mapping[str, Scalar]) -> BatchForm:
        """Keeps values for a batch: those of all slots."""
        with self._lock:
            if self._form is None or self._form[1].sequence != choice:
                raise ActionRefused("not-ready", Reason("other_sequence"))
            form = self._form[1]
            form.fill(given, decimal_comma=self.settings.decimal_comma)
            shown = self._show_form(form)
        # Nobody waits for the disk.
        form.write()
        self.alert("form", form.problem)
        return shown

    def form_of(self, choice: str, loaded: PreparedSequence) -> StartForm:
        """The form of what was loaded, the same for all slots."""
        with self._lock:
            if self._form is None or self._form[0] is not loaded:
                form = StartForm(self._bench.forms, choice, loaded.params)
                if choice != self._choice:
                    return form
                if self._form is None or self._form[0].params != loaded.params:
                    # What was scanned for another form of the sequence is scanned anew.
                    self._filled.clear()
                    for name in self.slots:
                        self.live.set_slot(name, filled=None)
                self._form = loaded, form
                self.live.plan(loaded.sequence, [])
                self.live.set(params=[asdict(param) for param in loaded.params])
                self._show_form(form)
            return self._form[1]

    def show_form_on(self, live: LiveRun) -> BatchForm:
        """Shows the form as it is now on the pages of a slot, too."""
        with self._lock:
            live.set(form=asdict(self._shown_form))
            return self._shown_form

    def _show_form(self, form: StartForm) -> BatchForm:
        self.alert("form", form.problem)
        self._shown_form = replace(form.shown, revision=self._shown_form.revision + 1)
        self.show(form=asdict(self._shown_form))
        return self._shown_form

    def _unsent(self, serial_number: str) -> list[RunSummary]:
        return [*self._keeping.unsent(serial_number), *super()._unsent(serial_number)]

    def report(self, run: str) -> RunReport | None:
        return self._keeping.report(run) or super().report(run)

    def of_start(self, start: str) -> list[RunReport]:
        return self._keeping.of_start(start)

    def _sync(self) -> None:
        self._keeping.keep()
        super()._sync()

    def _slot(self, name: str) -> OneSlotSession:
        if name not in self.slots:
            raise ResourceNotFound(Reason("no_such_slot", slot=name))
        return self.slots[name]

    def _in_order(self, names: Mapping[str, object]) -> list[str]:
        """The names as the configuration has them; those that it has not, last."""
        order = [*self.slots, *names]
        return sorted(names, key=order.index)

    def _ready_form(self) -> tuple[PreparedSequence, StartForm]:
        with self._lock:
            if self._form is None:
                raise ActionRefused("not-ready", Reason("coming_up"))
            return self._form

    def _set_filled(self, name: str, params: Mapping[str, Scalar] | None, serial_number: str | None = None) -> None:
        with self._lock:
            if params is None:
                self._filled.pop(name, None)
                self.live.set_slot(name, filled=None)
            else:
                self._filled[name] = params
                self.live.set_slot(name, filled={"params": params, "serial_number": serial_number})

    def _refuse_twice(self, name: str, unit: str | None) -> None:
        """The same product can be in one slot only: not in one that is filled, nor in one that runs."""
        with self._lock:
            filled = dict(self._filled)
        form = self._ready_form()[1]
        units = {
            other: session.busy_unit
            or (session.unit({**form.shown.values, **filled[other]}) if other in filled else None)
            for other, session in self.slots.items()
            if other != name
        }
        if problems := same_units({**units, name: unit}):
            raise _refused(problems)

    def _checked(
        self, sessions: Mapping[str, OneSlotSession], requests: Mapping[str, StartRequest]
    ) -> dict[str, StartRequest]:
        """Each request as its slot would start it. Raises what is wrong with any."""
        checked, wrong = {}, list[dict[str, object]]()
        first: InvalidRequest | None = None
        for name, session in sessions.items():
            try:
                checked[name] = session.check(requests[name])
            except InvalidRequest as invalid:
                first = first or invalid
                found = invalid.more.get("fields")
                wrong += [{**field, "slot": name} for field in found] if isinstance(found, list) else []
        if first is not None:
            raise InvalidRequest(first.reason, fields=wrong)
        busy = {name: session.busy_unit for name, session in self.slots.items() if name not in sessions}
        units = {name: session.unit(checked[name].params) for name, session in sessions.items()}
        if problems := same_units({**busy, **units}):
            raise _refused(problems)
        return checked


def _begin(session: OneSlotSession, request: StartRequest) -> str | ApiError:
    try:
        return session.begin(request)
    except ApiError as refused:
        return refused


def _refused(problems: Mapping[str, StartProblem]) -> InvalidRequest:
    fields = [
        {
            "field": "slot",
            "slot": name,
            "code": found.code,
            "message": found.message,
            "coded_reason": found.coded_reason,
        }
        for name, found in problems.items()
    ]
    return InvalidRequest(next(iter(problems.values())).reason, fields=fields)
