"""The debugger of the test process in the terminal: what it says is written, what is typed is sent to it."""

from __future__ import annotations

from collections.abc import Callable

from sequencer.protocol.notices import DebuggerAsks, DebuggerLeft, DebuggerNotice, DebuggerSaid
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

    def hear(self, notice: DebuggerNotice) -> None:
        """Takes what the debugger tells."""
        match notice:
            case DebuggerSaid():
                self._say([(clean(notice.text), "")])
            case DebuggerAsks():
                self._dialogs.type_for(clean(notice.prompt), self._send)
            case DebuggerLeft():
                self._dialogs.withdraw()
