"""The attempt that is under way in this process, for whom nobody hands it to: a driver that says something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequencer.runtime.case import AttemptContext

_attempts: list[AttemptContext] = []
"""Empty between two cases. A process has one run at a time, and drivers are plain code to which nothing is given."""


def begin(attempt: AttemptContext) -> None:
    """From now on what drivers say belongs to it."""
    _attempts[:] = [attempt]


def end() -> None:
    """It is over."""
    _attempts.clear()


def attempt_under_way() -> AttemptContext | None:
    """The attempt, from the opening of its drivers to the end of its last step."""
    return next(iter(_attempts), None)
