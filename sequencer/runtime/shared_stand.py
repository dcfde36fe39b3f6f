"""What the slots of a stand share, as a run has it: drivers, holds, sync points, and the events of waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Unpack

from sequencer.report.event import Event, WaitFinished, WaitStarted
from sequencer.runtime.drivers import DriverOwner, OpenDriver
from sequencer.runtime.stand_client import SharedDriverSource, StandClient
from sequencer.vocabulary.failure import StepError

if TYPE_CHECKING:
    from sequencer.protocol.meeting import Meeting
    from sequencer.protocol.request import StandAddress, StartRequest
    from sequencer.protocol.stand import SaidKind
    from sequencer.runtime.deadline import Interrupts
    from sequencer.runtime.driver_declarations import DriverOptions
    from sequencer.runtime.plan import PlannedCase
    from sequencer.vocabulary.status import WaitKind

SHORTEST_SECONDS = 0.001
"""A wait that is over sooner is no event: it is what a call takes anyway."""


class SharedStand:
    """The stand process as ``request`` names it. ``emit`` takes the events of the case and step that are under way,
    ``hear`` what shared drivers say for them."""

    def __init__(
        self,
        address: StandAddress,
        request: StartRequest,
        run: str,
        interrupts: Interrupts,
        emit: Callable[[Event], None],
        *,
        hear: Callable[[SaidKind, Sequence[object]], None],
    ) -> None:
        self._hear = hear
        self.place = ""
        self._case = ""
        self._told = False
        self._emit = emit
        slot, start = request.slot.name, request.start
        self.client = StandClient(
            address,
            interrupts,
            self,
            start=run if start is None else start.id,
            slot=slot,
            slots=[slot] if start is None else start.slots,
        )

    def connect(self) -> None:
        """Is there for the others from now on. Where that cannot be, whatever needs it says why."""
        with suppress(StepError):
            self.client.connect()

    def begin_case(self, case: PlannedCase) -> None:
        """This one is under way."""
        self.at(case.full_name, case.place or "")
        self.client.counts_waiting = case.timeout_counts_waiting

    def at(self, case: str, place: str) -> None:
        """A step at ``place`` is under way."""
        self._case, self.place = case, place

    def driver(self, run: DriverOwner, name: str, how: DriverOptions) -> OpenDriver:
        """Opens it where it is not open yet."""
        return OpenSharedDriver(self.client, run, name, **how)

    def hold(self, case: str, place: str, names: Sequence[str], timeout: float | None) -> AbstractContextManager[None]:
        """See ``steps.base.CaseContext``."""
        self.at(case, place)
        return self.client.hold(place, names, timeout)

    def sync(
        self, case: str, place: str, point: str, timeout: float | None, *, once: bool
    ) -> AbstractContextManager[Meeting]:
        """See ``steps.base.CaseContext``; left by an exception, it failed for all."""
        self.at(case, place)
        return self.client.sync(place, point, timeout, once=once)

    def wait_started(self, kind: WaitKind, names: Sequence[str]) -> None:
        """See ``stand_client.WaitListener``."""
        if self._case:
            self._told = True
            self._emit(WaitStarted(self._case, self.place, kind, list(names)))

    def wait_finished(self, kind: WaitKind, names: Sequence[str], seconds: float) -> None:
        """See ``stand_client.WaitListener``."""
        told, self._told = self._told, False
        if self._case and (told or seconds >= SHORTEST_SECONDS):
            self._emit(WaitFinished(self._case, self.place, kind, list(names), seconds))

    def said(self, what: SaidKind, arguments: Sequence[object]) -> None:
        """See ``stand_client.WaitListener``."""
        self._hear(what, arguments)

    def close(self) -> None:
        """The run is over."""
        self.client.close()


class OpenSharedDriver(OpenDriver):
    """A driver that the stand process opens, closes, and reopens when it is in doubt; cases have it from there."""

    def __init__(self, client: StandClient, run: DriverOwner, name: str, **how: Unpack[DriverOptions]) -> None:
        super().__init__(run, name, **how)
        self._client = client

    def _open_once(self, *, again: bool) -> object:
        modules = self.run.modules
        source = SharedDriverSource(
            self.name,
            str(modules.folder.resolve()),
            modules.driver_folders,
            self._source,
            self.resolve(),
            self._reopens,
            self._factory,
            self.run.start.request.simulate and not self._is_real_in_simulation,
        )
        return self._client.open(source, self._check_again)

    def _check_again(self, opened: object) -> None:
        if (check := self.run.requirements.get(self.name)) is not None:
            check(opened)
