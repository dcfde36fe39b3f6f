"""How a test process reaches the stand process, which may be replaced while it is looked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    if sys.platform == "win32":
        from multiprocessing.connection import Connection, PipeConnection

        StandConnection = Connection | PipeConnection
    else:
        from multiprocessing.connection import Connection

        StandConnection = Connection

    from sequencer.protocol.request import StandAddress
    from sequencer.runtime.deadline import Interrupts

REPLACED_SECONDS = 6.0
"""In which one that died is replaced by another, on a busy machine too. It is waited for once."""
LOOK_AGAIN_SECONDS = 0.05
"""Between two tries to connect."""


class StandReach:
    """Connects to ``address``, again and again; its waiting is within reach of ``interrupts``."""

    def __init__(self, address: StandAddress, interrupts: Interrupts) -> None:
        self._address = address
        self._interrupts = interrupts
        self._missing_since: float | None = None

    def connect(self) -> StandConnection:
        """A new connection. Raises ``OSError``, ``EOFError`` or ``AuthenticationError``."""
        from multiprocessing.connection import Client

        while True:
            try:
                reached = Client(self._address.address, authkey=bytes.fromhex(self._address.key))
                self._missing_since = None
                return reached
            except (OSError, EOFError):
                # One that died is replaced at once, and found at the same address.
                now = time.monotonic()
                self._missing_since = self._missing_since or now
                if now - self._missing_since > REPLACED_SECONDS:
                    raise
                self._interrupts.sleep(LOOK_AGAIN_SECONDS)


def never_readable(seconds: float) -> bool:
    """Nothing comes from where nothing is connected."""
    return False


def readable(connection: StandConnection) -> Callable[[float], bool]:
    """``connection.poll``, without the selector that this makes for each wait: it is made for each call of a driver."""
    if sys.platform == "win32":
        return connection.poll
    import select

    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return lambda seconds: bool(poll.poll(seconds * 1000))
