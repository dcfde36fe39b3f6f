"""Drivers: found by file or module, built with their arguments, reopened after a failure, closed whatever happened."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol

from sequencer.expressions.expression import evaluate_template
from sequencer.report.event import CLOSE_DRIVER, OPEN_DRIVER
from sequencer.runtime.driver_object import DriverObject
from sequencer.runtime.failures import driver_traceback, reason_of
from sequencer.vocabulary.attribute import set_known
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.failure import Interruption, StepError, TimedOut
from sequencer.vocabulary.reason import Reason, ReasonOrText

if TYPE_CHECKING:
    from pathlib import Path

    from sequencer.protocol.commands import Start
    from sequencer.runtime.deadline import Interrupts
    from sequencer.runtime.driver_declarations import OpeningOptions
    from sequencer.runtime.driver_modules import DriverModules, DriverOrigin
    from sequencer.runtime.flow import Flow

CLOSE_SECONDS = 30.0
"""A driver that has not closed by then is given up: a run must come to its verdict."""


REQUIRE: Final = "require"
REOPEN: Final = "reopen"
"""The keys of a stand's driver arguments that are no arguments: ``[drivers.NAME.require]``."""


class DriverNotOpened(StepError):
    """A driver could not be opened, which another attempt may try again; the message says which and why.

    ``give_up``: nobody will; records it as a failure of the run, which ends but for its teardown.
    """

    def __init__(self, reason: Reason, give_up: Callable[[], None] = lambda: None) -> None:
        super().__init__(reason)
        self.give_up = give_up


class OpeningInterrupted(Exception):
    """A stop or a timeout while a driver was opened; whoever needs the driver next gets another try."""

    def __init__(self, interruption: Interruption) -> None:
        super().__init__(str(interruption))
        self.interruption = interruption


class DriverOwner(Protocol):
    """What a driver needs of the run in which it is opened; see ``run.RunContext``."""

    after: int | None
    opening: str | None
    drivers: dict[str, OpenDriver]
    given_up: set[str]
    requirements: dict[str, Callable[[object], None]]

    @property
    def start(self) -> Start:
        """What the run was started with."""

    @property
    def folder(self) -> Path:
        """That of the generated project."""

    @property
    def modules(self) -> DriverModules:
        """Imports drivers."""

    @property
    def flow(self) -> Flow:
        """Is halted when a driver is given up."""

    @property
    def interrupts(self) -> Interrupts:
        """Cut short what takes too long."""

    def scope(self) -> Mapping[str, object]:
        """The names that arguments may use."""

    def fail(
        self,
        reason: ReasonOrText,
        *,
        after: int | None = None,
        place: str | None = None,
        step: str | None = None,
        call: str | None = None,
        traceback: str | None = None,
    ) -> None:
        """Records what went wrong with the run itself."""


class OpenDriver:
    """A driver while it is open: ``with run.driver(...) as driver``.

    ``file`` (relative to the generated project) or ``module`` says where ``target`` is found; ``arguments`` are
    templates, replaced one by one by the stand's own; ``simulate`` holds ``file`` or ``module``, ``target`` and
    ``arguments`` of what takes its place in a simulated run. A class is built, and closed by ``close()`` or as a
    context manager; a function is the driver itself, with its arguments bound, or with ``factory`` what gives it; with
    ``makes`` a class is such a function.
    ``opening`` says how often and how long opening is tried, ``require`` what must be true of it (see
    ``runtime.requirements``). ``opened`` is what opening gave, and ``handle`` what cases have of it; ``run`` is told of
    what goes wrong. Once ``in_doubt``, as a call of it did not end well, it is closed and reopened before it is used
    again, unless ``reopen`` is ``never``. ``shared`` says nothing of one that is opened here.
    """

    def __init__(
        self,
        run: DriverOwner,
        name: str,
        *,
        place: str,
        target: str,
        scope: str = "run",
        file: str | None = None,
        module: str | None = None,
        arguments: Mapping[str, Data] | None = None,
        simulate: DriverOrigin | None = None,
        require: Mapping[str, Data] | None = None,
        reopen: str = "after_error",
        shared: bool = False,
        factory: bool = False,
        makes: bool = False,
        opening: OpeningOptions | None = None,
    ) -> None:
        self.run = run
        self.name = name
        self.opened: Any = None
        self.handle: Any = None
        self.in_doubt = False
        self._place = place
        self._of_stand = scope == "stand"
        self._factory, self._makes = factory, makes
        self._opening: OpeningOptions = opening or {}
        self._source: DriverOrigin = {"file": file, "module": module, "target": target, "arguments": arguments}
        stand = run.start.request.drivers.get(name, {})
        self._reopens = stand.get(REOPEN, reopen) != "never"
        self._arguments = {key: value for key, value in stand.items() if key not in (REQUIRE, REOPEN)}
        self._is_real_in_simulation = run.start.request.simulate and simulate is None
        if simulate is not None and run.start.request.simulate:
            # The stand's arguments are those of the real instrument.
            self._source, self._arguments = simulate, {}
        self._built: tuple[DriverOrigin, dict[str, object]] | None = None
        self._object = DriverObject()
        self._after: int | None = None

    def __enter__(self) -> object:
        """Raises ``DriverNotOpened``, or ``OpeningInterrupted`` when a stop or a timeout cut it short."""
        if self._is_real_in_simulation:
            print(f"hardseq: the driver {self.name!r} has no `simulate` and is the real one", file=sys.stderr)
        entered: list[object] = []
        self._after = self.run.after
        self.run.opening = self.name
        error = self.run.interrupts.run(lambda: entered.append(self._open()))
        if error is None:
            self.run.opening = None
            self.opened = entered[0]
            self.handle = self.opened if self._object.is_plain else DriverHandle(self)
            self.run.drivers[self.name] = self
            return self.handle
        if isinstance(error, Interruption):
            # It is the case that was stopped or took too long, not the driver that failed.
            self._close(tell=None)
            raise OpeningInterrupted(error)
        self.run.opening = None
        reason = Reason("driver_not_opened", driver=self.name, detail=reason_of(error))
        raise DriverNotOpened(reason, lambda: self._give_up(reason, error))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close(tell=lambda reason, error: self._fail(reason, CLOSE_DRIVER, error))
        if self.run.drivers.get(self.name) is self:
            del self.run.drivers[self.name]

    def doubt(self) -> None:
        """A call of it ended in an exception, a timeout or a stop: what it would do next nobody knows."""
        self.in_doubt = self.in_doubt or (self._reopens and isinstance(self.handle, DriverHandle))

    def leave(self) -> None:
        """Closes one that is in doubt; it is opened again when it is used. What goes wrong is told, and no more."""
        if self._object.needs_closing:
            print(
                f"hardseq: the driver {self.name!r} is reopened because a call of it did not end well", file=sys.stderr
            )
        self._close(tell=lambda reason, error: print(f"hardseq: {reason}", file=sys.stderr))

    def current(self) -> Any:
        """What opening gave, reopened when it is in doubt. Raises ``DriverNotOpened``, and then still is."""
        if self.in_doubt:
            self.leave()
            try:
                self.opened = self._open(again=True)
                if (check := self.run.requirements.get(self.name)) is not None:
                    check(self.opened)
            except Interruption:
                self._close(tell=None)
                raise
            except BaseException as error:
                self._close(tell=None)
                raise DriverNotOpened(
                    Reason("driver_not_reopened", driver=self.name, detail=reason_of(error))
                ) from None
            self.in_doubt = False
        return self.opened

    def resolve(self) -> dict[str, object]:
        """The values of its arguments. Raises ``StepError``."""
        given = {**(self._source.get("arguments") or {}), **self._arguments}
        arguments: dict[str, object] = evaluate_template(given, self.run.scope())
        return arguments

    def is_like(self, wanted: OpenDriver) -> bool:
        """Whether this open driver is what ``wanted`` would become; false when that cannot be told."""
        try:
            return self._built == (wanted._source, wanted.resolve())
        except (StepError, ValueError):
            return False

    def _open(self, *, again: bool = False) -> Any:
        """As often as it may be tried. Raises what the last try raised."""
        for _ in range(self._opening.get("times", 1) - 1):
            try:
                return self._open_in_time(again=again)
            except Exception as error:
                print(
                    f"hardseq: the driver {self.name!r} is tried again, as it could not be opened: {reason_of(error)}",
                    file=sys.stderr,
                )
                self._close(tell=None)
            self.run.interrupts.sleep(self._opening.get("delay", 0.0))
        return self._open_in_time(again=again)

    def _open_in_time(self, *, again: bool) -> object:
        """One try. Raises ``StepError`` when it takes too long."""
        if (seconds := self._opening.get("timeout")) is None:
            return self._open_once(again=again)
        interrupts, turn = self.run.interrupts, object()
        with interrupts:
            interrupts.begin(turn, "open", seconds)
        try:
            opened = self._open_once(again=again)
            with interrupts:
                late = interrupts.end(turn)
        except TimedOut as error:
            if error.subject != "open":
                raise
            raise StepError(error.reason) from None
        finally:
            with interrupts:
                interrupts.end(turn)
        if late is not None:
            self._close(tell=None)
            raise StepError(late.reason)
        return opened

    def _open_once(self, *, again: bool) -> object:
        module = self.run.modules.load(self._source, for_stand=self._of_stand)
        target = getattr(module, self._source["target"])
        arguments = self._built[1] if again and self._built is not None else self.resolve()
        self._built = self._source, arguments
        return self._object.open(target, arguments, factory=self._factory, makes=self._makes)

    def _close(self, tell: Callable[[Reason, BaseException], None] | None) -> None:
        close = self._object.take()
        if close is None:
            return
        interrupts = self.run.interrupts
        stoppable, interrupts.stoppable = interrupts.stoppable, False
        interrupts.begin(self, "close", CLOSE_SECONDS)
        error = interrupts.run(close)
        error = interrupts.end(self) or error
        interrupts.stoppable = stoppable
        if error is not None and tell is not None:
            tell(Reason("driver_not_closed", driver=self.name, detail=reason_of(error)), error)

    def _give_up(self, reason: Reason, error: BaseException) -> None:
        if self.name not in self.run.given_up:
            self.run.given_up.add(self.name)
            self.run.flow.halt(reason)
            self._fail(reason, OPEN_DRIVER, error)

    def _fail(self, reason: Reason, step: str, error: BaseException) -> None:
        trace = driver_traceback(error, self.run.folder)
        self.run.fail(reason, after=self._after, place=self._place, step=step, call=self.name, traceback=trace)


class DriverHandle:
    """A driver as cases have it: whatever they ask of it, they ask of what is open now."""

    __slots__ = ("_hardseq_driver",)

    def __init__(self, driver: OpenDriver) -> None:
        object.__setattr__(self, "_hardseq_driver", driver)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hardseq_driver.current(), name)

    def __setattr__(self, name: str, value: object) -> None:
        set_known(self._hardseq_driver.current(), name, value)

    def __call__(self, *arguments: object, **named: object) -> Any:
        return self._hardseq_driver.current()(*arguments, **named)

    def __repr__(self) -> str:
        return repr(self._hardseq_driver.opened)

    def __dir__(self) -> list[str]:
        return dir(self._hardseq_driver.opened)
