"""The dialogs and blocking messages of a run that wait for an answer; the first one wins."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TypeGuard

from sequencer.report.event import DialogAnswered, DialogAsked, Event, OperatorMessageShown, Stamped, UploadAsked


class Questions:
    """Kept from the events of the run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Mapping[str, object] | None] = {}

    def apply(self, stamped: Stamped) -> None:
        """Takes one event in."""
        event = stamped.event
        if isinstance(event, DialogAsked):
            self._set(event.id, event.dialog)
        elif isinstance(event, UploadAsked) or _blocks(event):
            self._set(event.id, None)
        elif isinstance(event, DialogAnswered | OperatorMessageShown):
            self._remove(event.id)

    def take(self, identity: str, result: str, value: object) -> bool:
        """Whether this answer is the one that counts; from then on the question is closed."""
        # Imported here: most runs ask nobody anything.
        from sequencer.report.dialog_answer import InvalidAnswer, read_answer

        with self._lock:
            if identity not in self._open:
                return False
            dialog = self._open[identity]
            try:
                if dialog is not None and result != "close":
                    read_answer(dialog, result, value)
            except InvalidAnswer:
                return False
            del self._open[identity]
            return True

    def _set(self, identity: str, dialog: Mapping[str, object] | None) -> None:
        with self._lock:
            self._open[identity] = dialog

    def _remove(self, identity: str) -> None:
        with self._lock:
            self._open.pop(identity, None)


def _blocks(event: Event) -> TypeGuard[OperatorMessageShown]:
    return isinstance(event, OperatorMessageShown) and event.blocking and event.text is not None
