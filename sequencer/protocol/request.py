"""What a run is asked to do: the same from the command line, from a page, over HTTP, and in the test process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal, NamedTuple

from sequencer.vocabulary.data import Data, Scalar
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import ReasonedError
from sequencer.vocabulary.reason import CodedReason, Reason, ReasonOrText, read_reason

Part = Literal["params", "only", "tags", "breaks", "user", "slot"]


@dataclass(frozen=True, slots=True)
class StartProblem:
    """What of a start cannot be used: a part of the request, of ``params`` the one called ``name``.

    ``code`` is stable, ``limit`` what a value missed. ``message`` is a sentence, of a parameter without its subject;
    ``coded_reason`` has its code where that is a reason (``vocabulary.reason``).
    """

    part: Part
    name: str
    code: str
    message: str
    limit: Data = None
    coded_reason: CodedReason | None = None

    @property
    def reason(self) -> ReasonOrText:
        """The whole sentence."""
        reason = read_reason(self.coded_reason, self.message)
        return Reason("wrong_param", name=self.name, reason=reason) if self.part == "params" else reason


class RunRefused(ReasonedError, ValueError):
    """The run was not started, as it cannot be as it was asked for. Nothing was recorded.

    ``code`` says why; ``problems`` name what of the request cannot be used.
    """

    def __init__(self, reason: ReasonOrText, code: str = "refused", problems: Sequence[StartProblem] = ()) -> None:
        super().__init__(reason)
        self.code = code
        self.problems = tuple(problems)


class RunNotPossible(ReasonedError, RuntimeError):
    """The run could not be started: the test process or the journal cannot do its work. Nothing was recorded."""


class StandInUse(RunNotPossible):
    """Another run uses the stand. Two stands on one machine need a state folder each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for one product. ``number`` counts from 1, ``count`` is how many the stand has.

    Where none are configured, the stand is one slot without a name.
    """

    name: str = ""
    number: int = 1
    count: int = 1

    def in_scope(self) -> dict[str, str | int]:
        """What expressions call ``slot``."""
        return {"name": self.name, "number": self.number, "count": self.count}


class JointStart(NamedTuple):
    """What the runs that one press of Start began have in common: an ``id``, and the names of their ``slots``."""

    id: str
    slots: Sequence[str]


class StandAddress(NamedTuple):
    """Where the process listens that holds what the slots share; ``key`` (hexadecimal) lets a client in."""

    address: str
    key: str

    def __repr__(self) -> str:
        return f"StandAddress(address={self.address!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """How to run a compiled sequence; ``start_check.check_start`` says whether that is possible.

    ``params`` are values or texts by name. ``only`` names cases or modules, ``tags`` keeps cases with one of them.
    ``record`` holds the stand's facts by section, ``drivers`` its driver arguments by driver. ``host`` is found out
    when it is not given. ``tests_name`` is what the configuration calls these tests. ``attended`` says whether
    somebody can answer dialogs.
    ``answers`` are those to the dialogs of each case (``module::case``), in the order in which they are asked.
    ``step`` pauses before each step, ``breaks`` names cases that do (both need a project compiled with ``stepping``);
    ``pdb`` opens the debugger at each failure, for whom ``Run.debugger`` is then set.
    ``slot`` is where the product is, ``start`` what it was started together with, where the stand has slots. ``stand``
    is where what the slots share is found, where the sequence shares something.
    """

    params: Mapping[str, Scalar] = field(default_factory=dict)
    only: Sequence[str] | None = None
    tags: Sequence[str] | None = None
    record: Mapping[str, Data] = field(default_factory=dict)
    simulate: bool = False
    drivers: Mapping[str, Mapping[str, Data]] = field(default_factory=dict)
    host: Mapping[str, Data] | None = None
    user: str | None = None
    tests_name: str | None = None
    attended: bool = False
    answers: Mapping[str, Sequence[Data]] | None = None
    step: bool = False
    breaks: Sequence[str] = ()
    pdb: bool = False
    slot: Slot = Slot()
    start: JointStart | None = None
    stand: StandAddress | None = None

    @property
    def stepping(self) -> bool:
        """Whether steps may pause."""
        return self.step or bool(self.breaks)

    @property
    def debugged(self) -> bool:
        """Whether what happens in the run may be up to somebody at its keyboard."""
        return self.stepping or self.pdb
