"""What one slot does for all at a sync: its failure is told to the others, whether or not its own case goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from sequencer.protocol.meeting import Meeting
from sequencer.runtime.case import JUDGES_LEFT_OUT, AttemptContext
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.plan import PlannedCase, PlannedModule
from sequencer.steps.check import Check
from sequencer.steps.group import Steps
from sequencer.steps.measure import Measure
from sequencer.steps.sync import Sync
from sequencer.vocabulary.failure import StepFailed


class Others:
    """A run whose other slots hear how what is done for them ended: ``None`` when it went well."""

    def __init__(self) -> None:
        self.heard: list[str | None] = []
        self.raised: list[type[BaseException]] = []
        self.chosen = True
        self.judged = 0, 0
        self.meeting = Meeting(True)
        self.interrupts = Interrupts()
        self.shared = None
        self.start = SimpleNamespace(request=SimpleNamespace(simulate=False))
        self.folder = Path("/nowhere")
        self.after = None
        self.debugger = None
        self.module_variables: dict[str, dict[str, object]] = {}

    def emit(self, event: object) -> None: ...

    def doubt(self, name: str) -> None: ...

    def scope(self, *inner: dict[str, object]) -> dict[str, object]:
        return {name: value for each in inner for name, value in each.items()}

    @contextmanager
    def sync(self, case: str, place: str, point: str, timeout: float | None, *, once: bool) -> Iterator[Meeting]:
        self.meeting = Meeting(self.chosen, *self.judged)
        try:
            yield self.meeting
        except BaseException as error:
            self.heard.append(str(error))
            self.raised.append(type(error))
            raise
        self.heard.append(None)


@pytest.fixture
def others() -> Iterator[Others]:
    run = Others()
    yield run
    run.interrupts.close()


def judged(run: Others, body: Callable[[AttemptContext], None]) -> AttemptContext:
    """Runs the steps of a case that judges by limits."""
    planned = PlannedCase("a", PlannedModule("main", "Main"), "A", place="s:1:1", judges=True, limited=True)
    case = AttemptContext(run, planned)  # type: ignore[arg-type]
    case.execute(lambda: body(case))
    return case


def attempt(run: Others, body: Callable[[AttemptContext], None]) -> list[str]:
    """Runs the steps; the failures of the case."""
    return [failure.message for failure in judged(run, body).failures]


def measure(case: AttemptContext, volts: float) -> None:
    with Measure(case, "s:2:1", "Rail", limits=[4, 6]) as step:
        step.value = volts


def once(case: AttemptContext, *volts: float) -> None:
    """A sync at which one slot measures."""
    with Sync(case, "s:1:1", "hot", once=True) as chosen:
        if chosen:
            for each in volts:
                measure(case, each)


def test_what_went_well_is_told_as_such(others: Others) -> None:
    """The others go on."""
    assert attempt(others, lambda case: once(case, 5.0)) == []
    assert others.heard == [None]


def test_a_missed_limit_fails_for_all_though_the_case_goes_on(others: Others) -> None:
    """A measurement lets its case go on; the others must not take that for a success. Its failure is told once."""
    went_on: list[bool] = []

    def body(case: AttemptContext) -> None:
        once(case, 5.0, 3.0, 2.0)
        went_on.append(True)

    failures = attempt(others, body)
    assert [failure.partition(":")[0] for failure in failures] == ["Rail", "Rail"]
    assert others.heard == [failures[0]]
    assert went_on == [True]


def test_what_ends_the_case_fails_for_all(others: Others) -> None:
    """The failure of the step is that of its case, and theirs."""

    def body(case: AttemptContext) -> None:
        with Sync(case, "s:1:1", "hot", once=True) as chosen:
            if chosen:
                Check(case, "s:2:1", "1 == 2").run()

    assert attempt(others, body) == others.heard
    assert len(others.heard) == 1


def test_an_error_that_its_case_survives_is_an_error_of_all(others: Others) -> None:
    """An error judges no product, here as there; a missed limit is a failure."""

    def body(case: AttemptContext) -> None:
        with Sync(case, "s:1:1", "hot", once=True) as chosen:
            if chosen:
                Check(case, "s:2:1", "nothing > 2", on_fail="continue").run()

    attempt(others, body)
    attempt(others, lambda case: once(case, 3.0))
    assert [issubclass(kind, StepFailed) for kind in others.raised] == [False, True]


def test_what_failed_before_is_no_failure_of_theirs(others: Others) -> None:
    """Only what one slot does for all is told to all."""

    def body(case: AttemptContext) -> None:
        measure(case, 3.0)
        once(case, 5.0)

    assert len(attempt(others, body)) == 1
    assert others.heard == [None]


def test_a_try_that_another_one_makes_good_is_told_by_where_the_tries_are(others: Others) -> None:
    """Inside, the last try counts; around it, this slot comes again and the others would have gone on."""

    def inside(case: AttemptContext) -> None:
        volts = iter([3.0, 5.0])
        with Sync(case, "s:1:1", "hot", once=True) as chosen:
            if chosen:
                for _ in case.tries(2):
                    measure(case, next(volts))

    def around(case: AttemptContext) -> None:
        volts = iter([3.0, 5.0])
        for _ in case.tries(2):
            with Steps(case, "s:1:1"):
                once(case, next(volts))

    assert attempt(others, inside) == []
    assert others.heard == [None]
    assert attempt(others, around) == []
    assert [told is None for told in others.heard] == [True, False, True]


def test_who_is_not_chosen_tells_nothing(others: Others) -> None:
    """What fails in another slot after the sync is its own."""
    others.chosen = False

    def body(case: AttemptContext) -> None:
        once(case, 3.0)
        with suppress(StepFailed):
            measure(case, 3.0)

    assert len(attempt(others, body)) == 1
    assert others.heard == [None]


def test_how_much_was_judged_for_all_is_told(others: Others) -> None:
    """Checks and limits, those of the steps under ``once`` alone."""

    def body(case: AttemptContext) -> None:
        measure(case, 5.0)
        with Sync(case, "s:1:1", "hot", once=True) as chosen:
            if chosen:
                measure(case, 5.0)
                Check(case, "s:2:1", "1 == 1").run()

    assert judged(others, body).status == "passed"
    assert (others.meeting.judged, others.meeting.limited) == (2, 1)


@pytest.mark.parametrize(("there", "status"), [((1, 1), "passed"), ((2, 0), "passed"), ((0, 0), "skipped")])
def test_what_was_judged_for_all_is_judged_in_each(others: Others, there: tuple[int, int], status: str) -> None:
    """A case whose limits stand under ``once`` passes where another slot measured; where nobody did, it does not."""
    others.chosen, others.judged = False, there
    case = judged(others, lambda case: once(case, 3.0))
    assert case.status == status
    assert (case.skip is JUDGES_LEFT_OUT) is (status == "skipped")
