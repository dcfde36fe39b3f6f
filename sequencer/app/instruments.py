"""The drivers that a project's sequences declare, for whoever calls them by hand."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from sequencer.app.compiled import compile_for_stand
from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.kept_drivers import kept_driver_in_use, wait_for_left_behind
from sequencer.app.run_choice import sequences_of
from sequencer.app.start_request import for_stand
from sequencer.expressions.value import to_data
from sequencer.project.locks import ProcessLock, described
from sequencer.project.project_folder import open_project
from sequencer.project.secrets import ProcessSecrets
from sequencer.project.settings_values import did_you_mean
from sequencer.vocabulary.instrument import IDENTITIES

if TYPE_CHECKING:
    from sequencer.language.drivers.source import DriverTarget, Signature
    from sequencer.project.project_folder import Project
    from sequencer.protocol.request import Slot
    from sequencer.runtime.by_hand import DriversByHand
    from sequencer.vocabulary.data import Data
    from sequencer.vocabulary.model import Driver


BY_HAND = "by hand"
"""What stands in a lock in place of a run's id."""


class DeclaredInstrument(NamedTuple):
    """A driver as the sequence in ``file`` declares it; ``target`` is what its source says of it."""

    driver: Driver
    target: DriverTarget
    file: Path

    @property
    def is_function(self) -> bool:
        """Whether it is called by its name alone."""
        return self.driver.makes or not (self.target.is_class or self.driver.factory)

    @property
    def opened(self) -> DriverTarget:
        """What it is once it is open: the class, or that of what a function gives."""
        return (self.target.gives or self.target) if self.driver.factory else self.target

    @property
    def members(self) -> dict[str, Signature | None]:
        """What can be called of it, by name, ``None`` for a property; nothing for a function."""
        found = () if self.is_function else self.opened.members.items()
        return {
            name: None if member.kind == "attribute" else member.signature
            for name, member in found
            if not name.startswith("_") and not member.is_async
        }

    def argument_names(self, member: str | None) -> tuple[str, ...]:
        """Those that a call of it takes, as far as its source tells."""
        signature = self.target.signature if member is None else self.members.get(member)
        return () if signature is None else signature.names


def declared_instruments(project: Project, sequence: Path | None = None) -> dict[str, DeclaredInstrument]:
    """The drivers by name, of ``sequence`` or of all sequences of the project.

    Raises ``Refusal`` when two sequences mean different ones by the same name, or when none can be used.
    """
    from sequencer.language import read_sequence

    files = [sequence] if sequence is not None else sequences_of(project.folder, project)
    if not files:
        raise Refusal(f"there is no sequence in {project.folder}", hint="`hardseq init` makes a project that runs")
    found: dict[str, DeclaredInstrument] = {}
    broken = []
    for file in files:
        reading = read_sequence(file.absolute(), project=project.folder, stand=project.settings.stand.recorded())
        if reading.sequence is None:
            broken.append(file)
            continue
        for driver in reading.sequence.drivers:
            target = reading.drivers[driver.name]
            assert target is not None
            known = found.setdefault(driver.name, DeclaredInstrument(driver, target, file))
            if replace(known.driver, place=driver.place, simulate=None) != replace(driver, simulate=None):
                names = f"{_shown(known.file, project)} and {_shown(file, project)}"
                raise Refusal(
                    f"{names} mean different drivers by {driver.name!r}", hint=f"--sequence {_shown(file, project)}"
                )
    if broken and not found:
        name = _shown(broken[0], project)
        raise Refusal(f"{name} has errors", hint=f"`hardseq check {name}` shows them")
    return found


def named_instrument(found: Mapping[str, DeclaredInstrument], name: str) -> DeclaredInstrument:
    """The one called ``name``. Raises ``Refusal``."""
    if name not in found:
        hint = did_you_mean(name, found) or f"its drivers: {', '.join(found) or 'none'}"
        raise Refusal(f"there is no driver {name!r} in this project", hint=hint)
    return found[name]


def check_call(instrument: DeclaredInstrument, member: str | None, given: Mapping[str, object]) -> None:
    """Raises ``Refusal`` for what the driver's source knows to be wrong with a call."""
    name, members = instrument.driver.name, instrument.members
    if member is None:
        if not instrument.is_function:
            known = ", ".join(f"{name}.{each}" for each in members)
            raise Refusal(f"{name!r} is a class: name the method to call", hint=f"it has: {known}")
        _check_arguments(name, instrument.target.signature, given)
    elif member in members:
        _check_arguments(f"{name}.{member}", members[member], given)
    elif not instrument.opened.dynamic and member.partition(".")[0] not in members:
        hint = did_you_mean(member, members) or f"it has: {', '.join(members)}"
        raise Refusal(f"{name!r} has no method or property {member!r}", hint=hint)


def _check_arguments(called: str, signature: Signature | None, given: Mapping[str, object]) -> None:
    """``signature`` is ``None`` for a property."""
    if signature is None:
        if given:
            raise Refusal(f"{called} is a property and takes no arguments")
        return
    for argument in given:
        if argument not in signature.names and not signature.others:
            hint = did_you_mean(argument, signature.names) or f"it takes: {', '.join(signature.names) or 'nothing'}"
            raise Refusal(f"{called} has no argument {argument!r}", hint=hint)
    missing = [each for each in signature.required if each not in given]
    if missing:
        raise Refusal(f"{called} needs {', '.join(missing)}", hint=f"{called} {missing[0]}=...")


def read_value(instrument: DeclaredInstrument, member: str | None, argument: str, text: str) -> object:
    """A value as somebody typed it: JSON where it is that (``5``, ``true``, ``[1, 2]``), else a text.

    An argument that the driver says is a text is one, whatever it looks like.
    """
    signature = instrument.target.signature if member is None else instrument.members.get(member)
    if signature is not None and argument in signature.texts:
        return text
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text


class CallResult(NamedTuple):
    """What a call gave, as JSON-safe data, and how long it took."""

    document: Data
    seconds: float

    @property
    def text(self) -> str:
        """A text as it is, anything else as JSON."""
        document = self.document
        return document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)


class PanelInstruments(Protocol):
    """The instruments that a running panel has open by hand. Whatever cannot be done raises ``Refusal``."""

    def call(self, name: str, member: str | None, given: Mapping[str, str]) -> CallResult:
        """Calls ``member`` of a driver, or the driver itself, with arguments as somebody typed them."""

    def open(self, name: str) -> None:
        """Opens one there."""

    def is_open(self, name: str) -> bool:
        """Whether it is open there."""

    def close(self, name: str) -> None:
        """Closes one there."""

    def leave(self) -> None:
        """Closes what was not open there before it was asked for."""


class InstrumentBench:
    """The instruments of a project, to be called by hand; they stay open until its end.

    ``path`` is the project; ``sequence`` declares the drivers where several do so differently. While the first one is
    open nobody can start a run. ``panel`` gives the panel that runs for the project, if any: while that has instruments
    open, they are called there, and none is opened twice. Raises ``Refusal``, ``InvalidInput``.
    """

    def __init__(
        self,
        path: Path,
        *,
        sequence: Path | None = None,
        slot: str | None = None,
        simulate: bool = False,
        params: Mapping[str, str] | None = None,
        panel: Callable[[], PanelInstruments | None] = lambda: None,
    ) -> None:
        self.project = open_project(path).checked()
        self.instruments = declared_instruments(self.project, sequence)
        self._slot = _slot(self.project, slot)
        self._simulate = simulate
        self._params = dict(params or {})
        self._drivers: dict[Path, DriversByHand] = {}
        self._identities: dict[str, str | None] = {}
        self._stand = ProcessLock(self.project.state.run_lock)
        self._kept = ProcessLock(self.project.state.kept_lock)
        self._ask_panel = panel
        self._panel: PanelInstruments | None = None
        ProcessSecrets.take({}, self.project.secrets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def call(self, called: str, given: Mapping[str, str]) -> CallResult:
        """Calls ``driver.method`` with arguments as somebody typed them. Raises ``Refusal``, whatever went wrong."""
        from sequencer.runtime.failures import reason_of

        name, _, path = called.partition(".")
        instrument = named_instrument(self.instruments, name)
        member = path or None
        arguments = {each: read_value(instrument, member, each, text) for each, text in given.items()}
        check_call(instrument, member, arguments)
        if (panel := self._held_by_panel()) is not None:
            return panel.call(name, member, given)
        self.open(name)
        drivers = self._opened(instrument)
        # Standard output is for the result: a program may read it.
        with redirect_stdout(sys.stderr):
            begun = time.perf_counter()
            try:
                value = drivers.call(name, member, arguments)
            except Exception as error:
                # What it would do next nobody knows: the next call opens it again.
                drivers.close(name)
                self._release_idle()
                raise Refusal(f"{called}: {reason_of(error)}", code=ExitCode.FAILED) from None
        return CallResult(to_data(value), time.perf_counter() - begun)

    def open(self, name: str) -> None:
        """Opens a driver. Raises ``Refusal``."""
        from sequencer.runtime.drivers import DriverNotOpened
        from sequencer.vocabulary.failure import StepError

        instrument = named_instrument(self.instruments, name)
        if (panel := self._held_by_panel()) is not None:
            panel.open(name)
            return
        try:
            drivers = self._opened(instrument)
            with redirect_stdout(sys.stderr):
                drivers.open(name)
        except (DriverNotOpened, StepError) as error:
            raise Refusal(str(error), code=ExitCode.BROKEN) from None
        finally:
            self._release_idle()

    def described(self, name: str) -> list[tuple[str, str]]:
        """What can be called of a driver, as it is typed, with the first line of its docstring. Raises ``Refusal``."""
        instrument = named_instrument(self.instruments, name)
        if instrument.is_function:
            return [(f"{name} {_written(instrument.target.signature)}".rstrip(), "")]
        found = instrument.opened.members
        return [
            (f"{name}.{member} {'' if signature is None else _written(signature)}".rstrip(), found[member].said)
            for member, signature in instrument.members.items()
        ]

    def identity(self, name: str) -> str | None:
        """Who the open driver says it is; ``None`` for one that is closed or does not say."""
        drivers = next((each for each in self._drivers.values() if each.is_open(name)), None)
        if drivers is None:
            return None
        if name not in self._identities:
            self._identities[name] = self._asked(drivers, name)
        return self._identities[name]

    def _asked(self, drivers: DriversByHand, name: str) -> str | None:
        with redirect_stdout(sys.stderr):
            for member in IDENTITIES:
                with suppress(Exception):  # most drivers cannot say it
                    if isinstance(said := drivers.call(name, member, {}), str):
                        return said.strip()
        return None

    def document(self) -> list[dict[str, Data]]:
        """The instruments as JSON: what each is, whether it is open, and what can be called of it."""
        return [self._described(name, instrument) for name, instrument in self.instruments.items()]

    def _described(self, name: str, instrument: DeclaredInstrument) -> dict[str, Data]:
        driver, target = instrument.driver, instrument.opened
        stand = self.project.settings.drivers.get(name, {}).get("require")
        due = {**driver.require, **(stand if isinstance(stand, Mapping) else {})}.get("calibration_due")
        members: list[Data] = [
            {
                "name": member,
                "is_property": signature is None,
                "said": target.members[member].said,
                **_arguments(signature),
            }
            for member, signature in instrument.members.items()
            if member != "close"
        ]
        if instrument.is_function:
            members = [{"name": "", "is_property": False, "said": "", **_arguments(target.signature)}]
        return {
            "name": name,
            "use": f"{driver.module}.{driver.target}",
            "kept": driver.scope == "stand",
            "open": self.is_open(name),
            "identity": self.identity(name),
            "calibration_due": None if due is None else str(due),
            "members": members,
        }

    def is_open(self, name: str) -> bool:
        """Whether the driver is open."""
        here = any(drivers.is_open(name) for drivers in self._drivers.values())
        return here or (self._panel is not None and self._panel.is_open(name))

    def close(self, name: str | None = None) -> None:
        """Closes one driver, or all, the last opened first. Raises ``Refusal`` when one could not be closed."""
        if name is not None:
            named_instrument(self.instruments, name)
        if self._panel is not None:
            panel = self._panel
            if name is not None:
                panel.close(name)
            else:
                self._panel = None
                panel.leave()
        failures = []
        self._identities = (
            {} if name is None else {each: said for each, said in self._identities.items() if each != name}
        )
        with redirect_stdout(sys.stderr):
            for file, drivers in list(self._drivers.items()):
                if name is None:
                    drivers.end()
                    del self._drivers[file]
                else:
                    drivers.close(name)
                failures += drivers.failures
                drivers.failures.clear()
        self._release_idle()
        if failures:
            raise Refusal("; ".join(failures), code=ExitCode.BROKEN)

    def _open_here(self) -> set[str]:
        return {name for name in self.instruments if any(each.is_open(name) for each in self._drivers.values())}

    def _release_idle(self) -> None:
        """Lets go of what nothing is open for: a run may begin, a panel may be started."""
        here = self._open_here()
        if not here:
            self._stand.release()
        if not any(self.instruments[name].driver.scope == "stand" for name in here):
            self._kept.release()

    def _held_by_panel(self) -> PanelInstruments | None:
        """The panel, where it has instruments open; else the stand is taken. Raises ``Refusal`` when others have it."""
        holder = self._stand.take(run=BY_HAND)
        if holder is None:
            return None
        if holder.get("run") != BY_HAND:
            raise Refusal(f"a run uses the stand: {described(holder)}", code=ExitCode.BROKEN)
        if self._panel is None:
            self._panel = self._ask_panel()
        if self._panel is None:
            message = f"the instruments are in use by hand: {described(holder)}"
            hint = "`hardseq bench`, or a page's Instruments, has them open"
            raise Refusal(message, hint=hint, code=ExitCode.BROKEN)
        return self._panel

    def _opened(self, instrument: DeclaredInstrument) -> DriversByHand:
        """The drivers of the sequence that declares it. Raises ``Refusal`` when a panel keeps this one."""
        # Held as long as it is open: a panel that is started would open it for its runs.
        if instrument.driver.scope == "stand":
            if (holder := self._kept.take(run=BY_HAND)) is not None:
                raise kept_driver_in_use(instrument.driver.name, holder, self.project, at_panel="end the panel first")
            wait_for_left_behind(self.project, self._kept)
        if instrument.file not in self._drivers:
            # Imported here, as it loads pytest: what is refused needs none of it.
            from sequencer.protocol.request import StartRequest
            from sequencer.runtime.by_hand import DriversByHand

            compiled = compile_for_stand(self.project, instrument.file.absolute())
            request = StartRequest(simulate=self._simulate, params=self._params, slot=self._slot)
            os.chdir(self.project.folder)  # as in a run
            self._drivers[instrument.file] = DriversByHand(compiled.folder, for_stand(self.project, request))
        return self._drivers[instrument.file]


def _arguments(signature: Signature | None) -> dict[str, Data]:
    if signature is None:
        return {"arguments": [], "others": False}
    arguments: list[Data] = [{"name": name, "required": name in signature.required} for name in signature.names]
    return {"arguments": arguments, "others": signature.others}


def _written(signature: Signature) -> str:
    """The arguments of a call, those in brackets that may be left out."""
    names = [f"{name}=" if name in signature.required else f"[{name}=]" for name in signature.names]
    return " ".join([*names, *(["..."] if signature.others else [])])


def _slot(project: Project, name: str | None) -> Slot:
    from sequencer.protocol.joint_start import configured_slots
    from sequencer.protocol.request import Slot

    slots = {slot.name: slot for slot in configured_slots(project.settings.slots)}
    if name is None:
        return next(iter(slots.values()), Slot())
    if name not in slots:
        hint = f"its slots: {', '.join(slots)}" if slots else "[slots.NAME] in hardseq.toml makes one"
        raise Refusal(f"--slot {name}: there is no such slot", hint=hint)
    return slots[name]


def _shown(file: Path, project: Project) -> str:
    from sequencer.language.yaml.loader import display_path

    return display_path(file, project.folder)
