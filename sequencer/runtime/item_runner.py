"""How one pytest item runs: whether at all, how often, and what becomes known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from sequencer.report.event import (
    AfterRunFinished,
    AfterRunStarted,
    CaseFinished,
    CaseStarted,
    RetryFinished,
    RunFinished,
)
from sequencer.runtime import pytest_private, under_way
from sequencer.runtime.case import AttemptContext, Branches, EndedBranch
from sequencer.runtime.flow import SkipReason
from sequencer.runtime.phases import EndedPhase, Phases
from sequencer.runtime.plan import PlannedCase, PlannedModule
from sequencer.runtime.run import RunContext
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason, coded, read_reason, sentence
from sequencer.vocabulary.status import Status, Untested


def _run_branches(case: AttemptContext, branches: Branches) -> tuple[Sequence[EndedBranch], BaseException | None]:
    # Imported here: few cases have branches.
    from sequencer.runtime.branches import run_branches

    return run_branches(case, branches)


class StepAfter(NamedTuple):
    """Step ``number`` of the ``last`` steps that follow a run; whether its failure ``ends_rest``."""

    number: int
    last: int
    ends_rest: bool


class ItemRunner:
    """Runs items one after the other. ``attempt`` is the attempt under way: what the ``case`` fixture gives; ``phases``
    are how an item runs."""

    def __init__(self, run: RunContext, config: pytest.Config) -> None:
        self.run = run
        self.phases = Phases(config, self.setup, self.call)
        self.attempt: AttemptContext | None = None
        self._flow = run.flow
        self._skip: SkipReason | None = None
        self._bad_condition: StepError | None = None
        self._module_conditions: dict[PlannedModule, bool] = {}
        self._after_variables: Mapping[str, object] = {}
        self._ended_after: SkipReason | None = None

    # What the plugin's hooks call.

    def run_case(self, item: pytest.Item, case: PlannedCase, nextitem: pytest.Item | None) -> None:
        """All attempts of a case; only the last one's reports reach pytest."""
        if case.full_name in self._flow.statuses:
            self._leave_sync_points(case)
            return  # it ran in the process that this one takes over from
        interrupts = self.run.interrupts
        if interrupts.stop_reason is not None:
            self._flow.stop(interrupts.stop_reason)
        interrupts.stoppable = not case.is_teardown
        self._bad_condition = None
        self._skip = (
            self._flow.reason_to_skip(case) or self._unmet_condition(case) or self._flow.failed_dependency(case)
        )
        facts = dict(self.run.facts)
        for number in range(1, case.attempts + 1):
            if number > 1:
                interrupts.run(lambda: interrupts.sleep(case.attempt_delay))
                # What the failed attempt wrote down about the product was not its last word.
                self.run.facts = dict(facts)
                pytest_private.begin_anew(item)
            self.attempt = AttemptContext(self.run, case, number)
            self.attempt.branch_runner = _run_branches
            phases, again = self._attempt(self.attempt, item, case, nextitem)
            if not again:
                break
        self._publish(item, phases)

    def take_over(self, items: Mapping[pytest.Item, PlannedCase]) -> None:
        """Tells pytest-dependency what passed in the process before this one."""
        for item, case in items.items():
            if self._flow.statuses.get(case.full_name) == "passed":
                pytest_private.add_passed(item, case.full_name)

    def run_after(self, item: pytest.Item, step: StepAfter, nextitem: pytest.Item | None, **variables: Any) -> None:
        """A step that follows the run. What an earlier one saved is there; that it failed keeps no other from running,
        unless it said so."""
        self.run.interrupts.stoppable = self.run.start.retry is not None
        self.run.after = step.number
        self.run.emit(AfterRunStarted(step.number, step.last))
        self._skip = self._ended_after
        self.attempt = attempt = AttemptContext(self.run, None, **{**self._after_variables, **variables})
        attempt.branch_runner = _run_branches
        if self._skip is not None:
            self.run.fail(self._skip.reason, after=step.number)
        phases = self._setup_and_call(attempt, item)
        self.run.emit(AfterRunFinished(step.number, self._skip is None and not attempt.failures))
        phases.append(self.phases.teardown(item, nextitem))
        self._after_variables = attempt.variables
        if attempt.failures and step.ends_rest:
            self._ended_after = SkipReason("on_fail", Reason("left_out_after", number=step.number))
        self._publish(item, phases)

    def setup(self, item: pytest.Item) -> None:
        """Called first in pytest's setup phase: no driver is open yet."""
        attempt = self.attempt
        if attempt is None:
            return
        if self._skip is not None:
            pytest.skip(str(self._skip.reason))
        if attempt.planned is None:
            return
        if self.run.shared is not None:
            self.run.shared.begin_case(attempt.planned)
        self.run.emit(CaseStarted(attempt.full_name, attempt.attempt, attempt.planned.timeout))
        under_way.begin(attempt)
        attempt.start_clock()
        if self._bad_condition is not None:
            raise self._bad_condition

    def call(self, item: pytest.Function) -> None:
        """Called in pytest's call phase. Raises pytest's own failure, without a traceback, when the attempt failed."""
        attempt = self.attempt
        assert attempt is not None
        function, arguments = item.obj, {name: item.funcargs[name] for name in pytest_private.argument_names(item)}
        attempt.execute(lambda: function(**arguments))
        if attempt.skip is not None:
            pytest.skip(str(attempt.skip.reason))
        if attempt.failures:
            pytest.fail(attempt.account(), pytrace=False)

    def finish(self) -> Status:
        """The end of the run: its verdict, as an event."""
        status, _ = self.verdict()
        retry = self.run.start.retry
        if retry is not None:
            stopped = self.run.interrupts.stop_reason
            self.run.emit(RetryFinished(sentence(stopped), coded(stopped)))
            return retry.report["status"]
        stopped = self._flow.stop_reason if self._flow.interrupted else None
        self.run.emit(RunFinished(status, sentence(stopped), coded(stopped)))
        return status

    def verdict(self) -> tuple[Status, Untested | None]:
        """The verdict so far; see ``Flow.verdict``."""
        return self._flow.verdict(broken=self.run.broken)

    # The rest is between the two.

    def _attempt(
        self, attempt: AttemptContext, item: pytest.Item, case: PlannedCase, nextitem: pytest.Item | None
    ) -> tuple[list[EndedPhase], bool]:
        phases = self._setup_and_call(attempt, item)
        status: Status = "skipped" if phases[0].skipped else attempt.status
        kind, reason = attempt.skip or (self._skip if status == "skipped" else None) or (None, None)
        again = status in ("failed", "error") and attempt.attempt < case.attempts and self._may_try_again(case)
        if attempt.not_opened is not None and not again:
            attempt.not_opened.give_up()
        words = sentence(reason)
        self.run.emit(CaseFinished(case.full_name, status, attempt.attempt, not again, words, kind, coded(reason)))
        if status == "stopped":
            # Also when it was the operator who closed a dialog, of which nobody else knows.
            last = attempt.failures[-1]
            self._flow.stop(read_reason(last.coded_reason, last.message))
        if not again:
            self._flow.finished(case, status, kind)
            self._leave_sync_points(case)
        # Between two attempts only what belongs to the case is torn down: its parent is what comes next.
        phases.append(self.phases.teardown(item, item.parent if again else nextitem))
        return phases, again

    def _setup_and_call(self, attempt: AttemptContext, item: pytest.Item) -> list[EndedPhase]:
        # What pytest would ask fixtures for, at a fraction of the cost.
        assert isinstance(item, pytest.Function)
        item.funcargs["case"] = attempt
        pytest_private.take_lasting(item)
        setup = self.phases.setup(item)
        phases = [setup]
        if setup.passed:
            phases.append(self.phases.call(item))
        elif not setup.skipped and setup.error is not None:
            attempt.fail(setup.error)
        attempt.stop_clock()
        self.run.leave_doubtful()
        under_way.end()
        return phases

    def _publish(self, item: pytest.Item, phases: list[EndedPhase]) -> None:
        self.attempt = None
        self.phases.publish(phases)
        pytest_private.release(item)

    def _leave_sync_points(self, case: PlannedCase) -> None:
        """The other slots wait for this one neither where it has been, nor where it will not come any more."""
        if self.run.shared is None:
            return
        left_out = [] if self._flow.halted is None else self.run.plan.cases.values()
        skipped = [point for each in left_out if not each.is_teardown for point in each.sync_points]
        self.run.shared.client.leave([*case.sync_points, *skipped])

    def _may_try_again(self, case: PlannedCase) -> bool:
        return case.is_teardown or self._flow.halted is None

    def _unmet_condition(self, case: PlannedCase) -> SkipReason | None:
        module = case.module
        if module.when is None and case.when is None:
            return None
        context = AttemptContext(self.run, case)
        try:
            if module.when is not None:
                if module not in self._module_conditions:
                    self._module_conditions[module] = _test(context, module.when, module.when_place)
                if not self._module_conditions[module]:
                    return SkipReason("module_condition", Reason("module_condition", expression=module.when))
            if case.when is not None and not _test(context, case.when, case.when_place):
                return SkipReason("condition", Reason("condition", expression=case.when))
        except StepError as error:
            self._bad_condition = error
        return None


def _test(context: AttemptContext, condition: str, place: str | None) -> bool:
    """The condition of a case or module. Raises ``StepError`` with its place in the YAML."""
    try:
        return context.test(condition)
    except StepError as error:
        raise StepError(error.reason, place) from None
