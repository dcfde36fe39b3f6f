"""The words for how a case, a module or a run ended, and for the three groups they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Group = Literal["setup", "main", "teardown"]
GROUPS: tuple[Group, ...] = ("setup", "main", "teardown")

Status = Literal["ready", "run", "passed", "failed", "error", "stopped", "skipped"]
FINAL_STATUSES: tuple[Status, ...] = ("passed", "failed", "error", "stopped", "skipped")

OnFail = Literal["continue", "stop"]


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
