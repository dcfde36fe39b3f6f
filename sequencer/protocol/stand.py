"""What passes between the stand process and those who use it.

Its owner (the runner) speaks to it in lines of JSON, over its standard input and output. The test processes of the
slots have a connection of ``multiprocessing`` each, on which one question at a time waits for its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sequencer.protocol.wire import Messages
from sequencer.vocabulary.reason import WrittenReason


class OpenStand(NamedTuple):
    """The owner's first line: where to listen, the ``key`` (hexadecimal) of those let in, and the drivers' folder.

    A call that nobody waits for any more gets ``grace`` seconds to end in. ``kept_users`` is the file that it holds
    while drivers are open in it that a panel keeps open between runs.
    """

    address: str
    key: str
    cwd: str | None = None
    grace: float = 5.0
    kept_users: str | None = None


class EndSlot(NamedTuple):
    """The run of a slot is over, or never began: nobody is to wait for it. ``slots`` are all of its start."""

    start: str
    slot: str
    slots: Sequence[str] = ()


class PingStand(NamedTuple):
    """Asks for a sign of life."""


class CloseStand(NamedTuple):
    """The owner needs it no more, and still hears what drivers print while they are closed."""


StandCommand = OpenStand | EndSlot | PingStand | CloseStand

STAND_COMMANDS: Messages[StandCommand] = Messages(
    "command", {"open": OpenStand, "end_slot": EndSlot, "ping": PingStand, "close": CloseStand}
)


class StandReady(NamedTuple):
    """Slots may connect."""


class StandAlive(NamedTuple):
    """The sign of life; ``hung``: a driver's call goes on that nobody waits for any more. ``used``: slots are there."""

    hung: bool = False
    used: bool = False


StandNotice = StandReady | StandAlive

STAND_NOTICES: Messages[StandNotice] = Messages("notice", {"ready": StandReady, "alive": StandAlive})


class EnterStand(NamedTuple):
    """A test process's first message: it runs ``slot`` of ``start``, in which ``slots`` take part."""

    start: str
    slot: str
    slots: Sequence[str]


class OpenShared(NamedTuple):
    """Wants the driver ``name``; ``payload`` holds the values of its arguments. ``reopens``: after a failed call.
    ``factory``: a function gives it. ``simulated``: what it is opened from takes the place of the real one."""

    number: int
    name: str
    place: str
    folder: str
    driver_folders: Sequence[str]
    file: str | None
    module: str | None
    target: str
    payload: bytes
    reopens: bool
    factory: bool = False
    simulated: bool = False


class CallShared(NamedTuple):
    """Calls ``method`` of a driver's object; ``None``: the object itself. ``payload`` holds ``(arguments, named)``.

    ``reference`` is the number of an object that the driver returned, 0 for the driver itself.
    """

    number: int
    name: str
    place: str
    reference: int
    method: str | None
    payload: bytes
    dropped: Sequence[int] = ()


class ReadShared(NamedTuple):
    """Reads an attribute."""

    number: int
    name: str
    place: str
    reference: int
    attribute: str


class WriteShared(NamedTuple):
    """Sets an attribute; ``payload`` holds the value."""

    number: int
    name: str
    place: str
    reference: int
    attribute: str
    payload: bytes


class TakeHold(NamedTuple):
    """Wants all of the drivers ``names`` for itself, until ``GiveBack``."""

    number: int
    names: Sequence[str]
    place: str


class ArriveAtSync(NamedTuple):
    """Has come to a sync point; ``once``: one of those there is to do something for all."""

    number: int
    point: str
    place: str
    once: bool


class EndOnce(NamedTuple):
    """The steps that were to run for all, after arrival ``number``, are done, or failed.

    ``judged`` and ``limited`` say how often they judged the product, and how often by limits. ``missed``: the failure
    is one of the product, not an error.
    """

    number: int
    failure: WrittenReason | None
    judged: int = 0
    limited: int = 0
    missed: bool = False


class GiveBack(NamedTuple):
    """Needs what message ``number`` asked for no more, or waits for it no more. Has no answer."""

    number: int


class AbandonCall(NamedTuple):
    """Waits for the answer of a driver no more. Answered by ``Abandoned``."""

    number: int


class AskAwaited(NamedTuple):
    """For whom does message ``number`` still wait? Answered by ``Queued``, unless it waits no more."""

    number: int


class LeaveSyncs(NamedTuple):
    """Nobody is to wait for this slot at ``points`` any more. Has no answer."""

    points: Sequence[str]


DriverQuestion = OpenShared | CallShared | ReadShared | WriteShared
SlotMessage = (
    EnterStand | DriverQuestion | TakeHold | ArriveAtSync | EndOnce | GiveBack | AbandonCall | AskAwaited | LeaveSyncs
)


class Queued(NamedTuple):
    """It has to wait, for ``slots``."""

    number: int
    slots: Sequence[str]


class Begun(NamedTuple):
    """It was its turn after all; the answer is to come."""

    number: int


class Granted(NamedTuple):
    """It has the drivers, or goes on from the sync point; ``once``: when it has done what one does for all.

    ``judged`` and ``limited`` are those of ``EndOnce``, for the others.
    """

    number: int
    once: bool = False
    judged: int = 0
    limited: int = 0


class Returned(NamedTuple):
    """What the driver gave."""

    number: int
    payload: bytes


class Raised(NamedTuple):
    """What the driver raised: the name of its class, its text and its traceback. ``judged``: it is a failure or an
    error that hardseq's own classes tell, and ``reason`` says why."""

    number: int
    kind: str
    text: str
    traceback: str | None = None
    error_code: int | None = None
    judged: Literal["failed", "error"] | None = None
    reason: WrittenReason = ""


class Refused(NamedTuple):
    """It cannot be; ``missed`` as in ``EndOnce``."""

    number: int
    reason: WrittenReason
    missed: bool = False


class Doubtful(NamedTuple):
    """The call before did not end well: the driver has to be opened again first."""

    number: int


class Abandoned(NamedTuple):
    """Where the driver was then, as a traceback tells it; ``None`` where it was not at work."""

    number: int
    stack: str | None


SaidKind = Literal["progress", "message", "measure", "attach", "line", "error"]


class Said(NamedTuple):
    """What the driver says of the step whose call ``number`` goes on; the answer is to come. ``payload`` holds the
    arguments of ``what``: those of ``CurrentStep``, or level, text and source of a line that it printed or logged, or
    the written reason of an error that it may have swallowed."""

    number: int
    what: SaidKind
    payload: bytes


StandAnswer = Said | Queued | Begun | Granted | Returned | Raised | Refused | Doubtful | Abandoned


class SharedReference(NamedTuple):
    """Stands for an object that stays in the stand process: number ``number`` of the driver ``driver``.

    ``kind`` is the name of its class, ``methods`` are those of its attributes that are methods for certain;
    ``function``: it is a function itself.
    """

    driver: str
    number: int
    kind: str
    methods: frozenset[str] = frozenset()
    function: bool = False
