"""From the start command to the first event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sequencer import __version__
from sequencer.protocol.params import read_params
from sequencer.protocol.selection import UnknownSelection, named, select
from sequencer.protocol.start import ResumeState, RetryRequest, StartCommand
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

CHANGED = "the sequence was changed since that run: the steps after it are others now"


class StartRefused(ValueError):
    """There is no run: a parameter or a name of the selection is wrong."""


class StartNotPossible(StartRefused):
    """There is no run, whatever it is asked to do: the journal cannot be written."""


def open_run(
    start: StartCommand,
    plan: RunPlan,
    modules: DriverModules,
    open_stream: Callable[[StartCommand], EventStream],
    interrupts: Interrupts,
) -> RunContext:
    """Checks what the run is started with and sends its first event. Raises ``StartRefused`` before that."""
    params = _params(plan.sequence, start.params) if start.retry is None else dict(start.retry.report["params"])
    if start.retry is not None and start.retry.report["sequence"]["sha256"] != plan.about()["sha256"]:
        raise StartRefused(CHANGED)
    try:
        selection = select(plan.candidates(), start.only, start.tags)
        named(plan.candidates(), start.breaks)
    except UnknownSelection as error:
        raise StartRefused(str(error)) from None
    flow = Flow(plan, None if selection is None else needed(plan, selection), plan.sequence.get("on_fail", "continue"))
    modules.add_folders()
    try:
        stream = open_stream(start)
    except OSError as error:
        raise StartNotPossible(f"the journal {start.journal} cannot be opened: {error.strerror or error}") from None
    run = RunContext(start, plan, modules, stream, interrupts, flow, params)
    run.selection = selection
    try:
        if start.retry is not None:
            _try_again(run, start.retry)
        elif start.resume is not None:
            _take_over(run, start.resume)
        else:
            _begin(run)
    except OSError as error:  # what is not written down has not been done
        raise StartNotPossible(f"the journal {start.journal} cannot be written: {error.strerror or error}") from None
    return run


def open_idle(
    start: StartCommand, plan: RunPlan, modules: DriverModules, tell: Callable[[Stamped], object]
) -> RunContext:
    """What drivers are opened and closed in while there is no run: parameters have their defaults, nothing is kept.

    ``tell`` hears what goes wrong. Raises ``StepError`` when the stand's facts cannot be used.
    """
    params, _ = read_params(_known_params(plan.sequence), {})
    modules.add_folders()
    stream = EventStream(None, None)
    stream.listeners.append(tell)
    run = RunContext(start, plan, modules, stream, Interrupts(), Flow(plan), params)
    run.add_facts(start.record)
    return run


def _known_params(sequence: Mapping[str, Any]) -> list[Param]:
    return [
        Param(name=name, **{**written, "one_of": tuple(written.get("one_of") or ())})
        for name, written in (sequence.get("params") or {}).items()
    ]


def _params(sequence: Mapping[str, Any], given: Mapping[str, Scalar]) -> dict[str, Scalar]:
    values, errors = read_params(_known_params(sequence), given)
    if errors:
        raise StartRefused("; ".join(f"parameter {name!r} {what}" for name, what in errors.items()))
    return values


def _begin(run: RunContext) -> None:
    start, sequence = run.start, run.plan.sequence
    problem = None
    try:
        run.add_facts(start.record)
        if start.user is not None:
            run.record("user", start.user)
        run.add_facts(sequence.get("record") or {})
    except StepError as error:
        problem = f"the facts that stand above the modules: {error}"
    run.emit(
        RunStarted(
            run=start.run,
            sequence=run.plan.about(),
            modules=run.plan.document(),
            hardseq=__version__,
            host=dict(start.host),
            record=dict(run.facts),
            params=dict(run.params),
            selection=run.selection,
            simulated=start.simulate,
            debugged=start.debugged,
            tests_name=start.tests_name,
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
        run.interrupts.stop_reason = resume.stop_reason
        run.flow.stop(resume.stop_reason)
    run.flow.halt(resume.reason)
    run.emit(RunResumed(resume.reason))
