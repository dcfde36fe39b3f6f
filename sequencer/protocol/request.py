"""What a run is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sequencer.vocabulary.data import Data, Scalar

if TYPE_CHECKING:
    from sequencer.protocol.start import RetryRequest


class RunRefused(ValueError):
    """The run was not started: a parameter or a name of the selection cannot be used. Nothing was recorded."""


class RunNotPossible(RuntimeError):
    """The run could not be started: the test process or the journal cannot do its work. Nothing was recorded."""


class StandInUse(RunNotPossible):
    """Another run uses the stand. Two stands on one machine need a state folder each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """How to run a compiled sequence.

    ``params`` are values or texts by name. ``only`` names cases or modules, ``tags`` keeps cases with one of them.
    ``record`` holds the stand's facts by section, ``drivers`` its driver arguments by driver. ``host`` is found out
    when it is not given. ``tests_name`` is what the configuration calls these tests. ``attended`` says whether
    somebody can answer dialogs.
    ``step`` pauses before each step, ``breaks`` names cases that do (both need a project compiled with ``stepping``);
    ``pdb`` opens the debugger at each failure, for whom ``Run.debugger`` is then set. ``retry``: no run is made, but
    steps after one that is over are tried again (``runner.retry``).
    """

    params: Mapping[str, Scalar] = field(default_factory=dict)
    only: list[str] | None = None
    tags: list[str] | None = None
    record: Mapping[str, Data] = field(default_factory=dict)
    simulate: bool = False
    drivers: Mapping[str, Mapping[str, Data]] = field(default_factory=dict)
    host: Mapping[str, Data] | None = None
    user: str | None = None
    tests_name: str | None = None
    attended: bool = False
    step: bool = False
    breaks: list[str] = field(default_factory=list)
    pdb: bool = False
    retry: RetryRequest | None = None

    def command(self, run_id: str, journal: str, attachments: str) -> dict[str, Any]:
        """The ``start`` command of the child's protocol."""
        return {**asdict(self), "command": "start", "run": run_id, "journal": journal, "attachments": attachments}
