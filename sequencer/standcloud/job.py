"""The APScheduler job that drains the outbox, for as long as a panel or a run is there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]  # has no types

FIRST_AFTER = 30.0
"""Seconds from the start to the first drain."""


class DrainJob:
    """Calls each piece of work after ``first`` seconds, then at its own interval, and when asked; one at a time.

    A piece of work is called with the event that asks it to end; it must not raise.
    """

    def __init__(self, *, first: float = FIRST_AFTER) -> None:
        self._first = first
        self._stop = threading.Event()
        self._works: dict[str, tuple[Callable[[threading.Event], None], float]] = {}
        self._scheduler: BackgroundScheduler | None = None

    def add(self, name: str, work: Callable[[threading.Event], None], *, minutes: float) -> None:
        """Adds work before the start, with the ``minutes`` between two calls."""
        self._works[name] = (work, minutes)

    def start(self) -> None:
        """Starts the thread; nothing when there is no work."""
        if self._scheduler is not None or not self._works:
            return
        from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]  # has no types
        from apscheduler.schedulers.background import BackgroundScheduler

        self._stop.clear()
        self._scheduler = BackgroundScheduler(
            # Nothing here depends on the place, and a stand's time zone may be one that nobody can read.
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            logger=_quiet_logger(),
        )
        first = datetime.now(UTC) + timedelta(seconds=self._first)
        for name, (work, minutes) in self._works.items():
            # Two instances on one thread: what is asked for while a drain is ending is done after it, not forgotten.
            self._scheduler.add_job(
                work,
                "interval",
                args=[self._stop],
                id=name,
                minutes=minutes,
                next_run_time=first,
                coalesce=True,
                max_instances=2,
                misfire_grace_time=None,
            )
        self._scheduler.start()

    def now(self, name: str) -> bool:
        """Asks for a call at once; the next one follows an interval later. False when there is no such work running."""
        if self._scheduler is None or name not in self._works:
            return False
        self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        return True

    def stop(self, *, wait: bool = True) -> None:
        """Asks a call that is going on to end, and ends the thread. Stopping twice is harmless."""
        self._stop.set()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=wait)
            self._scheduler = None


def _quiet_logger() -> logging.Logger:
    """APScheduler warns of a call that it leaves out because two are waiting; that is meant here."""
    logger = logging.getLogger("sequencer.standcloud.scheduler")
    logger.setLevel(logging.ERROR)
    return logger
