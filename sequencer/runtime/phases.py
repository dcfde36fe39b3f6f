"""The phases of an item: as pytest's protocol has them, and without the protocol where nobody listens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal, NamedTuple, NoReturn

import pytest

from sequencer.runtime import pytest_private

_LEAVES_PYTEST = (pytest.exit.Exception, KeyboardInterrupt)


class EndedPhase(NamedTuple):
    """``error`` is what ended it; ``report`` is ``None`` where it went well and nobody would have been told."""

    report: pytest.TestReport | None = None
    error: BaseException | None = None

    @property
    def passed(self) -> bool:
        """Whether it went well."""
        return self.report is None or self.report.passed

    @property
    def skipped(self) -> bool:
        """Whether the item is not to run."""
        return self.report is not None and self.report.skipped


_WELL = EndedPhase()


class Phases:
    """Runs the phases of items; ``begin`` and ``call`` are what hardseq does in two of them.

    For an item of which no plugin wants to hear, what pytest itself does in each phase is done directly: to call hooks,
    to make reports and to hand them on takes as long as everything else in a short case. A phase that does not go well
    has its report in any case, and whoever listens to those is told.
    """

    def __init__(
        self, config: pytest.Config, begin: Callable[[pytest.Item], None], call: Callable[[pytest.Function], None]
    ) -> None:
        self._hook = config.hook
        self._heard = pytest_private.has_listeners(config)
        self._begin = begin
        self._call = call

    def are_heard(self, item: pytest.Item) -> bool:
        """Whether a plugin besides pytest's own basic ones wants to hear of the item."""
        return self._heard or any(mark.name == "dependency" for mark in item.own_markers)

    def setup(self, item: pytest.Item) -> EndedPhase:
        """What the item needs: its fixtures."""
        if self.are_heard(item):
            return self._reported(item, "setup", lambda: self._hook.pytest_runtest_setup(item=item))

        def set_up() -> None:
            self._begin(item)
            pytest_private.set_up(item)

        return self._unheard(item, "setup", set_up)

    def call(self, item: pytest.Function) -> EndedPhase:
        """The test itself."""
        if self.are_heard(item):
            return self._reported(item, "call", lambda: self._hook.pytest_runtest_call(item=item))
        return self._unheard(item, "call", lambda: self._call(item))

    def teardown(self, item: pytest.Item, nextitem: pytest.Item | pytest.Collector | None) -> EndedPhase:
        """Gives up what ``nextitem`` does not need as well."""
        if self.are_heard(item):
            return self._reported(
                item, "teardown", lambda: self._hook.pytest_runtest_teardown(item=item, nextitem=nextitem)
            )
        return self._unheard(item, "teardown", lambda: pytest_private.tear_down(item, nextitem))

    def publish(self, phases: Iterable[EndedPhase]) -> None:
        """Tells whoever listens how they ended."""
        for phase in phases:
            if phase.report is not None:
                self._hook.pytest_runtest_logreport(report=phase.report)

    def _unheard(
        self, item: pytest.Item, when: Literal["setup", "call", "teardown"], body: Callable[[], object]
    ) -> EndedPhase:
        try:
            body()
        except _LEAVES_PYTEST:
            raise
        except BaseException as error:
            return self._reported(item, when, partial(_raise, error))
        return _WELL

    def _reported(
        self, item: pytest.Item, when: Literal["setup", "call", "teardown"], body: Callable[[], object]
    ) -> EndedPhase:
        # Not the item's own view of the hooks: a generated project has no conftest files in lower folders.
        call = pytest.CallInfo.from_call(body, when=when, reraise=_LEAVES_PYTEST)
        report: pytest.TestReport = self._hook.pytest_runtest_makereport(item=item, call=call)
        error = None if call.excinfo is None else call.excinfo.value
        if error is not None and not report.skipped:
            self._hook.pytest_exception_interact(node=item, call=call, report=report)
        return EndedPhase(report, error)


def _raise(error: BaseException) -> NoReturn:
    raise error
