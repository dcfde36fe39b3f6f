"""The session that shows several slots side by side and leads to the session of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Generic, TypeVar, Unpack

from sequencer.panel.refusals import ActionRefused
from sequencer.panel.session import Session, SessionOptions, StandSlot
from sequencer.panel.slot_board import SlotBoard
from sequencer.panel.slot_state import slot_state
from sequencer.protocol.joint_start import configured_slots
from sequencer.vocabulary.reason import Reason, ReasonOrText

if TYPE_CHECKING:
    from sequencer.panel.live import LiveChange
    from sequencer.project.settings import SlotsSettings
    from sequencer.protocol.request import Slot

_ACTIVE = ("running", "stopping", "starting", "retrying", "saving")
"""States of a slot of which the first that any is in is the state of the stand."""
_REST = ("ready", "loading", "blocked", "over")

SessionOfSlot = TypeVar("SessionOfSlot", bound=Session)


class SlotGrid(Session, Generic[SessionOfSlot]):
    """``live`` shows all ``slots``, each of which has a session of its own."""

    def __init__(self, **options: Unpack[SessionOptions]) -> None:
        super().__init__(**options)
        self._options = options
        self._board = SlotBoard(self._show_slots)
        self.slots: dict[str, SessionOfSlot] = {}

    def _lay_out(
        self,
        configured: SlotsSettings,
        shown: Iterable[Slot],
        make: Callable[[Slot, SessionOptions], SessionOfSlot],
    ) -> None:
        """Makes the sessions of the slots that are shown; once."""
        titles = {place.name: place.title for place in configured.places}
        codes = {place.name: place.code for place in configured.places}
        stand_slots = [StandSlot(slot.name, slot.number, titles[slot.name]) for slot in configured_slots(configured)]
        self.stand_slots = sorted(stand_slots, key=attrgetter("number"))
        for slot in shown:
            about = {**asdict(slot), "title": titles[slot.name], "code": codes[slot.name]}
            own: SessionOptions = {
                **self._options,
                "changed": partial(self._board.note, slot.name),
                "shown": {"slot": about},
            }
            self.slots[slot.name] = make(slot, own)
            self.live.set_slot(slot.name, **about, filled=None)
            self._board.note(slot.name)

    def end_streams(self) -> None:
        """Nothing more is told to any page, but for what has happened until now."""
        for session in self.slots.values():
            session.end_streams()
        self._board.look()
        super().end_streams()

    def of_slot(self, name: str | None) -> Session:
        """The slot's own session. Raises ``ResourceNotFound``."""
        if name is None:
            return self
        if name not in self.slots:
            return super().of_slot(name)
        return self.slots[name]

    def snapshot(self) -> LiveChange:
        """The whole state of now: whoever has just done something sees it."""
        for session in self.slots.values():
            session.live.publish()
        self._board.look()
        return super().snapshot()

    def stop(self, reason: ReasonOrText) -> None:
        """Stops every run. Raises ``ActionRefused`` when there is none."""
        stopped = 0
        for session in self.slots.values():
            try:
                session.stop(reason)
                stopped += 1
            except ActionRefused:  # nothing runs there, or not any more
                continue
        if not stopped:
            raise ActionRefused("not-running", Reason("no_run_in_progress"))

    def show(self, **stand: object) -> None:
        """Shows on every page, of the stand and of its slots."""
        self.live.set(**stand)
        for session in self.slots.values():
            session.live.set(**stand)

    def _show_slots(self, names: Collection[str]) -> None:
        """Shows what has happened in these slots, and what that makes of the stand."""
        for name in [name for name in self.slots if name in names]:
            live = self.slots[name].live
            self.live.set_slot(name, **live.look(partial(slot_state, now=live.clock.now())))
        states = {session.state for session in self.slots.values()}
        self._state = next(state for state in (*_ACTIVE, *_REST) if state in states)
        self.live.set(state=self._state, problem=self._common_problem())

    def _common_problem(self) -> object:
        """What keeps all slots from running; that of one stands at the slot."""
        problems = [session.live.look(lambda _, shown: shown["problem"]) for session in self.slots.values()]
        return problems[0] if all(problem == problems[0] for problem in problems) else None
