"""The live state: what the pages show now, and its changes in order, made from the run's events.

Writers (the runner's thread with events, the session with its own state) only leave what is new. As long as nobody
follows, that is all: what came is folded once somebody wants to see it. Then one thread of its own folds it and turns
it into patches, at most every ``pause`` seconds, encodes each once, and keeps the last ones, so that any number of
readers costs the run nothing. Every change has an id ``EPOCH-NUMBER``; a reader that names the last id it
saw gets what came after, one that is too far behind or comes from another epoch (the server was restarted) the whole
state.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from sequencer.panel.patches import RunView, whole_run
from sequencer.panel.plan import planned, same_plan
from sequencer.report.event import RunFinished, RunResumed, RunStarted, Stamped
from sequencer.report.fold import Fold
from sequencer.report.model import CaseReport, ModuleReport, RunReport
from sequencer.vocabulary.clock import SteadyClock
from sequencer.vocabulary.json_text import compact

PAUSE = 0.015
"""Seconds between two patches at least: fast enough for eyes, slow enough to put many events into one."""
_KEPT_BYTES = 4_000_000
_FRESH = 0.2
MOST_UNSEEN = 100_000
"""Events that wait for somebody who wants to see the run; more are folded, as that takes less memory."""


Found = TypeVar("Found")


class LiveChange(NamedTuple):
    """One step of the live state: ``kind`` is ``snapshot`` or ``patch``, ``data`` its JSON."""

    id: str
    kind: str
    data: str


class LiveRun:
    """Thread-safe. ``close`` ends its thread and every reader. ``clock`` is that of the run.

    ``changed`` is called whenever something has come in; it must return at once and must not look here.
    """

    def __init__(
        self,
        session: Mapping[str, object] | None = None,
        *,
        pause: float = PAUSE,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self.epoch = os.urandom(4).hex()
        self.clock = SteadyClock()
        self._pause = pause
        self._tell = changed
        self._slots: dict[str, dict[str, object]] | None = None
        self._slot_changes: dict[str, dict[str, object]] = {}
        self._number = 0
        self._changes: deque[tuple[int, LiveChange]] = deque()
        self._bytes = 0
        self._snapshot: tuple[float, LiveChange | None] = (0.0, None)
        self._session: dict[str, object] = dict(session or {})
        self._session_changes: dict[str, object] = {}
        self._report = planned({"name": ""}, [])
        self._fold: Fold | None = None
        self._view = RunView()
        self._view.patch(self._report, {})
        self._index: dict[str, tuple[ModuleReport, CaseReport]] = {}
        self._incoming: deque[Stamped] = deque()
        self._dirty: dict[str, None] = {}
        self._marked = False
        self._renewed = False
        self._begun = False
        self._followers = 0
        self._awaiting: list[Callable[[], object]] = []
        self._untold = False
        self._closed = False
        self._changed = threading.Condition()
        self._published = threading.Condition()
        self._thread = threading.Thread(target=self._publish, name="live", daemon=True)
        self._thread.start()

    # Writers.

    def plan(self, sequence: Mapping[str, object], modules: Iterable[Mapping[str, object]]) -> None:
        """Shows what will run: ``sequence`` and ``modules`` as in ``RunStarted``.

        The last run of the same stays on display: files change that a sequence does not show, and runs write some.
        """
        with self._changed:
            self._take()
            report, shown = planned(sequence, modules), self._report
            if shown["id"] and shown["sequence"] == report["sequence"] and same_plan(shown, report):
                return
            self._fold = None
            self._renew(report)
            self._mark()

    def listen(self, stamped: Stamped) -> None:
        """Takes an event of the run; returns at once."""
        if len(self._incoming) > MOST_UNSEEN:
            with self._changed:
                self._take()
        self._incoming.append(stamped)
        # Looked at without the lock: whoever clears the mark looks for events afterwards.
        if not self._marked:
            with self._changed:
                self._mark()

    def show(self, report: RunReport) -> None:
        """Shows a finished report, in case the events led to something else."""
        with self._changed:
            if self._followers:
                self._take()
                if self._report["id"] == report["id"] and self._report["status"] == report["status"]:
                    return
            self._incoming.clear()  # this is what it comes to
            self._fold = None
            self._renew(report)
            self._mark()

    def clear_message(self, identity: str) -> None:
        """Takes an operator message away whose run is over: nobody else will."""
        with self._changed:
            self._take()
            for message in self._report["operator_messages"]:
                if message["id"] == identity and message["cleared"] is None:
                    message["cleared"] = self.clock.now()
            self._mark()

    def set(self, **session: object) -> None:
        """Changes the session's own state: JSON-ready values by name."""
        with self._changed:
            changed = {name: value for name, value in session.items() if self._session.get(name, ...) != value}
            if changed:
                self._session.update(changed)
                self._session_changes.update(changed)
                self._mark()

    def set_slot(self, slot: str, /, **state: object) -> None:
        """Changes what is shown of a slot: JSON-ready values by name. Only a stand with slots shows any."""
        with self._changed:
            shown = {} if self._slots is None else self._slots.get(slot, {})
            changed = {key: value for key, value in state.items() if shown.get(key, ...) != value}
            if changed:
                self._slots = {**(self._slots or {}), slot: {**shown, **changed}}
                self._slot_changes.setdefault(slot, {}).update(changed)
                self._mark()

    def publish(self) -> None:
        """Publishes what is there now, without waiting for the thread's turn."""
        with self._changed:
            self._flush()

    def close(self) -> None:
        """Ends the publishing thread and wakes every reader."""
        with self._changed:
            # What was said last is what people wait for: the verdict.
            self._flush()
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        with self._published:
            self._published.notify_all()

    def _mark(self) -> None:
        self._marked = True
        self._changed.notify()

    def _take(self) -> None:
        """Folds what has come in. Called with the lock held."""
        while self._incoming:
            stamped = self._incoming.popleft()
            event = stamped.event
            if isinstance(event, RunStarted):
                self._fold = Fold(event.run)
                self.clock = SteadyClock.set_to(stamped.time)
            if self._fold is None:
                continue
            name = self._fold.apply(stamped)
            if self._fold.report is not self._report:
                self._renew(self._fold.report or planned({}, []))
            elif isinstance(event, RunFinished | RunResumed):
                self._dirty.update(dict.fromkeys(self._index))
            elif name is not None:
                self._dirty[name] = None

    def _renew(self, report: RunReport) -> None:
        """From here on another run is shown: whole, or as a beginning when pages know its plan already."""
        if not self._renewed:
            self._begun = same_plan(self._report, report)
            self._renewed = not self._begun
        self._report = report
        self._view = RunView()
        self._index = {
            f"{module['id']}::{case['id']}": (module, case) for module in report["modules"] for case in module["cases"]
        }
        self._dirty.clear()

    # Readers.

    def followed(self, more: int) -> None:
        """Counts who follows the changes. While nobody does, none are made: who comes gets the whole state."""
        with self._changed:
            # What came while nobody followed is told as a whole.
            self._untold = self._untold or (not self._followers and self._marked)
            self._followers += more
            if self._untold and self._followers:
                self._mark()
            awaiting, self._awaiting = (self._awaiting, []) if self._followers else ([], self._awaiting)
        for each in awaiting:
            each()

    def when_followed(self, do: Callable[[], object]) -> None:
        """Has ``do``, which returns at once, done as soon as somebody follows, or asks for the state."""
        with self._changed:
            self._awaiting.append(do)
        self.followed(0)

    def asked(self) -> None:
        """Somebody asks for the state: what waits for that is done."""
        with self._changed:
            awaiting, self._awaiting = self._awaiting, []
        for each in awaiting:
            each()

    @property
    def closed(self) -> bool:
        """Whether nothing will change any more."""
        return self._closed

    def snapshot(self) -> LiveChange:
        """The whole state; what was not published yet is published first, or its patch would come once more."""
        self.asked()
        with self._changed:
            self._flush(whole=True)
            identity = f"{self.epoch}-{self._number}"
            made, snapshot = self._snapshot
            # Many pages that come back together share one; a later page sets its clock by it, so it must be fresh.
            if snapshot is None or snapshot.id != identity or time.monotonic() - made > _FRESH:
                snapshot = LiveChange(identity, "snapshot", compact(self._whole()))
                self._snapshot = (time.monotonic(), snapshot)
            return snapshot

    def look(self, read: Callable[[RunReport, Mapping[str, object]], Found]) -> Found:
        """What ``read`` finds in the report and the session's state, while nothing changes them."""
        with self._changed:
            self._take()
            return read(self._report, self._session)

    def after(self, last: str | None, timeout: float) -> list[LiveChange] | None:
        """The changes that follow id ``last``, waiting up to ``timeout`` seconds for one; ``None``: take a snapshot."""
        epoch, _, number = (last or "").rpartition("-")
        try:
            seen = int(number) if epoch == self.epoch else None
        except ValueError:
            seen = None
        if seen is None:
            return None
        with self._published:
            if self._number <= seen and not self._closed:
                self._published.wait_for(lambda: self._number > seen or self._closed, timeout)
            if seen > self._number or (self._changes and self._changes[0][0] > seen + 1):
                return None
            if not self._changes and seen < self._number:
                return None
            # Newest first until the one that was seen: readers are nearly always at the end.
            found: list[LiveChange] = []
            for at, change in reversed(self._changes):
                if at <= seen:
                    break
                found.append(change)
            return found[::-1]

    # The publishing thread.

    @property
    def _wanted(self) -> bool:
        """Whether somebody follows, or wants to know that something has come."""
        return bool(self._followers) or self._tell is not None

    def _publish(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or (self._marked and self._wanted))
                if self._closed:
                    return
                begun = time.monotonic()
                self._flush()
            time.sleep(max(self._pause / 4, self._pause - (time.monotonic() - begun)))

    def _flush(self, *, whole: bool = False) -> None:
        """Publishes what is marked; ``whole``: somebody is about to take the whole state. Called with the lock held."""
        if not self._marked and not (whole and self._untold):
            return
        self._untold = self._untold or not self._followers
        if self._tell is not None:
            self._marked = False
            self._tell()
        if self._untold and not self._followers and not whole:
            return  # the mark stays, so that nobody is woken for what nobody sees
        self._marked = False
        self._take()
        if self._untold:
            self._untold = False
            self._renewed = True
        if self._renewed:
            self._renewed = self._begun = False
            self._session_changes.clear()
            self._slot_changes.clear()
            self._dirty.clear()
            self._view = RunView()
            self._view.patch(self._report, self._index)
            self._append("snapshot", self._whole(self._number + 1))
            return
        dirty = {name: self._index[name] for name in self._dirty if name in self._index}
        self._dirty.clear()
        patch: dict[str, object] = {**self._view.patch(self._report, dirty)}
        if self._begun:
            # The cases are as the plan has them; what has happened to them since is in the same patch.
            self._begun = False
            patch = {"begin": True, "now": self.clock.now(), **patch}
        if self._session_changes:
            patch["session"] = dict(self._session_changes)
            self._session_changes.clear()
        if self._slot_changes:
            patch["slots"] = dict(self._slot_changes)
            self._slot_changes.clear()
        if patch:
            self._append("patch", patch)

    def _append(self, kind: str, document: Mapping[str, object]) -> None:
        data = compact(document)
        with self._published:
            self._number += 1
            change = LiveChange(f"{self.epoch}-{self._number}", kind, data)
            if kind == "snapshot":
                self._changes.clear()
                self._bytes = 0
                self._snapshot = (time.monotonic(), change)
            self._changes.append((self._number, change))
            self._bytes += len(data)
            while self._bytes > _KEPT_BYTES and len(self._changes) > 1:
                self._bytes -= len(self._changes.popleft()[1].data)
            self._published.notify_all()

    def _whole(self, number: int | None = None) -> dict[str, object]:
        at = self._number if number is None else number
        return {
            "id": f"{self.epoch}-{at}",
            "now": self.clock.now(),
            "session": self._session,
            "run": whole_run(self._report),
            **({} if self._slots is None else {"slots": self._slots}),
        }
