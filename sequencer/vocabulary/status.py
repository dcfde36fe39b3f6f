"""The words for how a case, a module or a run ended, and for the three groups they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

Group = Literal["setup", "main", "teardown"]
GROUPS: tuple[Group, ...] = ("setup", "main", "teardown")

Status = Literal["ready", "run", "passed", "failed", "error", "stopped", "skipped"]
FINAL_STATUSES: tuple[Status, ...] = ("passed", "failed", "error", "stopped", "skipped")
BAD_STATUSES: tuple[Status, ...] = ("failed", "error", "stopped")
"""How a case or a run ends that did not go well; a skipped one did not go at all."""

OnFail = Literal["continue", "stop"]

LogLevel = Literal["debug", "info", "warning", "error"]


def log_level(number: int) -> LogLevel:
    """The level of a line that Python's ``logging`` gives this number."""
    for least, level in _LEVELS:
        if number >= least:
            return level
    return "debug"


_LEVELS: tuple[tuple[int, LogLevel], ...] = ((40, "error"), (30, "warning"), (20, "info"))
"""What a driver logs, from ``logging.ERROR`` down."""

FailureKind = Literal["failed", "error", "timeout", "stopped"]
"""Why something did not pass: ``failed`` judges the product, ``error`` the test itself; the others say so."""

WaitKind = Literal["call", "hold", "sync"]
"""What a case waits for others for: their call of a shared driver, their hold, or their coming to the same point."""

SkipKind = Literal[
    "selection",
    "condition",
    "module_condition",
    "dependency",
    "critical",
    "setup",
    "on_fail",
    "stopped",
    "run_error",
]
"""Why a case was skipped; ``run_error``: something was wrong with the run itself (a driver, the journal, a process)."""
SKIP_KINDS: tuple[SkipKind, ...] = get_args(SkipKind)

LEFT_OUT: frozenset[SkipKind | None] = frozenset({"condition", "module_condition"})
"""Skips of a case that does not apply: its own ``if`` or its module's says so."""
ALLOWED_SKIPS: frozenset[SkipKind | None] = LEFT_OUT | {"selection"}
"""Skips that a run may pass with. Any other one, and one of which nobody knows why, is a test that is missing."""

Untested = Literal["nothing_tested", "incomplete"]
UNTESTED: tuple[Untested, ...] = get_args(Untested)
"""Why a run in which nothing went wrong does not pass: no main case passed, or one was skipped because of another."""


class CaseOutcome(NamedTuple):
    """How a case ended, as far as the run's verdict depends on it.

    ``main``: it is a main case of a main module. ``skip_kind`` says why it was skipped.
    """

    status: Status
    main: bool
    skip_kind: SkipKind | None = None


def verdict(statuses: Iterable[Status], *, stopped: bool = False, broken: bool = False) -> Status:
    """The status of a whole from those of its parts, failing closed.

    ``stopped``: somebody or something ended the whole early. ``broken``: the whole itself had an error (a driver that
    would not close, a dead process). ``passed`` needs at least one passed part and nothing worse; when nothing ran,
    the answer is ``skipped``. A part that never finished counts as an error.
    """
    seen = set(statuses)
    if stopped or "stopped" in seen:
        return "stopped"
    if "failed" in seen:
        return "failed"
    if broken or seen & {"error", "run", "ready"}:
        return "error"
    return "passed" if "passed" in seen else "skipped"


def run_verdict(
    cases: Iterable[CaseOutcome], *, stopped: bool = False, broken: bool = False
) -> tuple[Status, Untested | None]:
    """The verdict of a run from its cases; ``stopped`` and ``broken`` as in ``verdict``.

    ``passed`` must be earned: at least one main case of a main module passed, nothing went wrong, and no case, in
    whatever group, was skipped for any reason but its own ``if``, its module's, or the selection. A run in which
    nothing went wrong and which does not pass is ``skipped``, and the second value says what it lacks.
    """
    seen = set(cases)
    status = verdict((case.status for case in seen), stopped=stopped, broken=broken)
    if status not in ("passed", "skipped"):
        return status, None
    if not any(case.main and case.status == "passed" for case in seen):
        return "skipped", "nothing_tested"
    if any(case.status == "skipped" and case.skip_kind not in ALLOWED_SKIPS for case in seen):
        return "skipped", "incomplete"
    return "passed", None
