"""Drivers: found by file or module, built with their arguments, closed whatever happened."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sequencer.domain.expression import evaluate_template
from sequencer.runtime.failures import CLOSE_DRIVER, OPEN_DRIVER, describe, driver_traceback
from sequencer.vocabulary.failure import Interruption, StepError

if TYPE_CHECKING:
    from sequencer.runtime.run import RunContext

CLOSE_SECONDS = 30.0
"""A driver that has not closed by then is given up: a run must come to its verdict."""


REQUIRE = "require"
"""The key of a stand's driver arguments that is no argument: ``[drivers.NAME.require]``."""


class DriverNotOpened(StepError):
    """A driver could not be opened; the message says which and why. The failure of the run is already recorded."""


class OpeningInterrupted(Exception):
    """A stop or a timeout while a driver was opened; whoever needs the driver next gets another try."""

    def __init__(self, interruption: Interruption) -> None:
        super().__init__(str(interruption))
        self.interruption = interruption


class OpenDriver:
    """A driver while it is open: ``with run.driver(...) as driver``.

    ``file`` (relative to the generated project) or ``module`` says where ``target`` is found; ``arguments`` are
    templates, replaced one by one by the stand's own; ``simulate`` holds ``file`` or ``module``, ``target`` and
    ``arguments`` of what takes its place in a simulated run. A class is built, and closed by ``close()`` or as a
    context manager; a function is the driver itself, with its arguments bound. ``require`` is what must be true of it
    (see ``runtime.requirements``). ``opened`` is what entering gave; ``run`` is told of what goes wrong.
    """

    def __init__(
        self,
        run: RunContext,
        name: str,
        *,
        place: str,
        target: str,
        scope: str = "run",
        file: str | None = None,
        module: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        simulate: Mapping[str, Any] | None = None,
        require: Mapping[str, Any] | None = None,
    ) -> None:
        self.run = run
        self.name = name
        self.opened: Any = None
        self._place = place
        self._of_stand = scope == "stand"
        self._source: Mapping[str, Any] = {"file": file, "module": module, "target": target, "arguments": arguments}
        stand = run.start.drivers.get(name, {})
        self._arguments = {key: value for key, value in stand.items() if key != REQUIRE}
        self._is_real_in_simulation = run.start.simulate and simulate is None
        if simulate is not None and run.start.simulate:
            # The stand's arguments are those of the real instrument.
            self._source, self._arguments = simulate, {}
        self._built: tuple[Any, Any] | None = None
        self._object: Any = None
        self._is_context = False

    def __enter__(self) -> Any:
        """Raises ``DriverNotOpened``, or ``OpeningInterrupted`` when a stop or a timeout cut it short."""
        if self._is_real_in_simulation:
            print(f"hardseq: the driver {self.name!r} has no `simulate` and is the real one", file=sys.stderr)
        entered: list[Any] = []
        self.run.opening = self.name
        error = self.run.interrupts.run(lambda: entered.append(self._open()))
        if error is None:
            self.run.opening = None
            self.opened = entered[0]
            return self.opened
        if isinstance(error, Interruption):
            # It is the case that was stopped or took too long, not the driver that failed.
            self._close(quietly=True)
            raise OpeningInterrupted(error)
        self.run.opening = None
        message = f"the driver {self.name!r} could not be opened: {describe(error)}"
        self.run.flow.halt(message)
        self._fail(message, OPEN_DRIVER, error)
        raise DriverNotOpened(message)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def resolve(self) -> dict[str, Any]:
        """The values of its arguments. Raises ``StepError``."""
        given = {**(self._source.get("arguments") or {}), **self._arguments}
        arguments: dict[str, Any] = evaluate_template(given, self.run.scope())
        return arguments

    def is_like(self, wanted: OpenDriver) -> bool:
        """Whether this open driver is what ``wanted`` would become; false when that cannot be told."""
        try:
            return self._built == (wanted._source, wanted.resolve())
        except (StepError, ValueError):
            return False

    def _open(self) -> Any:
        module = self.run.modules.load(self._source, for_stand=self._of_stand)
        target = getattr(module, self._source["target"])
        arguments = self.resolve()
        self._built = self._source, arguments
        if not isinstance(target, type):
            return functools.partial(target, **arguments) if arguments else target
        self._object = target(**arguments)
        self._is_context = hasattr(target, "__enter__") and hasattr(target, "__exit__")
        return self._object.__enter__() if self._is_context else self._object

    def _close(self, *, quietly: bool = False) -> None:
        opened, self._object = self._object, None
        if opened is None:
            return
        interrupts = self.run.interrupts
        stoppable, interrupts.stoppable = interrupts.stoppable, False
        interrupts.begin(self, "closing of the driver", CLOSE_SECONDS)
        error = interrupts.run(lambda: self._call_close(opened))
        error = interrupts.end(self) or error
        interrupts.stoppable = stoppable
        if error is not None and not quietly:
            self._fail(f"the driver {self.name!r} could not be closed: {describe(error)}", CLOSE_DRIVER, error)

    def _fail(self, message: str, step: str, error: BaseException) -> None:
        trace = driver_traceback(error, self.run.folder)
        self.run.fail(message, place=self._place, step=step, call=self.name, traceback=trace)

    def _call_close(self, opened: Any) -> None:
        if self._is_context:
            opened.__exit__(None, None, None)
        elif callable(close := _attribute(opened, "close")):
            close()


def _attribute(opened: Any, name: str) -> Any:
    # Not plain getattr: a proxy answers to every name, and would ask the instrument for a method called `close`.
    if name in getattr(opened, "__dict__", ()) or hasattr(type(opened), name):
        return getattr(opened, name, None)
    return None
