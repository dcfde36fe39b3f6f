"""A test process that runs nothing itself: it has collected the generated project, and forks others that run it.

No thread and no driver is in it yet, so that a fork is what a process is that has just collected. Linux only.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

NUMBER = struct.Struct("!i")
"""What is told of a fork: its process number at first, its exit code at last."""
assert sys.platform == "linux"


def serve(address: str) -> bool:
    """Forks for the owner, who listens at ``address``: true in each process that it forks, false when all is over.

    A request is a byte with four descriptors: standard input, output and error of the new process, and the line on
    which its number, with a descriptor of the process, and in the end its exit code are told. The new process has a
    session of its own and no other descriptors. Raises ``OSError`` where it cannot be done at all.
    """
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise OSError("a step type of a package has started a thread, of which a fork would have nothing but the locks")
    sys.stdout.flush()
    sys.stderr.flush()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as owner:
        owner.connect(address)
        return _serve(owner)


def _serve(owner: socket.socket) -> bool:
    forks = _Forks()
    ready = select.poll()
    ready.register(owner, select.POLLIN)
    owned = True
    # Also for an owner who is gone, forks are seen to their end: nobody else would take note of it.
    while owned or forks.running:
        for descriptor, _ in ready.poll():
            if descriptor != owner.fileno():
                ready.unregister(descriptor)
                forks.end(descriptor)
            elif (request := _request(owner)) is None:
                ready.unregister(owner)
                owned = False
            else:
                with suppress(OSError):  # whoever asks sees the line end
                    if (process := forks.add(request)) is None:
                        return True
                    ready.register(process, select.POLLIN)
    return False


def _request(owner: socket.socket) -> list[int] | None:
    """The descriptors that came, fewer than were sent when there is no room for them; ``None`` when no more will."""
    try:
        said, descriptors, _, _ = socket.recv_fds(owner, 1, 4)
    except OSError:
        return None
    return descriptors if said else None


class _Forks:
    """Those that run, by the descriptor of the process: its number, and the line on which its end is told."""

    def __init__(self) -> None:
        self.running: dict[int, tuple[int, int]] = {}

    def add(self, request: list[int]) -> int | None:
        """The descriptor of a new process; ``None`` in that process itself. Raises ``OSError`` when there is no room.

        Of the request nothing stays open, but for the line in the process that forks.
        """
        with ExitStack() as passed, ExitStack() as kept:
            for number, descriptor in enumerate(request):
                (passed if number < 3 else kept).callback(os.close, descriptor)
            if len(request) < 4:
                raise OSError("too many open files")
            *standard, line = request
            if (pid := os.fork()) == 0:
                os.setsid()
                for number, descriptor in enumerate(standard):
                    os.dup2(descriptor, number)
                for process, (_, other) in self.running.items():
                    os.close(process)
                    os.close(other)
                return None
            process = _descriptor(pid)
            self.running[process] = pid, line
            kept.pop_all()
        told = socket.socket(fileno=line)
        with suppress(OSError):  # nobody wants it any more: its pipes tell it so
            socket.send_fds(told, [NUMBER.pack(pid)], [process])
        told.detach()
        return process

    def end(self, process: int) -> None:
        """Tells how it ended."""
        pid, line = self.running.pop(process)
        _, status = os.waitpid(pid, 0)
        with suppress(OSError):
            os.write(line, NUMBER.pack(os.waitstatus_to_exitcode(status)))
        os.close(line)
        os.close(process)


def _descriptor(pid: int) -> int:
    """Of the process, which there cannot be without."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
