"""From the start command to the first event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sequencer import __version__
from sequencer.protocol.commands import ResumeState, RetryRequest, Start
from sequencer.protocol.params import chosen_variant, read_params
from sequencer.protocol.request import RunNotPossible, RunRefused
from sequencer.protocol.selection import select
from sequencer.protocol.start_check import check_start
from sequencer.report.event import RetryStarted, RunResumed, RunStarted, Stamped
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.driver_modules import DriverModules
from sequencer.runtime.flow import Flow, needed
from sequencer.runtime.plan import RunPlan
from sequencer.runtime.run import RunContext
from sequencer.runtime.stream import EventStream
from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import Param
from sequencer.vocabulary.reason import Reason, coded, read_reason

if TYPE_CHECKING:
    from sequencer.runtime.limit_tables import LimitTables


def open_run(
    start: Start,
    plan: RunPlan,
    modules: DriverModules,
    open_stream: Callable[[Start], EventStream],
    interrupts: Interrupts,
) -> RunContext:
    """Checks what the run is started with and sends its first event.

    Raises ``RunRefused`` before that, and ``RunNotPossible`` when the journal cannot be written.
    """
    cases = plan.candidates()
    if start.retry is None:
        start = start._replace(request=check_start(start.request, _known_params(plan.sequence), cases))
        params, selection = dict(start.request.params), select(cases, start.request.only, start.request.tags)
    else:
        params, selection = dict(start.retry.report["params"]), None
        if start.retry.report["sequence"]["sha256"] != plan.about()["sha256"]:
            raise RunRefused(Reason("sequence_changed"), "sequence-changed")
    flow = Flow(plan, None if selection is None else needed(plan, selection), plan.sequence.get("on_fail", "continue"))
    modules.add_folders()
    tables = _limit_tables(plan, modules.folder)
    try:
        stream = open_stream(start)
    except OSError as error:
        detail = error.strerror or str(error)
        raise RunNotPossible(Reason("journal_not_opened", file=start.journal, detail=detail)) from None
    variant = _variant(plan, params)
    run = RunContext(
        start, plan, modules, stream=stream, interrupts=interrupts, flow=flow, params=params, variant=variant
    )
    run.selection, run.tables = selection, tables
    try:
        if start.retry is not None:
            _try_again(run, start.retry)
        elif start.resume is not None:
            _take_over(run, start.resume)
        else:
            _begin(run)
    except OSError as error:  # what is not written down has not been done
        detail = error.strerror or str(error)
        raise RunNotPossible(Reason("journal_not_written", file=start.journal, detail=detail)) from None
    return run


def open_idle(
    start: Start,
    plan: RunPlan,
    modules: DriverModules,
    tell: Callable[[Stamped], object],
    params: Mapping[str, Scalar] | None = None,
) -> RunContext:
    """What drivers are opened and closed in while there is no run: nothing is kept.

    Parameters have their defaults, but for ``params``; one of those that cannot be used has no value. ``tell`` hears
    what goes wrong. Raises ``StepError`` when the stand's facts cannot be used.
    """
    known, _ = read_params(_known_params(plan.sequence), params or {})
    modules.add_folders()
    stream = EventStream(None, None)
    stream.listeners.append(tell)
    run = RunContext(start, plan, modules, stream=stream, interrupts=Interrupts(), flow=Flow(plan), params=known)
    run.add_facts(start.request.record)
    return run


def _known_params(sequence: Mapping[str, Any]) -> list[Param]:
    params = [
        Param(name=name, **{**written, "one_of": tuple(written.get("one_of") or ())})
        for name, written in (sequence.get("params") or {}).items()
    ]
    if (variants := sequence.get("variants")) is not None:
        choice = {"variant_by": variants["by"], "variants": tuple(variants["values"])}
        params = [replace(param, **choice) if param.name == variants["param"] else param for param in params]
    return params


def _limit_tables(plan: RunPlan, folder: Path) -> LimitTables | None:
    """The limits beside the generated tests. Raises ``RunNotPossible`` for what is not as it was written."""
    if "tables" not in plan.sequence:
        return None
    # Imported here: most sequences have no tables.
    from sequencer.runtime.limit_tables import LimitTables

    try:
        return LimitTables.read(folder, plan.sequence["tables"])
    except (OSError, ValueError) as error:
        raise RunNotPossible(Reason("limits_damaged", detail=str(error))) from None


def _variant(plan: RunPlan, params: Mapping[str, Scalar]) -> str | None:
    """The run's variant; the start was checked. ``None`` where there are none."""
    variants = plan.sequence.get("variants")
    return None if variants is None else chosen_variant(variants["by"], variants["values"], params)


def _begin(run: RunContext) -> None:
    request, sequence = run.start.request, run.plan.sequence
    problem = None
    try:
        run.add_facts(request.record)
        if request.user is not None:
            run.record("user", request.user)
        run.add_facts(sequence.get("record") or {})
    except StepError as error:
        problem = Reason("facts", detail=error.reason)
    run.emit(
        RunStarted(
            run=run.start.run,
            sequence=dict(run.plan.about()),
            modules=run.plan.document(),
            hardseq=__version__,
            host=dict(request.host or {}),
            record=dict(run.facts),
            params=dict(run.params),
            selection=run.selection,
            simulated=request.simulate,
            debugged=request.debugged,
            tests_name=request.tests_name,
            variant=run.variant,
            slot={"name": request.slot.name, "number": request.slot.number} if request.start is not None else None,
            start=None if request.start is None else {"id": request.start.id, "slots": list(request.start.slots)},
        )
    )
    if problem is not None:
        run.flow.halt(problem)
        run.fail(problem)


def _try_again(run: RunContext, retry: RetryRequest) -> None:
    run.belong_to(retry.report)
    run.variables.update(retry.variables)
    run.emit(RetryStarted(run.start.run, retry.report, retry.numbers))


def _take_over(run: RunContext, resume: ResumeState) -> None:
    run.facts.update(resume.record)
    run.variables.update(resume.variables)
    for module, variables in resume.module_variables.items():
        run.module_variables[module] = dict(variables)
    run.flow.statuses.update(resume.statuses)
    run.flow.skip_kinds.update(resume.skip_kinds)
    if resume.stop_reason is not None:
        stopped = read_reason(resume.stop_reason)
        run.interrupts.stop_reason = stopped
        run.flow.stop(stopped)
    reason = read_reason(resume.reason)
    run.flow.halt(reason)
    run.emit(RunResumed(str(reason), coded(reason)))
