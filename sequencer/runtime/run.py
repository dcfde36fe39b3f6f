"""What lives as long as the run: its plan, facts, variables, drivers and events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Unpack

from sequencer.expressions.expression import evaluate_template, literal_text
from sequencer.expressions.value import to_data
from sequencer.project.secrets import ProcessSecrets
from sequencer.protocol.commands import Start
from sequencer.protocol.meeting import Meeting
from sequencer.protocol.selection import named
from sequencer.report.event import AFTER_RUN, JOURNAL, Event, FailureRecorded, FileAttached, VariableSet
from sequencer.report.evidence import is_evidence
from sequencer.report.identity import identity_facts
from sequencer.report.record import artifact_levels, merge
from sequencer.runtime.attachments import keep
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.dialogs import Dialogs
from sequencer.runtime.driver_declarations import DriverOptions
from sequencer.runtime.driver_modules import DriverModules
from sequencer.runtime.drivers import OpenDriver
from sequencer.runtime.flow import Flow
from sequencer.runtime.plan import RunPlan
from sequencer.runtime.preopened_drivers import PreopenedDrivers
from sequencer.runtime.scope import Constants, layered
from sequencer.runtime.stepping import Stepping
from sequencer.runtime.stream import EventStream
from sequencer.steps.base import FoundLimits
from sequencer.vocabulary.data import Data, Scalar
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason, ReasonOrText

if TYPE_CHECKING:
    from sequencer.protocol.stand import SaidKind
    from sequencer.runtime.debugger import Debugger
    from sequencer.runtime.limit_tables import LimitTables
    from sequencer.runtime.shared_stand import SharedStand
    from sequencer.runtime.stand import StandDrivers

_FACTS = ("dut", "stand", "process", "batch")


class RunContext:
    """The ``run`` fixture of generated code and everything that the cases of a run share.

    ``folder`` is that of the generated project, ``modules`` imports its drivers; ``broken`` is true once something
    other than a case went wrong; ``opening`` names the driver that is being opened; ``debugger`` is opened at
    failures; ``stand`` holds the drivers that outlive the run, where there are others after it; ``shared`` is what
    the slots share, where they do. ``drivers`` are those
    that are open, ``given_up`` the names of those that could not be opened, ``requirements`` what to ask of one that is
    reopened: raises what is wrong. ``after`` is the number of the step of ``after_run`` that is going on,
    ``selection`` names the chosen cases; ``variant`` is the run's, where the sequence has variants;
    ``tables`` are the limits that are kept in files; ``debugged``: what happened in the run may be up to somebody at
    its keyboard.
    """

    def __init__(
        self,
        start: Start,
        plan: RunPlan,
        modules: DriverModules,
        *,
        stream: EventStream,
        interrupts: Interrupts,
        flow: Flow,
        params: dict[str, Scalar],
        variant: str | None = None,
    ) -> None:
        self.start = start
        self.plan = plan
        self.folder = modules.folder
        self.modules = modules
        self.flow = flow
        self.interrupts = interrupts
        self.broken = start.resume is not None
        self.opening: str | None = None
        self.debugger: Debugger | None = None
        self.stand: StandDrivers | None = None
        self.preopened = PreopenedDrivers()
        self.drivers: dict[str, OpenDriver] = {}
        self.given_up: set[str] = set()
        self.requirements: dict[str, Callable[[object], None]] = {}
        self.after: int | None = None
        self.selection: list[str] | None = None
        self.facts: dict[str, object] = {}
        self.variables: dict[str, object] = {}
        self.module_variables: dict[str, dict[str, object]] = {}
        self.params = params
        self.tables: LimitTables | None = None
        self.variant = variant
        self._stream = stream
        self._lost_known = False
        self._thread = threading.get_ident()
        self._begun = stream.clock.now()
        self._slot = start.request.slot.in_scope()
        self.debugged = start.request.debugged
        self._constants = Constants(_constants(plan, variant), self.scope)
        self.dialogs = Dialogs(
            self.emit, interrupts.sleep, attended=start.request.attended, answers=start.request.answers
        )
        breaks = named(plan.candidates(), start.request.breaks)
        self.hear_shared: Callable[[SaidKind, Sequence[object]], None] | None = None
        self.shared: SharedStand | None = None
        if start.request.stand is not None:
            # Imported here: most stands have one slot.
            from sequencer.runtime.shared_stand import SharedStand

            self.shared = SharedStand(
                start.request.stand, start.request, start.run, interrupts, self.emit, hear=self._heard
            )
        self.stepping = Stepping(interrupts, self.dialogs, start.request.step, breaks)

    def belong_to(self, report: Mapping[str, Any]) -> None:
        """Takes the facts of a run that is over: what its steps see is what it was."""
        self.facts.update({name: report[name] for name in (*_FACTS, "instruments", "user") if report[name]})
        self.selection, self.debugged = report["selection"], report["debugged"]
        self._begun = report["start_time"]

    @property
    def journal_lost(self) -> bool:
        """Whether nothing can be written down any more."""
        return self._lost_known

    def emit(self, event: Event) -> None:
        """Sends an event on its way; no interruption comes in between."""
        with self.interrupts:
            self.interrupts.position = self._stream.emit(event)
            if self._stream.lost is not None and not self._lost_known:
                self._report_lost(self._stream.lost)

    def emit_from_driver(self, event: Event) -> None:
        """As ``emit``, from any thread: a driver may say something in one of its own."""
        if threading.get_ident() == self._thread:
            self.emit(event)
        else:
            self._stream.emit(event)

    def _heard(self, what: SaidKind, arguments: Sequence[object]) -> None:
        """What a shared driver says."""
        if self.hear_shared is not None:
            self.hear_shared(what, arguments)

    def fail(self, reason: ReasonOrText, *, after: int | None = None, **details: Any) -> None:
        """Records what went wrong with the run itself; its verdict is an error then, or worse.

        ``after``: it belongs to that step of ``after_run``, and the verdict stays what it is.
        """
        if after is not None:
            self.emit(FailureRecorded.because(AFTER_RUN, "error", reason, after=after, **details))
            return
        self.broken = True
        self.emit(FailureRecorded.because(None, "error", reason, **details))

    def scope(self, *inner: Mapping[str, object]) -> Mapping[str, object]:
        """The names that an expression may use; those of ``inner`` hide the run's."""
        return layered(self._given(), *inner, self.variables, self._constants)

    def _given(self) -> dict[str, object]:
        facts = {name: self.facts.get(name) or {} for name in _FACTS}
        return {"params": self.params, "run": self._about(), "slot": self._slot, **facts}

    def _about(self) -> dict[str, object]:
        sequence = self.plan.sequence
        about = {
            "id": self.start.run,
            "name": sequence.get("name"),
            "version": sequence.get("version"),
            "start_time": self._begun,
            "simulated": self.start.request.simulate,
            "evidence": is_evidence(
                {"selection": self.selection, "debugged": self.debugged, "simulated": self.start.request.simulate}
            ),
            "user": self.facts.get("user"),
        }
        return {name: value for name, value in about.items() if value is not None}

    def table_row(self, reference: Mapping[str, object], measurement: str) -> FoundLimits:
        """The row for ``measurement`` that the limits ``{table: NAME, key: {...}}`` name. Raises ``StepError``."""
        if self.tables is None:
            raise StepError(Reason("no_limit_row", table=reference["table"], key=measurement))
        return self.tables.row(reference, {"variant": self.variant, "measurement": measurement})

    def record(self, section: str, data: object) -> object:
        """Merges facts; returns them as they are recorded. Raises ``StepError`` for what is no fact, such as a blank
        serial number, and for what contradicts earlier ones."""
        facts = identity_facts(section, data)
        self.facts[section] = merge(self.facts.get(section), section, facts)
        return facts

    def record_artifact(self, module: str, of_case: object, data: object) -> object:
        """Merges ``artifact`` facts of three levels; returns those of the case. Raises ``StepError``."""
        levels = artifact_levels(data)
        of_case = merge(of_case, "artifact", {"case": levels.get("case")})
        for key, level in (("artifact", "run"), (f"artifact of {module}", "module")):
            self.facts[key] = merge(self.facts.get(key), "artifact", {level: levels.get(level)})
        return of_case

    def save(self, case: str, module: str | None, name: str, value: object) -> None:
        """Sets a variable of the run, or of ``module``."""
        variables = self.variables if module is None else self.module_variables.setdefault(module, {})
        variables[name] = value
        self.emit(VariableSet(case, name, to_data(value), "run" if module is None else "module"))

    def attach(self, case: str, name: str, data: bytes, media_type: str | None) -> None:
        """Keeps a file with the report. Raises ``StepError`` when it cannot be stored."""
        try:
            data = ProcessSecrets.redactor.file(data)
            digest = keep(data, self.start.attachments)
        except OSError as error:
            raise StepError(Reason("not_kept", name=name, detail=error.strerror or str(error))) from None
        self.emit(FileAttached(case, name, digest, len(data), media_type))

    def driver(self, name: str, **how: Unpack[DriverOptions]) -> AbstractContextManager[object]:
        """Opens a driver; see ``drivers.OpenDriver`` for the arguments. For generated fixtures."""
        return self.preopened.take(name) or self._opening(name, how)

    def preopen(self, name: str, how: DriverOptions) -> AbstractContextManager[object]:
        """Opens a driver before the first case, for a look at it; one that lasts as long as the run stays open."""
        return self.preopened.open(name, self._opening(name, how), lasting=how.get("scope", "run") in ("run", "stand"))

    def _opening(self, name: str, how: DriverOptions) -> AbstractContextManager[object]:
        if how.get("shared", False):
            if self.shared is not None:
                return self.shared.driver(self, name, how)
            self._require_alone([name])
        if self.stand is not None and how.get("scope") == "stand":
            return self.stand.lend(self, name, how)
        return OpenDriver(self, name, **how)

    def hold(self, case: str, place: str, names: list[str], timeout: float | None) -> AbstractContextManager[None]:
        """See ``steps.base.CaseContext``. Where the stand has no slots, it waits for nobody."""
        if self.shared is not None:
            return self.shared.hold(case, place, names, timeout)
        self._require_alone(names)
        return nullcontext()

    def sync(
        self, case: str, place: str, point: str, timeout: float | None, *, once: bool
    ) -> AbstractContextManager[Meeting]:
        """See ``steps.base.CaseContext``; left by an exception, it failed for all. Where the stand has no slots, it
        waits for nobody."""
        if self.shared is not None:
            return self.shared.sync(case, place, point, timeout, once=once)
        self._require_alone([point])
        return nullcontext(Meeting(once))

    def _require_alone(self, names: list[str]) -> None:
        """What is not shared between the slots although it should be must not look as if it were."""
        if self.start.request.slot.count > 1:
            raise StepError(Reason("stand_missing", names=names))

    def doubt(self, name: str) -> None:
        """A call of this driver did not end well."""
        if (driver := self.drivers.get(name)) is not None:
            driver.doubt()

    def leave_doubtful(self) -> None:
        """Closes the drivers that are in doubt: a port is free again, an instrument in the state that closing gives."""
        for driver in list(self.drivers.values()):
            if driver.in_doubt:
                driver.leave()

    def add_facts(self, sections: Mapping[str, object]) -> None:
        """Facts from before the first case: templates by section. Raises ``StepError``."""
        for section, template in sections.items():
            self.record(section, evaluate_template(template, self.scope()))

    def _report_lost(self, error: OSError) -> None:
        self._lost_known = True
        reason = Reason("journal_lost", detail=str(error.strerror or error))
        self.flow.halt(reason)
        self.fail(reason, step=JOURNAL)


def _constants(plan: RunPlan, variant: str | None) -> Mapping[str, Data]:
    """The templates of ``vars``, over them those of the variant."""
    constants: Mapping[str, Data] = plan.sequence.get("vars") or {}
    if variant is None:
        return constants
    return {**constants, **plan.sequence["variants"]["values"][variant], "variant": literal_text(variant)}
