"""The run of one pytest session, whoever started it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from sequencer.protocol.commands import Start, Warm
from sequencer.protocol.request import RunNotPossible, RunRefused
from sequencer.runtime import pytest_private
from sequencer.runtime.case import AttemptContext
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.driver_declarations import DriverDeclaration, declared_drivers
from sequencer.runtime.driver_modules import DriverModules
from sequencer.runtime.item_runner import ItemRunner, StepAfter
from sequencer.runtime.opening import open_idle, open_run
from sequencer.runtime.plan import RunPlan, arrange, ends_rest, steps_after, unplanned
from sequencer.runtime.process_state import ProcessState
from sequencer.runtime.requirements import check_requirements
from sequencer.runtime.stand import StandDrivers, tell
from sequencer.runtime.stream import EventStream
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.status import Status, Untested

if TYPE_CHECKING:
    from sequencer.report.fold import Fold
    from sequencer.runtime.run import RunContext


class Front(Protocol):
    """Who starts the run and hears of it: the runner at the other end of a pipe, or the user of plain pytest."""

    def await_start(self, plan: RunPlan, *, keeps: bool, warm: Callable[[Warm], None]) -> Start | None:
        """How to run; ``None`` when there is to be no run. Raises ``RunRefused``.

        ``keeps`` says whether drivers could stay open for runs after this one; ``warm`` makes it so, and opens them.
        """

    def collects_all(self, folder: Path) -> bool:
        """Whether all tests of the generated project in ``folder`` were to be collected."""

    def refuse(self, refusal: RunRefused | RunNotPossible) -> None:
        """Tells why there is no run. May raise."""

    def hold_kept(self) -> None:
        """From now on others see that drivers of scope ``stand`` are open here. Said twice it is harmless."""

    def release_kept(self) -> None:
        """None is any more."""

    def open_stream(self, start: Start) -> EventStream:
        """Where events go. Raises ``OSError``."""

    def announce(self, seconds: float | None) -> None:
        """Tells how long the nearest deadline is away."""

    def connect(self, run: RunContext) -> None:
        """From now on stops and answers arrive."""

    def close(self, run: RunContext) -> None:
        """The run is over."""


class RunSession:
    """Ties a session's items to the run. ``protocol`` is ``None`` until the run has started."""

    def __init__(
        self, session: pytest.Session, plan: RunPlan, folder: Path, front: Front, drivers: list[DriverDeclaration]
    ) -> None:
        self.protocol: ItemRunner | None = None
        self._session = session
        self._plan = plan
        self._modules = DriverModules(folder, plan.sequence.get("driver_folders", ()))
        self._process_state: ProcessState | None = None
        self._after = steps_after(item for item in session.items if item not in plan.by_item)
        self._front = front
        self._fold: Fold | None = None
        self._drivers = drivers
        self._stand: StandDrivers | None = None
        self._warm_for: Start | None = None

    @property
    def context(self) -> RunContext:
        """The started run."""
        assert self.protocol is not None
        return self.protocol.run

    @property
    def attempt(self) -> AttemptContext | None:
        """The attempt under way."""
        return None if self.protocol is None else self.protocol.attempt

    def start(self) -> bool:
        """Waits for the start and begins; false when there is nothing to run. After a refusal it waits for another."""
        run = None
        while run is None:
            try:
                asked = self._front.await_start(self._plan, keeps=bool(self._stand_drivers()), warm=self._warm)
                if asked is None:
                    return False
                self._hold_kept(asked)
                self._process_state = ProcessState()
                run = open_run(asked, self._plan, self._modules, self._open_stream, Interrupts(self._front.announce))
            except (RunRefused, RunNotPossible) as refusal:
                self._front.refuse(refusal)
        start = run.start
        self.protocol = ItemRunner(run, self._session.config)
        if start.resume is not None:
            self.protocol.take_over(self._plan.by_item)
        run.stand = self._stand
        self._front.connect(run)
        if run.shared is not None:
            run.shared.connect()
        if start.resume is None and start.retry is None:
            check_requirements(run, self._drivers)
        return True

    def run_items(self) -> None:
        """All items, as pytest runs them."""
        session, items = self._session, self._items()
        for item, nextitem in zip(items, [*items[1:], None], strict=True):
            if self._is_given_up():
                break
            if not self._runs_unheard(item, nextitem):
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)

    def _runs_unheard(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Runs one of which no plugin wants to hear; false, and nothing is done, with any other."""
        if self.protocol is None or self.protocol.phases.are_heard(item):
            return False
        return self.run_item(item, nextitem) is not None

    def _items(self) -> list[pytest.Item]:
        """What is to run: everything that was collected, or of a run that is over the steps to try again."""
        items = self._session.items
        retry = None if self.protocol is None else self.context.start.retry
        return items if retry is None else [item for item in items if self._after.get(item) in retry.numbers]

    def _is_given_up(self) -> bool:
        """Whether the rest of the steps that are tried again stays as it is."""
        if self.protocol is None or self.context.start.retry is None:
            return False
        return self.context.journal_lost or self.context.interrupts.stop_reason is not None

    def serves_on(self) -> bool:
        """Whether other runs follow in this process; then this one is ended, and nothing of it is left."""
        if self._stand is None:
            return False
        pytest_private.tear_down_all(self._session)
        self.finish()
        self._forget()
        return True

    def _stand_drivers(self) -> list[DriverDeclaration]:
        items = self._session.items
        return [each for each in self._drivers if each.how.get("scope") == "stand" and each.is_used(items)]

    def _hold_kept(self, start: Start) -> None:
        simulate = start.request.simulate
        if any(not (simulate and driver.how.get("simulate")) for driver in self._stand_drivers()):
            self._front.hold_kept()

    def _forget(self) -> None:
        """Leaves nothing of a run to the next one; what fixtures had is torn down already."""
        self._fold = None
        pytest_private.forget_dependencies(self._session)
        if self._process_state is not None:
            self._process_state.restore()
        self._modules.forget()
        gc.collect()

    def _warm(self, warm: Warm) -> None:
        """Imports drivers, and opens those of the stand, while nobody waits for them; these stay open from now on."""
        start = Start(run="", request=warm.request)
        self._import_drivers(warm.request.simulate, warm.request.slot.count)
        if not self._stand_drivers():
            return
        self._hold_kept(start)
        if self._stand is None:
            self._stand = StandDrivers()
        self._warm_for = start
        with self._between_runs(start) as run:
            if run is not None:
                self._stand.warm(run, self._stand_drivers())

    def _import_drivers(self, simulate: bool, slots: int) -> None:
        self._modules.add_folders()
        for driver in self._drivers:
            # What slots share is imported where it is opened.
            if driver.is_used(self._session.items) and not (slots > 1 and driver.how.get("shared", False)):
                # What is wrong with it the run says, in the case that needs it.
                with suppress(Exception, SystemExit):
                    source = (driver.how.get("simulate") if simulate else None) or driver.how
                    self._modules.load(source, for_stand=driver.how.get("scope") == "stand")

    def _close_stand(self) -> None:
        stand, self._stand = self._stand, None
        if stand is not None and self._warm_for is not None:
            with self._between_runs(self._warm_for) as run:
                if run is not None:
                    stand.close(run)

    @contextmanager
    def _between_runs(self, start: Start) -> Iterator[RunContext | None]:
        try:
            run = open_idle(start, self._plan, self._modules, tell)
        except StepError:
            yield None  # the facts of the stand are wrong: the run says so
            return
        self._front.connect(run)
        try:
            yield run
        finally:
            run.interrupts.close()
            self._front.close(run)

    def run_item(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Runs a case, or the steps after the run; ``None`` leaves any other item to pytest."""
        protocol = self.protocol
        case = self._plan.by_item.get(item)
        if protocol is None or (case is None and item not in self._after):
            return None
        if pytest_private.is_spent(item):
            pytest_private.begin_anew(item)
        heard = protocol.phases.are_heard(item)
        hook = item.config.hook
        if heard:
            hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        if case is None:
            step = StepAfter(self._after[item], max(self._after.values()), ends_rest(item))
            verdict, report = self._verdict(*protocol.verdict())
            protocol.run_after(item, step, nextitem, verdict=verdict, report=report)
        else:
            protocol.run_case(item, case, nextitem)
        if heard:
            hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _open_stream(self, start: Start) -> EventStream:
        stream = self._front.open_stream(start)
        if self._after and start.retry is None:
            # Only steps after the run ask for the report.
            from sequencer.report.fold import Fold, read_journal

            self._fold = Fold(start.run)
            if start.resume is not None and start.journal is not None:
                with Path(start.journal).open("rb") as journal:
                    for stamped in read_journal(journal):
                        self._fold.apply(stamped)
            stream.listeners.append(self._fold.apply)
        return stream

    def _verdict(self, status: Status, untested: Untested | None) -> tuple[Status, Mapping[str, object]]:
        """The verdict and the report as they will be, if nothing goes wrong any more.

        Those of a run that is over are the stored ones.
        """
        retry = self.context.start.retry
        if retry is not None:
            return retry.report["status"], retry.report
        so_far: Mapping[str, object] = {} if self._fold is None else self._fold.begun()
        return status, {**so_far, "status": status, "untested": untested}

    def end(self) -> None:
        """Ends the run, and what was kept open for further ones."""
        self.finish()
        self._close_stand()
        self._front.release_kept()

    def finish(self) -> None:
        """Ends the run; a session whose run did not pass is no success for pytest either."""
        if self.protocol is None:
            return
        run = self.protocol.run
        run.preopened.close()
        if self._stand is None:  # who hears that the run is over may open them
            self._front.release_kept()
        status = self.protocol.finish()
        self.protocol = None
        if run.shared is not None:
            run.shared.close()
        run.interrupts.close()
        self._front.close(run)
        if status != "passed" and self._session.exitstatus == pytest.ExitCode.OK:
            self._session.exitstatus = pytest.ExitCode.TESTS_FAILED


SESSION = pytest.StashKey[RunSession]()
FRONT = pytest.StashKey[Front]()


def prepare(
    session: pytest.Session,
    items: list[pytest.Item],
    collected: list[pytest.Item],
    make_front: Callable[[pytest.Config], Front],
) -> None:
    """Arranges the items of a generated project; leaves those of any other folder alone.

    ``collected`` is what there was before any was deselected. When it is not what was planned, nothing runs.
    """
    config = session.config
    conftest = next((each for each in config.pluginmanager.get_plugins() if _is_generated(each)), None)
    if conftest is None:
        return
    folder = Path(conftest.__file__).parent
    front = config.stash.get(FRONT, None) or make_front(config)
    if items != collected:
        # Whatever other plugins left out; but none of them knows what order a sequence has to keep.
        left, known = set(items), set(collected)
        items[:] = [*(item for item in collected if item in left), *(item for item in items if item not in known)]
    plan = arrange(items, conftest.SEQUENCE)
    everything = plan if len(items) == len(collected) else arrange(collected, conftest.SEQUENCE)
    whole = not session.testsfailed and front.collects_all(folder)
    if difference := unplanned(everything, collected, whole=whole):
        items.clear()
        front.refuse(RunRefused(Reason("not_as_planned", detail=difference)))
        return
    config.stash[SESSION] = RunSession(session, plan, folder, front, declared_drivers(conftest))


def _is_generated(plugin: object) -> bool:
    return isinstance(getattr(plugin, "SEQUENCE", None), Mapping) and hasattr(plugin, "__file__")
