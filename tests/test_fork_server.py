"""What tests start is, but for its start, what a person starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fork_server import ADDRESS, Forks, RealPopen, is_forkable

pytestmark = pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="there is no fork here")

# As the product starts a test process: `-P -c`.
SCRIPT = [sys.executable, "-P", "-c"]


def run(code: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SCRIPT, code, *arguments], capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


def both(code: str, *arguments: str, **options: object) -> tuple[subprocess.CompletedProcess[str], ...]:
    """What comes of it forked, and started as ever."""
    forked = run(code, *arguments, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", RealPopen)
        real = run(code, *arguments, **options)
    return forked, real


def test_it_is_forked() -> None:
    """A process of hardseq has loaded all of it before its first line; another Python has not."""
    assert run("import sys; print('sequencer.panel.app' in sys.modules)").stdout == "True\n"
    assert not is_forkable([sys.executable, "-c", "pass"], dict(os.environ))
    assert not is_forkable([sys.executable, "-m", "sequencer"], {**os.environ, "PYTHONIOENCODING": "ascii"})


def test_where_there_is_one_to_fork_from_there_is_no_second() -> None:
    """Test processes side by side share that of the process that gives them their tests."""
    there = os.environ[ADDRESS]
    with Forks():
        assert os.environ[ADDRESS] == there
        assert run("print('forked')").stdout == "forked\n"
    assert os.environ[ADDRESS] == there
    assert run("import sys; print('sequencer.panel.app' in sys.modules)").stdout == "True\n"


@pytest.mark.real_start
def test_a_test_of_the_start_has_a_new_python() -> None:
    """The mark `real_start` gives one in which nothing is loaded."""
    assert run("import sys; print('sequencer.panel.app' in sys.modules)").stdout == "False\n"


@pytest.mark.parametrize(
    "code",
    [
        "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['WORD'], sys.stdin.read())",
        "import sys; print('out ✓'); print('error ✓', file=sys.stderr); sys.exit(3)",
        "import sys; print(sys.stdout.encoding, sys.stdout.errors, sys.stdin.errors, sys.stderr.errors)",
        "import tempfile; print(tempfile.gettempdir())",
        "import sys; sys.exit('a sentence')",
        "import os; print('lost'); os._exit(5)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import signal; print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGCHLD), signal.getsignal(15))",
        "import atexit; atexit.register(print, 'at the end')",
        "import threading, time; threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()",
        "def f():\n    1 / 0\nf()",
        "import os; print(sorted(set(os.listdir('/proc/self/fd')) - {'0', '1', '2'})[1:])",
        "import os; print(os.getpid() == os.getpgrp(), os.getpid() == os.getsid(0), __name__)",
    ],
)
def test_a_fork_does_what_a_new_python_does(code: str, tmp_path: Path) -> None:
    """Arguments, folder, environment, streams, signals, threads and endings."""
    words = {
        "cwd": tmp_path,
        "env": {**os.environ, "WORD": "ä", "TMPDIR": str(tmp_path)},
        "input": "typed",
        "start_new_session": True,
    }
    forked, real = both(code, "one", "two words", **words)
    assert (forked.returncode, forked.stdout, forked.stderr) == (real.returncode, real.stdout, real.stderr)


def test_a_signal_reaches_it_and_its_end_is_told() -> None:
    """`poll`, `wait` with a timeout, `terminate`, and the status of a signal."""
    command = [*SCRIPT, "import time; print('there', flush=True); time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.terminate()
        assert process.wait(60) == process.poll() == -signal.SIGTERM
