"""What becomes of a stand process whose owner was killed: nobody is left ten seconds later."""

from __future__ import annotations

import os
import sys
import threading
from multiprocessing.connection import Listener as Connections
from pathlib import Path

import pytest

from sequencer.protocol.request import StandAddress
from sequencer.runner.stand_process import GRACE_SECONDS
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.stand_client import TELLING_SECONDS, StandClient
from sequencer.runtime.stand_connection import REPLACED_SECONDS
from sequencer.stand_process.__main__ import ORPHAN_CLOSE_SECONDS, seconds_to_close
from sequencer.stand_process.server import StandServer
from sequencer.vocabulary.failure import Stopped
from tests.stand_process.conftest import Listener, Stand, wait_for


@pytest.mark.skipif(sys.platform == "win32", reason="there is no FIFO")
def test_a_driver_that_hangs_in_a_call_for_nobody_is_not_waited_for(
    stand: Stand, interrupts: Interrupts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the others may take to close: it counts as hung after its grace, and never will be closed."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # drivers are imported in this process
    log, fifo = stand.folder / "log", stand.folder / "fifo"
    os.mkfifo(fifo)
    server = StandServer(b"key", 0.05)
    listener = Connections()
    threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
    address = StandAddress(address=str(listener.address), key=b"key".hex())
    client = StandClient(address, interrupts, Listener(), start="1", slot="left", slots=["left"])
    closed = stand.folder / "closed"
    client.open(stand.source("matrix", log=str(closed)))
    meter = stand.meter(client)
    stand.apart(lambda: (wait_for(log.exists), interrupts.end_step(0, "enough")))
    assert isinstance(interrupts.run(lambda: meter.hang(str(log), str(fifo))), Stopped)
    client.close()
    server.wait_unused()
    assert not server.close(3600.0)
    assert closed.read_text() == "closed A\n"
    Path(fifo).write_text("x")


def test_ten_seconds_are_enough_for_what_ignores_everything() -> None:
    """A call that is given up, a slot that waits for that driver in its teardown, then a driver that does not close."""
    slots_end = TELLING_SECONDS + GRACE_SECONDS
    for since in (0.0, slots_end):
        assert since + seconds_to_close(since) < 10.0
    assert REPLACED_SECONDS < 10.0, "a teardown that needs what was killed as well waits for it once"
    assert seconds_to_close(300.0) == ORPHAN_CLOSE_SECONDS > 0
    assert seconds_to_close(None) >= seconds_to_close(0.0)
