"""Starts ``hardseq`` and its test processes for tests as forks of one process that has imported everything.

Most of what a test of the command line takes is the start of Python and imports, which are the same each time. Here
``subprocess.Popen`` is one that asks a server, a process of its own, for a fork where ``python -m sequencer ...`` or a
test process is to start. What a test gets is a real process, with pipes, signals, a group and an exit code of its own;
only the start is not shown. Tests that are about the start have the mark ``real_start``. Whatever a fork would not
be the same for (another encoding, a function to call first) starts as ever, and so does all where there is no fork.

Two methods of ``subprocess.Popen`` are not public: ``tests/test_private_interfaces.py`` tells when they are gone.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import types
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "HARDSEQ_TEST_FORK_SERVER"
FORKED = ("sequencer", "sequencer.standin", "sequencer.runtime", "pytest")
SAME = ("PYTHON", "LC_", "LANG")
"""Variables that Python reads when it starts: a process with others than the server's is no fork of it."""
HARMLESS = {"PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
_NUMBER = struct.Struct("!i")

RealPopen = subprocess.Popen


class ForkingPopen(RealPopen[Any]):
    """``subprocess.Popen`` that has what can be forked forked."""

    server: ForkServer | None = None
    """Where it is not running yet."""
    _line: socket.socket | None = None

    def _execute_child(self, args: Any, *more: Any) -> None:
        # CPython calls it by position: executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo,
        # creationflags, shell, the six ends of pipes, restore_signals, gid, gids, uid, umask, start_new_session, ...
        executable, before, _, descriptors, cwd, env, *_ = more
        pipes, (gid, gids, uid, umask, session) = more[9:15], more[16:21]
        plain = executable is None and before is None and not descriptors and {gid, gids, uid} == {None} and umask == -1
        cwd = str(Path.cwd() if cwd is None else cwd)
        env = {**(os.environ if env is None else env), ADDRESS: os.environ.get(ADDRESS, "")}
        if not (plain and is_forkable(args, env) and Path(cwd).is_dir()):
            return super()._execute_child(args, *more)
        child_in, own_in, own_out, child_out, own_error, child_error = pipes
        request = {"args": [os.fspath(each) for each in args[1:]], "cwd": cwd, "env": env, "session": session}
        standard = [number if given == -1 else given for number, given in enumerate((child_in, child_out, child_error))]
        if self.server is not None:
            self.server.start()
        try:
            self._line, self.pid = ask(request, standard)
        except OSError:
            return super()._execute_child(args, *more)
        self._child_created = True
        null = getattr(self, "_devnull", None)
        for child, own in ((child_in, own_in), (child_out, own_out), (child_error, own_error)):
            if child != -1 and own != -1 and child != null:
                os.close(child)
        if null is not None:
            os.close(null)
        self._closed_child_pipe_fds = True
        return None

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._line is None:
            return super()._try_wait(wait_flags)
        try:
            said = self._line.recv(_NUMBER.size, socket.MSG_DONTWAIT if wait_flags & os.WNOHANG else 0)
        except BlockingIOError:
            return 0, 0
        self._line.close()
        return self.pid, _NUMBER.unpack(said)[0] if said else signal.SIGKILL

    def _internal_poll(self, *state: Any, **more: Any) -> int | None:
        if self._line is None:
            return super()._internal_poll(*state, **more)
        if self.returncode is None and self._waitpid_lock.acquire(False):
            try:
                ended, status = self._try_wait(os.WNOHANG) if self.returncode is None else (0, 0)
                if ended:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


def is_forkable(args: Any, env: dict[str, str]) -> bool:
    """Whether it is Python with something to fork, in an environment like the server's."""
    if ADDRESS not in os.environ or isinstance(args, str | bytes) or list(args[:1]) != [sys.executable]:
        return False
    known = (args[1:2] == ["-m"] and args[2] in FORKED) or args[1:3] == ["-P", "-c"]
    # With `PYTHONUTF8=1` it is what it is in a locale of UTF-8.
    return known and all(
        env.get(name) == os.environ.get(name) or (name, env.get(name)) == ("PYTHONUTF8", "1")
        for name in {*env, *os.environ} - HARMLESS
        if name.startswith(SAME)
    )


def ask(request: dict[str, Any], standard: list[int]) -> tuple[socket.socket, int]:
    """A line to the server on which the exit status will come, and the new process. Raises ``OSError``."""
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(os.environ[ADDRESS])
        text = json.dumps(request).encode("utf-8", "surrogateescape")
        socket.send_fds(line, [_NUMBER.pack(len(text))], standard)
        line.sendall(text)
        said = line.recv(_NUMBER.size)
        if not said:
            raise ConnectionResetError
    except BaseException:
        line.close()
        raise
    return line, _NUMBER.unpack(said)[0]


class ForkServer:
    """While it is entered, there is a process to fork from at ``ADDRESS``, also for the processes that this one starts.

    It starts with the first that asks, or with ``start``. Where there is no fork, there is none.
    """

    def __init__(self) -> None:
        self._opened = ExitStack()
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> ForkServer:
        if not hasattr(os, "fork") or sys.platform == "darwin":  # system libraries of macOS do not survive a fork
            return self
        folder = self._opened.enter_context(tempfile.TemporaryDirectory(prefix="hardseq-test-"))
        os.environ[ADDRESS] = f"{folder}/line"
        self._opened.callback(os.environ.pop, ADDRESS)
        # The server's, but it is there before that runs: who asks then waits.
        self._listener = self._opened.enter_context(socket.socket(socket.AF_UNIX))
        self._listener.bind(os.environ[ADDRESS])
        self._listener.listen(64)
        return self

    def start(self) -> None:
        """Starts it unless it runs; it ends when its standard input does."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is None:
            return
        number = listener.fileno()
        server = RealPopen(
            [sys.executable, __file__, str(number)], stdin=subprocess.PIPE, pass_fds=[number], start_new_session=True
        )
        self._opened.enter_context(server)
        assert server.stdin is not None
        self._opened.callback(server.stdin.close)
        listener.close()

    def __exit__(self, *error: object) -> None:
        self._opened.close()


class Forks:
    """While it is entered, processes are forked where they can be: by a server of its own, unless there is one."""

    def __init__(self) -> None:
        self._opened = ExitStack()

    def __enter__(self) -> None:
        if ADDRESS not in os.environ:
            ForkingPopen.server = self._opened.enter_context(ForkServer())
        if ADDRESS in os.environ:
            self._opened.callback(setattr, subprocess, "Popen", subprocess.Popen)
            subprocess.Popen = ForkingPopen

    def __exit__(self, *error: object) -> None:
        self._opened.close()


# The server -----------------------------------------------------------------------------------------------------------


def preload() -> None:
    """Imports what processes would, and nothing that does something when it is imported."""
    import pytest  # noqa: F401 - imported to be loaded

    for package in ("sequencer", "_pytest"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            # Editors start the language server with an option, which no fork has; it is a quarter of all memory.
            if not module.name.endswith("__main__") and not module.name.startswith("sequencer.language_server"):
                with suppress(Exception):  # of what is not installed, or broken on purpose
                    importlib.import_module(module.name)


def compute() -> None:
    """Has what a process computes once, when it first reads and compiles a sequence, computed before the forks."""
    from sequencer.compiler.project import write_project
    from sequencer.project.project_folder import open_project

    open_project(ROOT)
    with tempfile.TemporaryDirectory(prefix="hardseq-test-") as folder:
        write_project(ROOT / "sequences" / "minute.yaml", project=ROOT, folder=Path(folder))
    tempfile.tempdir = None  # each process asks its own environment


def serve(listener: socket.socket) -> dict[str, Any] | None:
    """Forks until standard input ends, and then returns ``None``; in each fork it returns what that is asked to be."""
    with selectors.DefaultSelector() as selector, listener:
        wake, woken = socket.socketpair()
        wake.setblocking(False)
        woken.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        for source in (0, woken, listener):
            selector.register(source, selectors.EVENT_READ)
        lines: dict[int, socket.socket] = {}
        try:
            while True:
                for key, _ in selector.select():
                    if key.fileobj == 0:
                        return None
                    if key.fileobj is woken:
                        with suppress(BlockingIOError):
                            woken.recv(4096)
                        report_ended(lines)
                    elif (request := fork(listener, lines)) is not None:
                        return request
        finally:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (wake, woken, *lines.values()):
                each.close()


def report_ended(lines: dict[int, socket.socket]) -> None:
    """Tells the status of each process that ended on its line."""
    while lines:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with lines.pop(pid) as line, suppress(OSError):
            line.sendall(_NUMBER.pack(status))


def fork(listener: socket.socket, lines: dict[int, socket.socket]) -> dict[str, Any] | None:
    """Answers one request; in the new process it returns that, the standard streams being those that came with it."""
    line, _ = listener.accept()
    head, standard, _, _ = socket.recv_fds(line, _NUMBER.size, 3)
    if not head:
        line.close()
        return None
    with line.makefile("rb") as file:
        request: dict[str, Any] = json.loads(file.read(_NUMBER.unpack(head)[0]).decode("utf-8", "surrogateescape"))
    if (pid := os.fork()) == 0:
        line.close()
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)
    else:
        lines[pid] = line
        line.sendall(_NUMBER.pack(pid))
    for descriptor in standard:
        os.close(descriptor)
    return request if pid == 0 else None


def become(request: dict[str, Any], base: list[str]) -> None:
    """Does what Python would have done with these arguments; raises what ends the process."""
    if request["session"]:
        os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    errors = sys.__stdout__.errors
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        raw: Any = io.FileIO(number, "r" if number == 0 else "w", closefd=False)
        if number == 0:
            raw = io.BufferedReader(raw)
        elif not unbuffered:
            raw = io.BufferedWriter(raw)
        stream = io.TextIOWrapper(
            raw,
            sys.__stdout__.encoding,
            "backslashreplace" if number == 2 else errors,
            line_buffering=number == 2 or os.isatty(number),
            write_through=number > 0 and unbuffered,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    more = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    how, *arguments = request["args"]
    if how == "-m":
        name, *arguments = arguments
        sys.path[:] = [request["cwd"], *more, *base]
        sys.argv[:] = [name, *arguments]
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        code, *arguments = arguments[1:]
        sys.path[:] = [*more, *base]
        sys.argv[:] = ["-c", *arguments]
        sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(code, "<string>", "exec"), vars(sys.modules["__main__"]))


def show(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    """The traceback of what nobody caught, as from the first line of what was asked for."""
    while where is not None and where.tb_frame.f_code.co_filename == __file__:
        where = where.tb_next
    sys.__excepthook__(kind, error.with_traceback(where), where)


def leave(code: int) -> NoReturn:
    """Ends the process as Python does, but for taking the memory of 1,000 modules apart."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code & 0xFF)


def main() -> None:
    """The server, or what it forked."""
    base = [each for each in sys.path if each != str(Path(__file__).parent)]
    sys.path[:] = [str(ROOT), *base]
    preload()
    compute()
    gc.collect()
    gc.freeze()
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    if request is None:
        return
    subprocess.Popen = ForkingPopen
    sys.excepthook = show
    try:
        become(request, base)
        code = None
    except SystemExit as exit_:
        code = exit_.code
        if not isinstance(code, int | None):
            raise
    leave(code or 0)


if __name__ == "__main__":
    main()
