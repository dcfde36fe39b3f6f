"""The drivers of a generated project, opened and called by hand: without a run, and for as long as somebody likes."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from sequencer.expressions.value import plain
from sequencer.protocol.commands import Start
from sequencer.protocol.request import StartRequest
from sequencer.report.event import FailureRecorded, Stamped
from sequencer.runtime.driver_declarations import declared_drivers
from sequencer.runtime.driver_modules import DriverModules
from sequencer.runtime.drivers import OpenDriver
from sequencer.runtime.opening import open_idle
from sequencer.runtime.plan import RunPlan


class DriversByHand:
    """Those that the generated project in ``folder`` declares, each opened when it is first called.

    ``request`` is what a run would be started with: simulated or not, with its parameters and this stand's arguments.
    ``failures`` are what closing had to say. Raises ``StepError`` when the stand's facts cannot be used.
    """

    def __init__(self, folder: Path, request: StartRequest) -> None:
        spec = importlib.util.spec_from_file_location("hardseq_conftest", folder / "conftest.py")
        assert spec is not None and spec.loader is not None
        conftest = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(conftest)
        self.failures: list[str] = []
        self._declared = {each.name: each for each in declared_drivers(conftest)}
        modules = DriverModules(folder, conftest.SEQUENCE.get("driver_folders", ()))
        plan = RunPlan(conftest.SEQUENCE, [], {}, {})
        self._run = open_idle(Start(run="", request=request), plan, modules, self._hear, params=request.params)
        self._open: dict[str, ExitStack] = {}

    def call(self, name: str, member: str | None, arguments: Mapping[str, object]) -> object:
        """What ``driver.member`` gives, as plain data: the result of the method, or the property.

        ``member`` is ``None`` for a driver that is a function. Raises ``DriverNotOpened``, and what the driver raises.
        """
        found = self.open(name)
        for part in member.split(".") if member else ():
            found = getattr(found, part)
        return plain(found(**arguments) if callable(found) else found)

    def open(self, name: str) -> object:
        """The open driver. Raises ``DriverNotOpened``, ``StepError``."""
        if name not in self._open:
            stack = ExitStack()
            stack.enter_context(OpenDriver(self._run, name, **self._declared[name].how))
            self._open[name] = stack
        return self._run.drivers[name].current()

    def is_open(self, name: str) -> bool:
        """Whether it is open now."""
        return name in self._open

    def close(self, name: str) -> None:
        """Closes one; what goes wrong is among ``failures``."""
        if (stack := self._open.pop(name, None)) is not None:
            stack.close()

    def end(self) -> None:
        """Closes all of them, the last opened first."""
        for name in reversed(list(self._open)):
            self.close(name)
        self._run.interrupts.close()

    def _hear(self, stamped: Stamped) -> None:
        if isinstance(stamped.event, FailureRecorded):
            self.failures.append(stamped.event.message)
