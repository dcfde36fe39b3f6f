"""What a run is started with: the ``start`` command of the child's protocol, or the options of plain pytest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sequencer.vocabulary.data import Data, Scalar
from sequencer.vocabulary.status import SkipKind, Status


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
    reason: str
    skip_kinds: Mapping[str, SkipKind] = field(default_factory=dict)
    record: Mapping[str, Data] = field(default_factory=dict)
    variables: Mapping[str, Data] = field(default_factory=dict)
    module_variables: Mapping[str, Mapping[str, Data]] = field(default_factory=dict)
    stop_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """Which steps of ``after_run`` to try again for a stored run.

    ``report`` is the stored report, ``numbers`` those of the steps. What only the run's journal knows, as long as it is
    there: ``seq``, the number of its last event, and the run's ``variables``.
    """

    report: dict[str, Any]
    numbers: list[int]
    seq: int = 0
    variables: Mapping[str, Data] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCommand:
    """How to run, or, with ``retry``, what to do for a run that is over.

    ``journal`` and ``attachments`` are paths, ``None`` when nothing is to be kept.

    ``only`` and ``tags`` select; ``record`` holds facts of the stand by section; ``drivers`` replaces driver arguments
    by name; ``attended`` says whether somebody could answer a dialog, ``uploads`` whether somebody sends reports.
    ``tests_name`` is what the configuration calls these tests.
    ``epoch`` is that of the run's ``SteadyClock``, which a process that takes over goes on with.
    For debugging: ``step`` pauses before each step, ``breaks`` names cases that pause so, ``pdb`` opens the debugger at
    each failure.
    """

    run: str
    journal: str | None = None
    attachments: str | None = None
    params: Mapping[str, Scalar] = field(default_factory=dict)
    only: list[str] | None = None
    tags: list[str] | None = None
    record: Mapping[str, Data] = field(default_factory=dict)
    simulate: bool = False
    drivers: Mapping[str, Mapping[str, Data]] = field(default_factory=dict)
    host: Mapping[str, Data] = field(default_factory=dict)
    user: str | None = None
    tests_name: str | None = None
    attended: bool = False
    uploads: bool = False
    step: bool = False
    breaks: list[str] = field(default_factory=list)
    pdb: bool = False
    resume: ResumeState | None = None
    retry: RetryRequest | None = None
    epoch: float | None = None

    @property
    def debugged(self) -> bool:
        """Whether what happens in the run may be up to somebody at its keyboard."""
        return bool(self.step or self.breaks or self.pdb)


def read_start(command: Mapping[str, Any]) -> StartCommand:
    """The start out of the command's JSON. Raises ``TypeError`` when something that must be there is not."""
    known = {each.name for each in fields(StartCommand)}
    values = {name: value for name, value in command.items() if name in known}
    if values.get("resume") is not None:
        values["resume"] = ResumeState(**values["resume"])
    if values.get("retry") is not None:
        values["retry"] = RetryRequest(**values["retry"])
    return StartCommand(**values)
