"""Drivers of scope ``stand``: they stay open from one run of a panel to the next, and while it waits for Start."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sequencer.report.event import FailureRecorded, Stamped
from sequencer.runtime.drivers import DriverNotOpened, DriverOwner, OpenDriver, OpeningInterrupted
from sequencer.vocabulary.failure import StepError

if TYPE_CHECKING:
    from sequencer.runtime.driver_declarations import DriverDeclaration, DriverOptions


class StandDrivers:
    """Holds them as long as the test process serves runs.

    One that is in doubt is closed and reopened before the next run, unless that is forbidden. So is one whose
    arguments have other values in that run.
    """

    def __init__(self) -> None:
        self._held: dict[str, OpenDriver] = {}

    @contextmanager
    def lend(self, run: DriverOwner, name: str, how: DriverOptions) -> Iterator[object]:
        """The open driver for a run; it is left open. Raises what opening raises."""
        yield self._take(OpenDriver(run, name, **how), run)

    def warm(self, run: DriverOwner, drivers: Iterable[DriverDeclaration]) -> None:
        """Opens what is not open and can be without a run; what cannot is tried again when the run needs it."""
        for driver in drivers:
            if (held := self._held.get(driver.name)) is not None and not held.in_doubt:
                continue
            if driver.how.get("shared", False):
                continue  # whether this process opens it at all only Start tells
            wanted = OpenDriver(run, driver.name, **driver.how)
            try:
                wanted.resolve()
            except (StepError, ValueError):
                continue  # its arguments need what only Start tells
            try:
                self._take(wanted, run)
            except DriverNotOpened as error:
                error.give_up()
            except OpeningInterrupted:
                return

    def close(self, run: DriverOwner) -> None:
        """Closes all of them, the last opened first."""
        for name in reversed(list(self._held)):
            self._close(name, run)

    def _take(self, wanted: OpenDriver, run: DriverOwner) -> object:
        held = self._held.get(wanted.name)
        if held is not None:
            if not held.in_doubt and held.is_like(wanted):
                held.run = run
                run.drivers[wanted.name] = held
                return held.handle
            self._close(wanted.name, run)
        handle = wanted.__enter__()
        self._held[wanted.name] = wanted
        return handle

    def _close(self, name: str, run: DriverOwner) -> None:
        held = self._held.pop(name)
        held.run = run  # where a failure belongs: the run that opened it is long over
        held.__exit__(None, None, None)


def tell(stamped: Stamped) -> None:
    """Prints what went wrong between two runs, as no report has a place for it."""
    if isinstance(stamped.event, FailureRecorded):
        print(f"hardseq: between two runs: {stamped.event.message}", file=sys.stderr)
