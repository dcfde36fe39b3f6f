"""The debugger of the test process in the terminal: what it says is written, what is typed is sent to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sequencer.terminal.dialogs import TerminalDialogs
from sequencer.terminal.lines import Line, clean


class TerminalDebugger:
    """``say`` writes a line, ``send`` takes what was typed, ``None`` at the end of the keyboard."""

    def __init__(
        self, dialogs: TerminalDialogs, say: Callable[[Line], None], send: Callable[[str | None], None]
    ) -> None:
        self._dialogs = dialogs
        self._say = say
        self._send = send

    def hear(self, message: Mapping[str, Any]) -> None:
        """Takes a message as described in ``runtime.debugger``."""
        if "text" in message:
            self._say([(clean(str(message["text"])), "")])
        elif "prompt" in message:
            self._dialogs.type_for(clean(str(message["prompt"])), self._send)
        else:
            self._dialogs.withdraw()
