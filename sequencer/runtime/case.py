"""A case while it runs: what steps and generated code see of it (``steps.base.CaseContext``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from sequencer.expressions.expression import compile_expression, evaluate_template, evaluate_text, has_expression
from sequencer.expressions.value import to_data
from sequencer.report.event import (
    AFTER_RUN,
    Event,
    FactRecorded,
    FailureRecorded,
    OperatorMessageShown,
    RecordSection,
    Scope,
    StepStarted,
    UploadAsked,
)
from sequencer.runtime.drivers import DriverNotOpened, OpeningInterrupted
from sequencer.runtime.failures import (
    failure_text,
    generated_line,
    generated_place,
    kind_of,
    late,
    reason_of,
    step_failure,
)
from sequencer.runtime.flow import SkipReason
from sequencer.runtime.plan import PlannedCase
from sequencer.runtime.process_state import for_programs
from sequencer.runtime.run import RunContext
from sequencer.runtime.stepping import Pause, PauseChoice, RunningSteps
from sequencer.runtime.tries import RecordedCounts, Tries
from sequencer.steps.base import DialogAnswer, FoundLimits, StepRun
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.failure import CaseLeftOut, Interruption, StepError, StepFailed, Stopped, TimedOut, why
from sequencer.vocabulary.reason import Reason, read_reason
from sequencer.vocabulary.status import Status, verdict

if TYPE_CHECKING:
    from sequencer.report.dialog_description import DialogDescription

JUDGES_LEFT_OUT = SkipReason("condition", Reason("judges_left_out"))


class OnceFailed(StepFailed):
    """Leaves the ``once`` of a sync in which something failed, though its case goes on."""


class OnceErred(StepError):
    """As ``OnceFailed``, after an error."""


class EndedBranch(Protocol):
    """A branch of a case once it has ended: what failed in it, what it recorded and set, and what ended it early."""

    failures: list[FailureRecorded]
    ended: BaseException | None

    @property
    def tally(self) -> RecordedCounts:
        """What it has recorded and judged."""

    @property
    def variables(self) -> Mapping[str, object]:
        """Those that it saw and set."""


Branches = Mapping[str, Callable[..., object]]
"""Functions that are called with the case."""
BranchRunner = Callable[["AttemptContext", Branches], tuple[Sequence[EndedBranch], BaseException | None]]
"""Carries out branches at once (``runtime.branches``); gives them, and what interrupted the case meanwhile."""


class AttemptContext:
    """One attempt of a case, from a clean start; also a step that follows the run, which has no plan and whose failures
    change no verdict. ``not_opened`` is the driver that it could not have. ``spoken_failure`` is what a driver has
    recorded that its step fails by, ``spoken_later`` what it recorded from other threads, until it is ``over``.
    ``branch_runner`` carries out branches."""

    def __init__(self, run: RunContext, planned: PlannedCase | None, attempt: int = 1, **variables: object) -> None:
        self.full_name = AFTER_RUN if planned is None else planned.full_name
        self.attempt = attempt
        self.failures: list[FailureRecorded] = []
        self.simulated = run.start.request.simulate
        self.skip: SkipReason | None = None
        self._run = run
        self.planned = planned
        self._interrupts = run.interrupts
        self._variables: dict[str, Any] = variables
        self._steps: list[StepRun] = []
        self._tries: list[Tries] = []
        self._around = 0
        self._recorded: BaseException | None = None
        self._tally = RecordedCounts()
        self._empty_loop: str | None = None
        self._artifact: object = None
        self.not_opened: DriverNotOpened | None = None
        self.spoken_failure: StepFailed | StepError | None = None
        self.spoken_later: list[Callable[[], None]] = []
        self.over = False
        self.branch_runner: BranchRunner | None = None

    # What steps call.

    def environment(self) -> dict[str, str]:
        """See ``CaseContext``."""
        return for_programs(os.environ)

    def begin(self, step: StepRun) -> None:
        """See ``CaseContext``."""
        with self._interrupts:
            self._steps.append(step)
            if self._run.shared is not None:
                self._run.shared.at(self.full_name, step.place)
            self._run.emit(
                StepStarted(self.full_name, step.place, step.verb, self._label(step), step.call, step.timeout)
            )
            if step.timeout is not None:
                self._interrupts.begin(step, "step", step.timeout)

    def end(self, step: StepRun, error: BaseException | None) -> bool:
        """See ``CaseContext``. Raises the timeout that the step's body swallowed, or outlasted without noticing."""
        with self._interrupts:
            innermost = self._steps[-1] if self._steps else step
            if self._interrupts.is_due and step.call is not None:
                self._run.doubt(driver_of(step.call))  # even if it swallowed what struck it
            spoken = self._end_speaking() if self.spoken_failure is not None or self.spoken_later else None
            inside = self._close_steps(step)
            # A driver may have measured that the product is bad just as its case was to be left out.
            unsaid = error is None or isinstance(error, CaseLeftOut)
            swallowed = self._end_deadlines(inside, error) or (spoken if unsaid else None)
            survived = self._judge(step, innermost, inside, swallowed or error)
            if self._tries:
                self._tries = [tries for tries in self._tries if tries.depth <= self._depth]
            if swallowed is not None and not survived:
                raise swallowed
            return survived

    def value(self, template: Data) -> object:
        """See ``CaseContext``."""
        return evaluate_template(template, self._scope()) if has_expression(template) else template

    def read(self, member: object) -> object:
        """See ``CaseContext``."""
        return member() if callable(member) else member

    def text(self, template: str) -> str:
        """See ``CaseContext``."""
        return evaluate_text(template, self._scope()) if has_expression(template) else template

    def test(self, expression: str) -> bool:
        """See ``CaseContext``."""
        try:
            result = compile_expression(expression).evaluate(self._scope())
        except ValueError as error:
            raise StepError(Reason("expression_failed", expression=expression, detail=why(error))) from None
        if not isinstance(result, bool):
            raise StepError(Reason("not_boolean", expression=expression, found=f"{result!r:.100}"))
        return result

    def judged(self, *, limits: bool = False) -> None:
        """See ``CaseContext``."""
        self._tally.judged += 1
        self._tally.limited += limits

    def judges_nothing(self, place: str) -> None:
        """See ``CaseContext``."""
        self._tally.in_vain = True
        self._empty_loop = self._empty_loop or place

    def leave_out(self, reason: str) -> NoReturn:
        """See ``CaseContext``."""
        # What failed, in an earlier attempt or try as well, does not cease to apply.
        tried_before = any(tries.again for tries in self._tries)
        if self.attempt > 1 or tried_before or self._failure_since(0) is not None:
            raise StepFailed(Reason("skip_after_failure", reason=reason))
        raise CaseLeftOut(reason)

    def emit(self, event: Event) -> None:
        """See ``CaseContext``."""
        self._tally.add(event)
        self._run.emit(event)

    def table_row(self, reference: Mapping[str, object], measurement: str) -> FoundLimits:
        """See ``CaseContext``."""
        return self._run.table_row(reference, measurement)

    def save(self, name: str, value: object, scope: Scope = "case") -> None:
        """See ``CaseContext``."""
        if scope == "case":
            self._variables[name] = value
        else:
            self._run.save(self.full_name, self._module if scope == "module" else None, name, value)

    def record(self, section: RecordSection, data: object) -> None:
        """See ``CaseContext``."""
        with self._interrupts:
            if section == "artifact":
                self._artifact = self._run.record_artifact(self._module, self._artifact, data)
            else:
                data = self._run.record(section, data)
            self.emit(FactRecorded(self.full_name, section, to_data(data)))

    def sleep(self, seconds: float) -> None:
        """See ``CaseContext``."""
        self._interrupts.sleep(seconds)

    def hold(self, place: str, names: list[str], timeout: float | None = None) -> AbstractContextManager[None]:
        """See ``CaseContext``."""
        return self._run.hold(self.full_name, place, names, timeout)

    @contextmanager
    def sync(self, place: str, point: str, timeout: float | None = None, *, once: bool = False) -> Iterator[bool]:
        """See ``CaseContext``."""
        with (
            suppress(OnceFailed, OnceErred),
            self._run.sync(self.full_name, place, point, timeout, once=once) as meeting,
        ):
            failed, tally = len(self.failures), replace(self._tally)
            yield meeting.chosen
            if not meeting.chosen:
                self._tally.judged += meeting.judged
                self._tally.limited += meeting.limited
                return
            if (failure := self._failure_since(failed)) is not None:
                # The case goes on after a missed limit; for the others it is a failure nevertheless.
                kind = OnceErred if failure.kind == "error" else OnceFailed
                raise kind(read_reason(failure.coded_reason, failure.message))
            meeting.judged = self._tally.judged - tally.judged
            meeting.limited = self._tally.limited - tally.limited

    def attach(self, name: str, data: bytes, media_type: str | None) -> None:
        """See ``CaseContext``."""
        with self._interrupts:
            self._run.attach(self.full_name, name, data, media_type)

    def tries(self, times: int, delay: float = 0.0) -> Iterator[int]:
        """See ``CaseContext``."""
        tries = Tries(self.full_name, self._depth, times, self._tally)
        self._tries.append(tries)
        for number, failed in tries:
            if failed is not None:
                with self._interrupts:
                    self._run.emit(failed)
                self.sleep(delay)
            yield number
        self._tries.remove(tries)

    def stepping(self) -> RunningSteps:
        """For the code of a stepping run: a list of steps that can pause before each; see ``runtime.stepping``."""
        return RunningSteps(self._decide, self._skipped, self.test, self._named)

    def parallel(self, branches: Branches) -> None:
        """See ``CaseContext``."""
        assert self.branch_runner is not None
        if self._run.start.request.stepping:
            self._one_after_the_other(branches)
            return
        ended, outer = self.branch_runner(self, branches)
        before = dict(self._variables)
        for branch in ended:
            self.failures += branch.failures
            self._tally.take(branch.tally)
            changed = {name: value for name, value in branch.variables.items() if before.get(name, self) is not value}
            self._variables.update(changed)
        errors = [branch.ended for branch in ended if branch.ended is not None]
        stopped = next((error for error in errors if isinstance(error, Stopped)), None)
        error = outer or stopped or next(iter(errors), None)
        if error is not None:
            if any(error is each for each in errors):
                self._recorded = error  # the branch has told it
            raise error

    def _one_after_the_other(self, branches: Branches) -> None:
        """For somebody who looks at each step: at once, nobody could."""
        errors: list[Exception] = []
        for branch in branches.values():
            try:
                branch(self)
            except Exception as error:  # it was recorded, and ends its own branch alone
                errors.append(error)
        if errors:
            self._recorded = errors[0]
            raise errors[0]

    def ask(self, dialog: DialogDescription) -> DialogAnswer:
        """See ``CaseContext``."""
        return self._run.dialogs.ask(self.full_name, dialog)

    def upload(self, target: str) -> Mapping[str, object]:
        """See ``CaseContext``."""
        if self.planned is not None:
            raise StepError(Reason("upload_early"))
        if not self._run.start.uploads:
            return {"delivered": False, "status": None, "text": "these tests run without hardseq, which sends reports"}
        now = self._variables["verdict"]
        answer = self._run.dialogs.request(lambda identity: UploadAsked(self.full_name, identity, target, now))
        return answer if isinstance(answer, Mapping) else {}

    def tell(self, message: OperatorMessageShown) -> None:
        """See ``CaseContext``."""
        self._run.dialogs.show(message)

    # What the plugin calls.

    def execute(self, function: Callable[[], object]) -> None:
        """Runs the generated function; whatever it raises becomes failures of the attempt and goes no further."""
        error = self._interrupts.run(function)
        error = self.stop_clock() or error
        left_out = error if isinstance(error, CaseLeftOut) else None
        if error is not None and left_out is None and error is not self._recorded:
            self._fail_outside(error)
        self.over = True
        if (spoken := self._end_speaking()) is not None:
            self._fail_outside(spoken)
        if left_out is not None and not self.failures:
            self.skip = SkipReason("condition", left_out.reason)
        elif not self.failures and self.planned is not None:
            self._require_judgement(self.planned)

    def start_clock(self) -> None:
        """The timeout of the case runs from now on."""
        if self.planned is not None and self.planned.timeout is not None:
            self._interrupts.begin(self, "case", self.planned.timeout)

    def stop_clock(self) -> TimedOut | None:
        """No timeout of this attempt runs any more; the case's own when it was overrun and nobody said so yet."""
        for step in self._steps:
            self._interrupts.end(step)
        late = self._interrupts.end(self)
        return None if late is self._recorded else late

    def fail(self, error: BaseException) -> None:
        """Records what went wrong outside of the generated function, such as the opening of a driver."""
        if isinstance(error, DriverNotOpened):
            self.not_opened = error
        self._fail_outside(error.interruption if isinstance(error, OpeningInterrupted) else error)

    def account(self) -> str:
        """All failures in one text: place, what went wrong, a driver's traceback."""
        return "\n".join(map(failure_text, self.failures))

    @property
    def run(self) -> RunContext:
        """The run that it belongs to."""
        return self._run

    @property
    def innermost(self) -> StepRun | None:
        """The step that is under way."""
        return self._steps[-1] if self._steps else None

    @property
    def called(self) -> str | None:
        """The name of the driver that this step calls."""
        call = self._steps[-1].call if self._steps else None
        return None if call is None else driver_of(call)

    @property
    def variables(self) -> Mapping[str, object]:
        """Those of the attempt, which the steps after the run hand on from one to the next."""
        return self._variables

    @property
    def status(self) -> Status:
        """How the attempt ended."""
        if self.skip is not None:
            return "skipped"
        ended: set[Status] = {"passed"}
        ended.update("failed" if failure.kind == "timeout" else failure.kind for failure in self.failures)
        return verdict(ended)

    # The rest is between the two.

    @property
    def _module(self) -> str:
        return "" if self.planned is None else self.planned.module.id

    def _scope(self) -> Mapping[str, object]:
        module = self._run.module_variables.get(self._module, {})
        return self._run.scope({"attempt": self.attempt}, self._variables, module)

    def _label(self, step: StepRun) -> str:
        return self._named(step.name)

    def _end_speaking(self) -> StepFailed | StepError | None:
        """Records what drivers said from other threads; what they said that the step fails by."""
        while self.spoken_later:
            try:
                self.spoken_later.pop(0)()
            except StepError as refused:
                self.spoken_failure = self.spoken_failure or refused
        spoken, self.spoken_failure = self.spoken_failure, None
        return spoken

    def _failure_since(self, before: int) -> FailureRecorded | None:
        """The first one behind the first ``before``; one that another try of a step may make good is one, too."""
        tried = [tries.failure for tries in self._tries if tries.failure is not None]
        return next(iter([*self.failures[before:], *tried]), None)

    def _decide(self, pause: Pause) -> PauseChoice:
        def variables() -> Mapping[str, object]:
            module = self._run.module_variables.get(self._module, {})
            return {**self._run.variables, **module, **self._variables}

        return self._run.stepping.decide(self.full_name, pause, variables)

    def _named(self, name: str) -> str:
        try:
            return self.text(name)
        except StepError:
            return name  # the step itself says what is wrong with it

    def _skipped(self, pause: Pause) -> None:
        with self._interrupts:
            # Not even a later attempt that goes well shows that the product is good: somebody was in between.
            self._run.broken = self._run.broken or self.planned is not None
            where = generated_line(None, self._run.folder)
            skipped = Reason("skipped_by_hand")
            self._fail(
                FailureRecorded.because(
                    self.full_name,
                    "error",
                    skipped,
                    place=pause.place,
                    step=pause.label,
                    call=pause.call,
                    generated=where,
                )
            )

    def _require_judgement(self, planned: PlannedCase) -> None:
        """A case with steps that judge, none of which did, has proved nothing, or does not apply; likewise one with
        limits by which nothing was judged."""
        tally = self._tally
        if (tally.judged or not planned.judges) and (tally.limited or not planned.limited):
            return
        # What an earlier attempt failed at does not cease to apply.
        if tally.in_vain or self.attempt > 1 or not planned.judges:
            reason = Reason("no_measurement" if tally.judged else "nothing_judged")
            place = self._empty_loop or planned.place
            self._fail(FailureRecorded.because(self.full_name, "failed", reason, place=place))
        elif not tally.judged:
            self.skip = JUDGES_LEFT_OUT

    def _close_steps(self, step: StepRun) -> list[StepRun]:
        """Takes ``step`` off the open steps, with those inside it that an interruption left open."""
        position = self._steps.index(step) if step in self._steps else len(self._steps)
        inside = self._steps[position:]
        del self._steps[position:]
        return inside

    def _end_deadlines(self, steps: list[StepRun], error: BaseException | None) -> TimedOut | None:
        """Ends the clocks of ``steps``. A timeout of theirs is the error that counts, even if the body swallowed it."""
        late = None
        for step in steps:
            if step.timeout is not None:
                late = self._interrupts.end(step) or late
        return late if error is None else None

    def _judge(self, step: StepRun, innermost: StepRun, inside: list[StepRun], error: BaseException | None) -> bool:
        """Records ``error`` unless it already is; whether the case goes on in spite of it."""
        if error is None or isinstance(error, CaseLeftOut):
            return False
        self._doubt(error, innermost)
        tries = self._tries_left(error)
        if tries is not None:
            tries.failure = tries.failure or self._failure(error, innermost)
            if tries.depth == self._depth:
                self._recorded = None
                return True
        elif error is not self._recorded:
            self._recorded = error
            self._fail(self._failure(error, innermost), error)
        on_fail = step.on_fail or ("continue" if step.survives_failure and kind_of(error) == "failed" else "stop")
        survives = on_fail == "continue" and not self._is_fatal(error)
        if survives:
            self._recorded = None
        return survives

    def _is_fatal(self, error: BaseException) -> bool:
        """A stop, or a timeout of something around the step, is nothing that a step could bear or try again."""
        return isinstance(error, Stopped) or (isinstance(error, TimedOut) and self._interrupts.is_open(error))

    def _tries_left(self, error: BaseException) -> Tries | None:
        """Those that make good for ``error`` where the next one goes well."""
        return None if self._is_fatal(error) else next((each for each in reversed(self._tries) if not each.last), None)

    def _begin_inside(self, case: AttemptContext) -> None:
        """This one's steps are inside those that are open in ``case``, and tried again with them."""
        self._around = case._depth
        self._tries = list(case._tries)

    @property
    def _depth(self) -> int:
        """How many steps are open."""
        return self._around + len(self._steps)

    def _failure(self, error: BaseException, step: StepRun) -> FailureRecorded:
        return step_failure(self.full_name, error, step, self._label(step), self._run.folder)

    def _doubt(self, error: BaseException, step: StepRun) -> None:
        """Whatever came out of a driver's call but a missed limit puts the driver in doubt."""
        if step.call is not None and not isinstance(error, StepFailed | StepError):
            self._run.doubt(driver_of(step.call))

    def _fail_outside(self, error: BaseException) -> None:
        if self._steps:
            self._doubt(error, self._steps[-1])
            self._fail(self._failure(error, self._steps[-1]), error)
            return
        reason = late(error, None) if isinstance(error, TimedOut) else reason_of(error)
        if isinstance(error, Interruption) and self._run.opening is not None:
            opening = Reason("opening_driver", driver=self._run.opening)
            reason = Reason("with_detail", reason=reason, detail=opening)
            self._run.opening = None
        place = error.place if isinstance(error, StepError) else None
        place = place or generated_place(error.__traceback__, self._run.folder)
        if place is None and self.planned is not None:
            place = self.planned.place
        where = generated_line(error, self._run.folder)
        self._fail(FailureRecorded.because(self.full_name, kind_of(error), reason, place=place, generated=where), error)

    def _fail(self, failure: FailureRecorded, error: BaseException | None = None) -> None:
        failure.after = self._run.after
        self.failures.append(failure)
        self._run.emit(failure)
        if error is not None and self._run.debugger is not None:
            self._run.debugger.open(error, self._run.folder)


def driver_of(call: str) -> str:
    """The name of the driver in ``driver.method``."""
    return call.partition(".")[0]
