"""What hardseq uses of PyVISA-py beside its public interface: whether anything waits to be read."""

from __future__ import annotations

import select
import socket
from typing import Any


def is_silent(resource: Any) -> bool:
    """Whether nothing came in; false where only a read would tell, as with other VISA libraries.

    A read that times out takes PyVISA-py two milliseconds, before each question.
    """
    sessions = getattr(resource.visalib, "sessions", None) or {}
    session = sessions.get(resource.session)
    interface = getattr(session, "interface", None)
    pending = getattr(session, "_pending_buffer", None)
    if isinstance(interface, socket.socket) and pending is not None:
        return not pending and not select.select([interface], [], [], 0)[0]
    return getattr(interface, "in_waiting", None) == 0
