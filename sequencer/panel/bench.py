"""What a session needs of the stand: which sequences there are, and runs of them. Protocols; nothing is done here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from sequencer.panel.start_form import KeptForms
from sequencer.protocol.request import JointStart, Slot, StartRequest
from sequencer.protocol.selection import Candidate
from sequencer.report.event import PlanEntry, Stamped
from sequencer.report.model import RunReport
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import ReasonOrText

if TYPE_CHECKING:
    from sequencer.vocabulary.model import Param

Listener = Callable[[Stamped], None]


class Instruments(Protocol):
    """The drivers of the chosen sequence, called by hand. Whatever cannot be done raises ``ApiError``."""

    def instruments(self) -> Mapping[str, object]:
        """What there is, and what is watched."""

    def open(self, name: str) -> None:
        """Opens one; while one is open no run begins, unless it is started here."""

    def close_one(self, name: str) -> None:
        """Closes one."""

    def call(self, name: str, member: str, given: Mapping[str, str]) -> Mapping[str, object]:
        """``{value, seconds, error}`` of a call; ``error`` is what the driver raised."""

    def watch(self, name: str, member: str, given: Mapping[str, str]) -> None:
        """Calls it again every second; an empty ``member`` ends that."""

    def end(self) -> None:
        """Closes all."""


class RunControl(Protocol):
    """A run that is going on, as far as a page can do something about it."""

    def stop(self, reason: ReasonOrText, /) -> None:
        """Asks the run to stop."""

    def answer(self, identity: str, result: str, value: Data, by: str | None, /) -> bool:
        """Passes an answer on; false when nobody waits for it."""


class PanelRun(RunControl, Protocol):
    """One run from its warm test process to its report."""

    def prepare(self) -> None:
        """Brings the test process up until it waits for ``start``. Raises ``OSError`` or ``RuntimeError``, also where
        the run is closed meanwhile."""

    def start(self, request: StartRequest) -> str:
        """Starts; returns the run's id."""

    def wait(self) -> RunReport:
        """The report, once the run is over."""

    def renew(self) -> bool:
        """After ``wait``: whether the same test process, with drivers that stay open, serves another run of this kind.

        Then it is to be prepared again instead of closed.
        """

    def close(self) -> None:
        """Ends the test process. Closing twice is harmless."""

    @property
    def alive(self) -> bool:
        """Whether the test process is there."""


class PanelRetry(Protocol):
    """The steps that are left to do after a stored run."""

    def start(self) -> str:
        """Begins. Raises ``ApiError``, ``OSError`` or ``RuntimeError``; then nothing was done."""

    def stop(self, reason: ReasonOrText) -> None:
        """Ends the step that goes on."""

    def wait(self) -> RunReport:
        """The amended report, once all is over."""

    def close(self) -> None:
        """Ends the test process. Closing twice is harmless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSequence:
    """A sequence ready to run. ``sequence`` and ``modules`` as in ``RunStarted``; ``launch`` makes a run of it,
    for the product in a slot. ``serial_number`` is what it records as the product's as soon as it begins.
    """

    sequence: Mapping[str, object]
    modules: Sequence[PlanEntry]
    params: tuple[Param, ...]
    serial_number: str | None = None
    launch: Callable[[Listener, Callable[[str], None], Slot], PanelRun]

    def cases(self) -> list[Candidate]:
        """What of it can be chosen."""
        return [
            Candidate(f"{module['id']}::{case['id']}", module["id"], case["tags"])
            for module in self.modules
            for case in module["cases"]
        ]


@dataclass(frozen=True, slots=True)
class SelectableSequence:
    """A sequence that the operator can choose."""

    name: str
    description: str | None = None


class Bench(Protocol):
    """The stand's sequences."""

    @property
    def choices(self) -> Sequence[SelectableSequence]:
        """What can be chosen; at least one."""

    @property
    def first(self) -> str:
        """The choice to begin with."""

    def remember(self, choice: str) -> None:
        """``choice`` is what the next panel begins with."""

    @property
    def forms(self) -> KeptForms:
        """What was entered in the start form for a batch."""

    def load(self, choice: str) -> PreparedSequence:
        """Reads, checks and compiles. Raises ``InvalidInput`` with the problems, or ``OSError``."""

    def retry(self, run: str, output: Callable[[str], None]) -> PanelRetry:
        """What is left to do after a stored run; ``output`` takes what drivers print."""

    def leave(self, start: JointStart, slot: str) -> None:
        """In this slot no run could begin: those that began in others do not wait for it."""

    def give_up(self) -> None:
        """No run begins any more: who waits in ``load`` for a test process is told that there is none."""

    def close(self) -> None:
        """Ends what runs have in common. Closing twice is harmless."""

    def mark(self, choice: str) -> object:
        """Something that changes when the choice's files do; cheap, asked for every second."""
