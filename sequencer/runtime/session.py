"""The run of one pytest session, whoever started it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

import pytest

from sequencer.domain.fold import Fold, read_journal
from sequencer.runtime.case import AttemptContext
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.opening import Refused, open_run
from sequencer.runtime.plan import Plan, arrange
from sequencer.runtime.protocol import Protocol
from sequencer.runtime.start import Start
from sequencer.runtime.stream import EventStream
from sequencer.vocabulary.status import Status

if TYPE_CHECKING:
    from sequencer.runtime.run import RunContext


class Front(Interface):
    """Who starts the run and hears of it: the runner at the other end of a pipe, or the user of plain pytest."""

    def await_start(self, plan: Plan) -> Start | None:
        """How to run; ``None`` when there is to be no run. Raises ``Refused``."""

    def refuse(self, reason: str) -> None:
        """Tells why there is no run."""

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

    def __init__(self, session: pytest.Session, plan: Plan, folder: Path, front: Front) -> None:
        self.protocol: Protocol | None = None
        self._session = session
        self._plan = plan
        self._folder = folder
        self._front = front
        self._fold: Fold | None = None

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
        """Waits for the start and begins; false when there is nothing to run."""
        try:
            start = self._front.await_start(self._plan)
            if start is None:
                return False
            run = open_run(start, self._plan, self._folder, self._open_stream, Interrupts(self._front.announce))
        except Refused as error:
            self._front.refuse(str(error))
            return False
        self.protocol = Protocol(run)
        if start.resume is not None:
            self.protocol.take_over(self._plan.by_item)
        self._front.connect(run)
        return True

    def run_item(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Runs a case, or the steps after the run; ``None`` leaves any other item to pytest."""
        protocol = self.protocol
        case = self._plan.by_item.get(item)
        after = case is None and item.get_closest_marker("after_run") is not None
        if protocol is None or (case is None and not after):
            return None
        hook = item.config.hook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        if case is None:
            protocol.run_after(item, nextitem, verdict=protocol.verdict(), report=self._report(protocol.verdict()))
        else:
            protocol.run_case(item, case, nextitem)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _open_stream(self, start: Start) -> EventStream:
        stream = self._front.open_stream(start)
        if any(item.get_closest_marker("after_run") is not None for item in self._session.items[-1:]):
            self._fold = Fold(start.run)
            if start.resume is not None and start.journal is not None:
                with Path(start.journal).open("rb") as journal:
                    for stamped in read_journal(journal):
                        self._fold.apply(stamped)
            stream.listeners.append(self._fold.apply)
        return stream

    def _report(self, status: Status) -> dict[str, Any]:
        """The report as it will be, if nothing goes wrong any more."""
        return {} if self._fold is None else {**self._fold.begun(), "status": status}

    def finish(self) -> None:
        """Ends the run; a session whose run did not pass is no success for pytest either."""
        if self.protocol is None:
            return
        run = self.protocol.run
        status = self.protocol.finish()
        run.interrupts.close()
        self._front.close(run)
        if status != "passed" and self._session.exitstatus == pytest.ExitCode.OK:
            self._session.exitstatus = pytest.ExitCode.TESTS_FAILED


SESSION = pytest.StashKey[RunSession]()
FRONT = pytest.StashKey[Front]()


def prepare(session: pytest.Session, items: list[pytest.Item], make_front: Any) -> None:
    """Arranges the items of a generated project; leaves those of any other folder alone."""
    config = session.config
    conftest = next((each for each in config.pluginmanager.get_plugins() if _is_generated(each)), None)
    if conftest is None:
        return
    folder = Path(conftest.__file__).parent
    front = config.stash.get(FRONT, None) or make_front(config)
    config.stash[SESSION] = RunSession(session, arrange(items, conftest.SEQUENCE), folder, front)


def _is_generated(plugin: object) -> bool:
    return isinstance(getattr(plugin, "SEQUENCE", None), Mapping) and hasattr(plugin, "__file__")
