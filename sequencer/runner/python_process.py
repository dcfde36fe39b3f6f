"""A process of hardseq's own that runs what others wrote: in a group of its own, killed with what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.project.secrets import without_secrets

if TYPE_CHECKING:
    from sequencer.runner.owned_process import OwnedProcess

ROOT = str(Path(__file__).resolve().parent.parent.parent)
"""The folder in which hardseq's package lies."""
# Not `-m`: with it the folder one happens to be in could hide modules; and hardseq may lie in a checkout.
_BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from {module} import main; main()"
# In a group of its own, also where that is a session: Ctrl-C in the terminal is the owner's, who asks it to stop.
if sys.platform == "win32":
    _NEW_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
else:
    _NEW_GROUP = 0


UNKNOWN_END = 256
"""In place of an exit code, which is less: the process ended, and nobody saw how."""


def start_test_process() -> OwnedProcess:
    """A test process, which loads and waits for its first command. Raises ``OSError``."""
    return start_python("sequencer.runtime.__main__")


def start_python(module: str) -> subprocess.Popen[bytes]:
    """Runs ``main`` of ``module`` in a new Python, with pipes. Raises ``OSError``."""
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _BOOT.format(module=module), ROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=without_secrets(os.environ),
        creationflags=_NEW_GROUP,
        start_new_session=sys.platform != "win32",
    )


def kill_with_children(process: OwnedProcess) -> None:
    """Ends a process and what it started, at once."""
    if sys.platform == "win32":
        _kill_tree(process.pid)
    else:
        # Also when the process itself is gone: its group is what drivers left running.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):
        process.kill()


def _kill_tree(pid: int) -> None:
    # Imported here: only Windows needs it, which has no process groups to kill.
    import psutil

    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def signal_name(number: int) -> str:
    """``SIGKILL`` for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
