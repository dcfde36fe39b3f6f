"""A process that a driver forks has a copy of the whole test in it. It is the driver's, and no second test process."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Never

CAME_BACK = b"hardseq: a process that a driver forked came back into the test, and was ended\n"


def end_copy() -> Never:
    """Ends this process, which is a copy of the test process: with nothing of what a test process does at its end."""
    with suppress(OSError):
        os.write(2, CAME_BACK)
    os._exit(1)


def give_up_in_copies(release: Callable[[], object]) -> None:
    """Has ``release`` called in every process that is forked from this one: it lets go of what belongs to the test."""
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=release)


def default_signals_in_copies(numbers: Iterable[int]) -> None:
    """A signal does to a forked process what it does by default, from its first moment on."""
    if sys.platform == "win32":
        return
    numbers, mask = set(numbers), threading.local()

    def block() -> None:
        # Python forgets in the copy what came while it was made.
        mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)

    def restore() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask.before)

    def reset() -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
        restore()

    os.register_at_fork(before=block, after_in_parent=restore, after_in_child=reset)
