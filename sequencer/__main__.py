"""The ``hardseq`` command, also as ``python -m sequencer``. Ctrl-C is heard before anything else is loaded."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

_STOPPED = 3
"""``cli.exit_codes.ExitCode.STOPPED``, for the time before that is there."""


def main() -> NoReturn:
    """The entry point. Exits with the command's code, with that of a stop when Ctrl-C came while it was loaded."""
    try:
        from sequencer.cli.main import command_line

        command_line.main()
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(_STOPPED)
    finally:
        # What is left is Python's own end, which Ctrl-C would only fill with its traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
