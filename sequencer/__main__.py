"""The ``hardseq`` command, also as ``python -m sequencer``. Ctrl-C is heard before anything else is loaded.

One thing of Python's own is used that is not public (``tests/test_private_interfaces.py``): what runs ``atexit``.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sequencer.runner.child import Child

_STOPPED = 3
"""``cli.exit_codes.ExitCode.STOPPED``, for the time before that is there."""


def main() -> NoReturn:
    """The entry point. Exits with the command's code, with that of a stop when Ctrl-C came while it was loaded."""
    code: str | int | None = None
    try:
        _run_command()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        code = _STOPPED
    finally:
        # What is left is the end, which Ctrl-C would only fill with a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _leave(code)


def _run_command() -> None:
    if sys.argv[1:2] == ["run"] and not {"-h", "--help"}.intersection(sys.argv):
        # First of all: the test process loads while everything else is loaded and looked up here.
        from sequencer.runner.child import warmed_child

        warming: AbstractContextManager[Child | None] = warmed_child()
    else:
        warming = nullcontext()
    with warming as warm_child:
        from sequencer.cli.main import command_line

        command_line.main(obj=warm_child)


def _leave(code: str | int | None) -> NoReturn:
    """Ends the process as Python does, but for taking its modules apart, which takes 10 ms and gives nobody a thing."""
    waits = any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())
    if waits or not isinstance(code, int):
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
