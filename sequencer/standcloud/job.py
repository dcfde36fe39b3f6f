"""The APScheduler job that drains the outbox, for as long as a panel or a run is there."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sequencer.standcloud.delivery import FIRST_AFTER, Delivery, DeliveryTarget
from sequencer.standcloud.outbox import DeliveryClaim, Outbox, is_away
from sequencer.standcloud.target_block import TargetBlock
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

PATIENCE = 60.0
"""Seconds that a drain waits for a server that asked for it; for a longer time the drain ends and comes back later."""

GIVE_UP_AFTER = 3
"""Reports in a row that met nobody: then the target is away, and one report is not to blame."""

Ending = Literal["done", "refused", "paused", "away", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOutcome:
    """One try of a drain."""

    run: str
    target: str
    delivery: Delivery


@dataclass(slots=True, kw_only=True)
class DrainResult:
    """What a drain did: reports by outcome, and why it ended. ``text`` and ``status`` are the last obstacle's."""

    target: str
    delivered: int = 0
    again: int = 0
    parked: int = 0
    ending: Ending = "done"
    status: int | None = None
    text: str = ""


def _ignore(_: SendOutcome) -> None:
    """Nobody watches."""


def drain(
    outbox: Outbox,
    target: DeliveryTarget,
    *,
    every: bool = False,
    progress: Callable[[SendOutcome], None] = _ignore,
    stop: threading.Event | None = None,
    patience: float = PATIENCE,
) -> DrainResult:
    """Sends what is due (``every``: whatever waits, each once) until nothing is, or nothing can be sent now.

    ``stop`` ends it before the next report, and cuts waiting short. Raises ``OutboxUnavailable``.
    """
    stop = stop or threading.Event()
    owner = uuid.uuid4().hex
    result = DrainResult(target=target.name)
    nobody = 0
    while not stop.is_set():
        ending = _wait_for_block(outbox.block_of(target), result, stop, patience)
        if ending is not None:
            result.ending = ending
            return result
        claim = outbox.claim(target.name, owner, every=every)
        if claim is None:
            return result
        delivery = attempt(outbox, target, claim)
        _count(result, delivery)
        progress(SendOutcome(run=claim.run, target=target.name, delivery=delivery))
        if delivery.delivered and (nobody or result.delivered == 1):
            outbox.make_due(target.name)
        nobody = nobody + 1 if not delivery.delivered and is_away(delivery.status) else 0
        if nobody >= GIVE_UP_AFTER:
            result.ending = "away"
            return result
    result.ending = "interrupted"
    return result


def send_one(outbox: Outbox, target: DeliveryTarget, run: str) -> Delivery | None:
    """Sends the report of one run now, due or not; ``None`` when it does not wait here, or another drain has it.

    A refused key or a pause that the server asked for is answered as it stands, without a try.
    """
    held = outbox.block_of(target)
    if held is not None:
        verdict: Literal["refused", "again"] = "refused" if held.reason == "refused" else "again"
        return Delivery(verdict=verdict, status=held.status, reason=held.said, retry_after=held.seconds or None)
    claim = outbox.claim(target.name, uuid.uuid4().hex, run=run)
    return None if claim is None else attempt(outbox, target, claim)


def attempt(outbox: Outbox, target: DeliveryTarget, claim: DeliveryClaim) -> Delivery:
    """One try of a claimed report, settled whatever happens; an interruption gives the claim back."""
    try:
        delivery = _deliver(target, claim)
    except BaseException:
        outbox.release(claim)
        raise
    outbox.settle(claim, target, delivery)
    return delivery


def _deliver(target: DeliveryTarget, claim: DeliveryClaim) -> Delivery:
    if claim.document is None:
        return Delivery(verdict="parked", reason=Reason("copy_damaged"))
    try:
        return target.deliver(claim.document)
    except Exception as error:
        # Of an exception that nobody foresaw only its name is kept: its text could hold anything.
        return Delivery(verdict="parked", reason=Reason("report_not_prepared", type=type(error).__name__))


def _wait_for_block(
    block: TargetBlock | None, result: DrainResult, stop: threading.Event, patience: float
) -> Ending | None:
    """Waits out a short pause; for any other block the reason to end."""
    if block is None:
        return None
    result.status, result.text = block.status, block.text
    if block.reason == "refused":
        return "refused"
    if block.seconds > patience:
        return "paused"
    return "interrupted" if stop.wait(block.seconds) else None


def _count(result: DrainResult, delivery: Delivery) -> None:
    if delivery.delivered:
        result.delivered += 1
        return
    result.status, result.text = delivery.status, delivery.text
    if delivery.verdict == "parked":
        result.parked += 1
    else:
        result.again += 1


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
        from apscheduler.executors.pool import ThreadPoolExecutor
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
