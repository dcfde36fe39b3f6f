"""``python -m sequencer.stand_process``: the stand process. It is told where to listen, and serves until it is let go.

When its standard input ends its owner is gone, or needs it no more: the test processes that are still there finish
their teardown, then the drivers are closed. Ten seconds after an owner that was killed nobody is left, unless a
teardown takes longer.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Listener

TAKE_OVER_SECONDS = 5.0
"""In which the address of a process that was killed is free: what its drivers forked has it, too."""
CLOSE_SECONDS = 10.0
"""What drivers get to close in, where the owner waits for it."""
ORPHAN_SECONDS = 8.0
"""From the end of an owner that was killed to this process's own."""
ORPHAN_CLOSE_SECONDS = 3.0
"""What drivers get to close in even so, after teardowns that took long."""


def seconds_to_close(since_orphaned: float | None) -> float:
    """What drivers get to close in, so many seconds after the owner was gone; ``None``: it is there, and waits."""
    if since_orphaned is None:
        return CLOSE_SECONDS
    return max(ORPHAN_CLOSE_SECONDS, ORPHAN_SECONDS - since_orphaned)


def main() -> None:
    """Speaks with its owner in lines: see ``protocol.stand``."""
    import faulthandler

    from sequencer.runtime.standard_pipes import print_nowhere, take_pipes
    from sequencer.stand_process.output import NamedOutput
    from sequencer.stand_process.speaking import ends_of_calls, listen_to_logs

    told, said = take_pipes()
    faulthandler.enable(all_threads=False)
    sys.stdout = sys.stderr = output = NamedOutput(2)
    ends_of_calls.append(output.end_line)
    listen_to_logs()
    from sequencer.protocol.stand import (
        STAND_NOTICES,
        CloseStand,
        EndSlot,
        OpenStand,
        PingStand,
        StandAlive,
        StandReady,
    )

    lines = _commands(told)
    opened = next(lines, None)
    if not isinstance(opened, OpenStand):
        return
    if opened.cwd is not None:
        os.chdir(opened.cwd)
    from sequencer.stand_process.server import StandServer

    # The reader of one connection must not wait long for the thread of a driver that computes.
    sys.setswitchinterval(0.0005)
    server = StandServer(bytes.fromhex(opened.key), opened.grace, _holding(opened.kept_users))
    listener = _listen(opened.address)
    threading.Thread(target=server.serve, args=(listener,), name="listener", daemon=True).start()
    os.write(said, STAND_NOTICES.encode(StandReady()))
    heard = False
    for command in lines:
        match command:
            case EndSlot():
                server.end_slot(command.start, command.slot, command.slots)
            case PingStand():
                os.write(said, STAND_NOTICES.encode(StandAlive(server.hung, server.used)))
            case CloseStand():
                heard = True
    if not heard:
        print_nowhere()
    ended = time.monotonic()
    server.wait_unused()
    server.close(seconds_to_close(None if heard else time.monotonic() - ended))
    # Not the ordinary way: the thread of a driver that hangs would be waited for.
    os._exit(0)


def _holding(kept_users: str | None) -> Callable[[], object]:
    """What has others wait for this process until it ends, also when its owner is gone before."""
    if kept_users is None:
        return lambda: None
    from sequencer.project.locks import SharedLock
    from sequencer.runtime.fork import give_up_in_copies

    lock = SharedLock(Path(kept_users))
    give_up_in_copies(lock.release)

    def hold() -> None:
        with suppress(OSError):  # where nothing can be written the runs say so
            lock.take()

    return hold


def _listen(address: str) -> Listener:
    """Takes the address over from a process that was killed, which the system may still be taking down."""
    from multiprocessing.connection import Listener

    until = time.monotonic() + TAKE_OVER_SECONDS
    while True:
        try:
            return Listener(address, backlog=128)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _commands(descriptor: int) -> Iterator[object]:
    from sequencer.protocol.stand import STAND_COMMANDS
    from sequencer.runtime.standard_pipes import read_lines

    for line in read_lines(descriptor):
        if (command := STAND_COMMANDS.read(line)) is not None:
            yield command


if __name__ == "__main__":
    main()
