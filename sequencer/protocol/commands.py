"""What the runner tells the test process. On the wire: ``{"command": "stop", "reason": "..."}``, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from sequencer.protocol.request import StartRequest
from sequencer.protocol.wire import Messages
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import WrittenReason
from sequencer.vocabulary.status import SkipKind, Status

if TYPE_CHECKING:
    from sequencer.report.model import RunReport
else:
    # A message's fields are read by their types, and that of a whole report is a JSON object.
    RunReport = dict


class Collect(NamedTuple):
    """The first command: the generated project to collect, in ``folder``; drivers find themselves in ``cwd``.

    ``manifest`` is the digest of the project's manifest, which its files are compared with. ``variables`` are those of
    the environment that hold secrets, ``secrets`` what else nobody shall read in what is told. With ``forks`` it is not
    to run anything: once it has collected, it forks test processes for whoever listens at that address.
    ``kept_users`` is the file that it holds while drivers of scope ``stand`` are open in it.
    """

    folder: str
    cwd: str | None = None
    manifest: str | None = None
    variables: Mapping[str, str] = {}
    secrets: Sequence[str] = ()
    forks: str | None = None
    kept_users: str | None = None

    def collects_same(self, other: Collect) -> bool:
        """Whether both are about the same generated project, in the same state."""
        return (self.folder, self.cwd, self.manifest) == (other.folder, other.cwd, other.manifest)


class TellPlan(NamedTuple):
    """Asks for the plan, before the start."""


class Warm(NamedTuple):
    """Opens the drivers of scope ``stand``; the process serves other runs after the next one.

    Of ``request`` what the stand says counts.
    """

    request: StartRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeState:
    """What a process that takes over from a dead one must know.

    ``seq`` is the number of the last event, ``statuses`` how cases ended so far, ``skip_kinds`` why some of them were
    skipped, ``record`` the facts by section,
    ``variables`` those of the run and, under ``module_variables``, of each module; ``reason`` what
    happened; ``stop_reason`` why the run was stopped, if it was.
    """

    seq: int
    statuses: Mapping[str, Status]
    reason: WrittenReason
    skip_kinds: Mapping[str, SkipKind] = field(default_factory=dict)
    record: Mapping[str, object] = field(default_factory=dict)
    variables: Mapping[str, Data] = field(default_factory=dict)
    module_variables: Mapping[str, Mapping[str, Data]] = field(default_factory=dict)
    stop_reason: WrittenReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """Which steps of ``after_run`` to try again for a stored run.

    ``report`` is the stored report, ``numbers`` those of the steps. What only the run's journal knows, as long as it is
    there: ``seq``, the number of its last event, and the run's ``variables``.
    """

    report: RunReport
    numbers: list[int]
    seq: int = 0
    variables: Mapping[str, Data] = field(default_factory=dict)


class Start(NamedTuple):
    """Begins the run ``run``; with ``resume``, goes on with it; with ``retry``, amends one that is over.

    ``journal`` and ``attachments`` are paths, ``None`` when nothing is to be kept. ``uploads`` says whether somebody
    sends reports. ``epoch`` is that of the run's ``SteadyClock``, which a process that takes over goes on with.
    """

    run: str
    request: StartRequest = StartRequest()
    journal: str | None = None
    attachments: str | None = None
    uploads: bool = False
    resume: ResumeState | None = None
    retry: RetryRequest | None = None
    epoch: float | None = None


class Stop(NamedTuple):
    """A stop."""

    reason: WrittenReason = "stopped"


class EndStep(NamedTuple):
    """Ends the step of the teardown that is running since event number ``seq``."""

    seq: int
    reason: WrittenReason


class AnswerDialog(NamedTuple):
    """An answer to a dialog, a blocking message, or what a step asked the runner for; ``by`` names who gave it."""

    dialog: str
    result: str
    value: Data = None
    by: str | None = None


class DebugLine(NamedTuple):
    """A line for the debugger; ``None``: none will come."""

    line: str | None


Command = Collect | TellPlan | Warm | Start | Stop | EndStep | AnswerDialog | DebugLine

COMMANDS: Messages[Command] = Messages(
    "command",
    {
        "collect": Collect,
        "plan": TellPlan,
        "warm": Warm,
        "start": Start,
        "stop": Stop,
        "end_step": EndStep,
        "answer": AnswerDialog,
        "debug": DebugLine,
    },
)
