"""Watches for alarms: looks at the figures whenever runs were counted, raises, clears, and tells whoever is to know."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence

from sequencer.alarms.book import AlarmBook, AlarmsUnavailable, Notice, RaisedAlarm
from sequencer.alarms.targets import AlarmTarget, NotTold
from sequencer.alarms.told import page_of, sentence_of
from sequencer.alarms.values import AlarmValue, silent_stands, values
from sequencer.figures.index import FiguresUnavailable
from sequencer.figures.scope import Ask
from sequencer.figures.service import FiguresService
from sequencer.project.settings import AlarmSettings
from sequencer.store.base import StoreError
from sequencer.store.stands import StandNow
from sequencer.vocabulary.reason import Reason, coded

LOOK_SECONDS = 2.0
"""Seconds between two looks whether anything was counted, and whether a stand is silent."""
TIME_SECONDS = 60.0
"""Seconds after which figures over a time are looked at again, though nothing was counted."""
FIRST_DELAY = 10.0
LONGEST_DELAY = 3600.0
GIVEN_UP_AFTER = 3 * 86_400.0
"""Seconds after which a target that never took a notice is not told any more."""


def delay(attempts: int, spread: float) -> float:
    """Seconds to wait after so many tries: doubling from ten seconds to an hour, varied by a quarter (``spread`` is
    chance, 0 to 1)."""
    return min(FIRST_DELAY * 2.0 ** min(attempts, 20), LONGEST_DELAY) * (0.75 + 0.5 * spread)


class AlarmWatch:
    """Of one project. ``show`` is given what people have to know of, whenever that changes, as JSON-ready values; one
    without a name says why it is not known what was raised.

    ``stands``: all that the factory knows of; none on a single stand.
    """

    def __init__(
        self,
        alarms: Sequence[AlarmSettings],
        book: AlarmBook,
        figures: FiguresService,
        *,
        targets: Mapping[str, AlarmTarget],
        show: Callable[[list[dict[str, object]]], None],
        stands: Callable[[], Sequence[StandNow]] = lambda: (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._alarms = alarms
        self._book = book
        self._figures = figures
        self._targets = targets
        self._show = show
        self._stands = stands
        self._clock = clock
        self._seen: object = None
        self._looked = 0.0
        self._troubled: float | None = None
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(each,), name=name, daemon=True)
            for name, each in (("alarms", self.look), ("notices", self.tell))
        ]

    def start(self) -> None:
        """Begins."""
        self._figures.follow()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ends; a server that does not answer is not waited for."""
        self._closing.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=2.0)
        self._book.close()

    def newest(self) -> list[RaisedAlarm]:
        """What was raised, the newest first. Raises ``AlarmsUnavailable``."""
        return self._book.newest()

    def acknowledge(self, identity: str, by: str | None) -> RaisedAlarm | None:
        """Somebody knows of it; ``None`` when there is no such alarm. Raises ``AlarmsUnavailable``."""
        self._book.acknowledge(identity, by)
        self.show()
        return self._book.get(identity)

    def show(self) -> None:
        """Tells what people have to know of. Raises ``AlarmsUnavailable``."""
        told = {alarm.name for alarm in self._alarms if alarm.block or "panel" in alarm.tell}
        shown = [alarm.document() for alarm in self._book.shown() if alarm.name in told]
        self._troubled = None
        self._show(shown)

    def _show_trouble(self, error: AlarmsUnavailable) -> None:
        """That nobody knows of any alarm, in the place of those that there may be."""
        since = self._troubled = self._clock() if self._troubled is None else self._troubled
        stops = any(alarm.block for alarm in self._alarms)
        reason = Reason("alarm_unknown", reason=error.reason) if stops else error.reason
        trouble = RaisedAlarm(
            id="",
            name="",
            key="{}",
            text=str(reason),
            coded_reason=coded(reason),
            page="/overview",
            block=False,
            raised=since,
        )
        self._show([trouble.document()])

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._closing.is_set():
            try:
                work()
            except AlarmsUnavailable as error:
                self._show_trouble(error)
            except (FiguresUnavailable, StoreError):
                pass  # it is tried again, and told elsewhere
            except Exception as error:  # a defect of hardseq: told, and the panel goes on
                traceback.print_exception(error)
            self._closing.wait(LOOK_SECONDS)

    # What is so.

    def look(self) -> None:
        """Looks at the stands and the figures once. Raises ``AlarmsUnavailable``, ``FiguresUnavailable``,
        ``StoreError``."""
        now = self._clock()
        for alarm in self._alarms:
            if alarm.condition.figure == "silent":
                self._take(alarm, silent_stands(alarm, self._stands(), now))
        self._look_at_figures(now)
        self.show()

    def _look_at_figures(self, now: float) -> None:
        place, state = self._figures.read(lambda ask: ask("SELECT store, checkpoint FROM place", []))
        if state.left != 0 or state.rebuilding or state.problem is not None:
            return  # half of the runs would be looked at
        if place != self._seen or now - self._looked >= TIME_SECONDS:
            self._figures.read(lambda ask: self.evaluate(ask, now))
            self._seen, self._looked = place, now

    def evaluate(self, ask: Ask, now: float) -> None:
        """Raises what is so and clears what is so no longer, by the figures as they are."""
        for alarm in self._alarms:
            if alarm.condition.figure != "silent":
                self._take(alarm, values(ask, alarm, now))
        known = {alarm.name for alarm in self._alarms}
        for name in self._book.names_of_open() - known:  # nobody watches for it any more
            for raised in self._book.open_of(name).values():
                self._book.clear(raised.id, ())

    def _take(self, alarm: AlarmSettings, found: Sequence[AlarmValue]) -> None:
        raised = self._book.open_of(alarm.name)
        for value in found:
            before = raised.get(value.key)
            holds = value.holds and not _was_acknowledged(before, value)
            if holds and before is None:
                self._book.raise_alarm(
                    alarm.name,
                    value.key,
                    sentence_of(alarm, value),
                    page=page_of(alarm, value),
                    block=alarm.block,
                    tell=[target for target in alarm.tell if target in self._targets],
                )
            elif before is not None and not holds:
                self._book.clear(before.id, [target for target in alarm.tell if target in self._targets])

    # Who is told.

    def tell(self) -> None:
        """Tells what is due to whoever is to be told. Raises ``AlarmsUnavailable``."""
        for notice in self._book.due():
            if self._closing.is_set():
                return
            target = self._targets.get(notice.target)
            try:
                if target is None:
                    raise NotTold(f"{notice.target} is not configured any more", for_good=True)
                target.tell(notice)
            except NotTold as error:
                self._book.put_off(notice, str(error), self._delay(notice, error))
            else:
                self._book.settle(notice)

    def _delay(self, notice: Notice, error: NotTold) -> float | None:
        if error.for_good or self._clock() - notice.queued > GIVEN_UP_AFTER:
            return None
        return delay(notice.attempts, random.random())


def _was_acknowledged(raised: RaisedAlarm | None, value: AlarmValue) -> bool:
    """Whether somebody knows of all that makes it so: units in a row are counted anew from then on."""
    known = None if raised is None else raised.acknowledged
    return known is not None and value.since is not None and value.since <= known
