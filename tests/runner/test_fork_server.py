"""Test processes that are forked from one that has collected, by a server that may die at any moment."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from sequencer.protocol.request import RunNotPossible, StartRequest
from sequencer.runner.child import Child
from sequencer.runner.python_process import start_test_process
from sequencer.runner.run import Run
from sequencer.vocabulary.reason import Reason
from tests.runner.conftest import PATIENT, Project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")

if sys.platform == "linux":
    from sequencer.runner import fork_server
    from sequencer.runner.fork_server import ForkServer

LOOK = '''
import atexit, faulthandler, gc, inspect, json, locale, multiprocessing, os, resource, signal, sys, threading, time

STATUS = "SigB", "SigI", "SigC", "Umask", "NoNew", "Threads"
STREAMS = sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__

class Look:
    """Tells what a driver finds."""

    def look(self):
        atexit.register(open, os.environ["BENCH_LOG"] + ".atexit", "w")
        found = {
            "argv": sys.argv,
            "original": sys.orig_argv,
            "command": open("/proc/self/cmdline").read(),
            "flags": list(sys.flags),
            "options": [sys._xoptions, sys.warnoptions],
            "path": sys.path,
            "main": sorted(vars(sys.modules["__main__"])),
            "cwd": os.getcwd(),
            "environment": {name: value for name, value in os.environ.items() if name != "HARDSEQ_JOURNAL"},
            "kernel": sorted(open("/proc/self/environ").read().split("\\0")),
            "descriptors": {name: self.kind(name) for name in self.open_ones()},
            "inherited": [os.get_inheritable(int(name)) for name in self.open_ones()],
            "handlers": [repr(signal.getsignal(each)).split(" at ")[0] for each in signal.valid_signals()],
            "status": [line for line in open("/proc/self/status") if line.startswith(STATUS)],
            "leads": [os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid()],
            "limits": [resource.getrlimit(each) for each in range(10)],
            "priority": os.getpriority(os.PRIO_PROCESS, 0),
            "faulthandler": faulthandler.is_enabled(),
            "collector": [gc.isenabled(), gc.get_threshold()],
            "threads": sorted(thread.name for thread in threading.enumerate()),
            "main thread": [
                threading.current_thread() is threading.main_thread(),
                threading.main_thread().ident == threading.get_ident(),
            ],
            "switching": [sys.getswitchinterval(), sys.getrecursionlimit()],
            "bytecode": [sys.dont_write_bytecode, sys.pycache_prefix],
            "encodings": [locale.getlocale(), locale.getencoding(), sys.getfilesystemencoding(), time.tzname],
            "streams": [
                [each.encoding, each.errors, each.line_buffering, each.write_through, each.fileno(), each.mode]
                for each in STREAMS
            ],
            "input": sys.stdin.read(),
            "hooks": [sys.excepthook is sys.__excepthook__, sys.gettrace(), sys.getprofile()],
            "stack": [frame.function for frame in inspect.stack()],
            "processes": [self.start(how) for how in ("fork", "spawn")],
        }
        with open(os.environ["BENCH_LOG"] + ".look", "w") as file:
            json.dump(found, file)

    def use(self):
        import just_installed

    def environment(self):
        with open(os.environ["BENCH_LOG"] + ".look", "w") as file:
            json.dump(dict(os.environ), file)

    def open_ones(self):
        found = os.listdir("/proc/self/fd")
        return sorted(name for name in found if os.path.lexists(f"/proc/self/fd/{name}"))

    def kind(self, name):
        return os.readlink(f"/proc/self/fd/{name}").split(":")[0].split("/")[:3]

    def start(self, how):
        process = multiprocessing.get_context(how).Process(target=os._exit, args=(5,))
        process.start()
        process.join()
        return process.exitcode

    def draw(self):
        import random, uuid
        with open(os.environ["BENCH_LOG"] + f".{os.getpid()}", "w") as file:
            json.dump([random.random(), str(uuid.uuid4()), os.urandom(4).hex(), os.getppid()], file)
'''


@pytest.fixture
def look(project: Project) -> Project:
    """A project with the driver ``Look``."""
    (project.log.parent / "drivers" / "look.py").write_text(LOOK)
    return project.driver("look", file="../drivers/look.py", target="Look")


def call(method: str) -> str:
    return Project.case(
        method, f"with Call(case, 's.yaml:1:1', call='look.{method}'):\n    look.{method}()", drivers="look"
    )


@pytest.fixture
def make_server(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ForkServer]]:
    """Makes fork servers of the project, which is written first. Whoever waits for one that has ended never ends."""
    monkeypatch.setattr(fork_server, "ANSWER_SECONDS", 1000.0)
    with ExitStack() as opened:

        def make(loaded: Child | None = None) -> ForkServer:
            folder = project.write()
            server = ForkServer(lambda child, address: child.collect(folder, forks=address), loaded)
            opened.callback(server.close)
            return server

        yield make


@pytest.fixture
def start(project: Project) -> Iterator[Callable[..., tuple[Run, Child]]]:
    """Makes prepared runs with their test processes, which the server forks; without one they are started."""
    with ExitStack() as opened:

        def make(server: ForkServer | None) -> tuple[Run, Child]:
            starter = start_test_process if server is None else server.start
            child = Child(lambda child, chunk: None, lambda line: None, starter)
            run = Run(project.write(), project.state, grace=PATIENT, warm_child=child, start_process=starter)
            opened.callback(run.close)
            run.prepare()
            return run, child

        yield make


Start = Callable[..., tuple[Run, Child]]
MakeServer = Callable[..., "ForkServer"]


def parent(pid: int) -> int:
    """Whose child the process is."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_gone(pid: int) -> bool:
    """Whether the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # before it is opened, or between that and reading
        return True


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ends(run: Run) -> str:
    """Starts the run; how it ended."""
    run.start(StartRequest())
    report = run.wait()
    assert report is not None
    run.close()
    return str(report["status"])


@pytest.mark.slow
@pytest.mark.real_start
def test_a_driver_finds_in_a_fork_what_it_finds_in_a_started_process(
    look: Project, make_server: MakeServer, start: Start
) -> None:
    """Arguments, environment, descriptors, signals, threads, streams; also beside another that was forked before."""
    look.module("main", call("look"))
    found = []
    server = make_server()
    _, beside = start(server)
    for each in (None, server):
        run, _ = start(each)
        assert ends(run) == "passed"
        found.append(json.loads(Path(f"{look.log}.look").read_text()))
        # What it registered for its end was done.
        Path(f"{look.log}.atexit").unlink()
    assert beside.alive
    started, forked = found
    assert forked == started
    assert forked["processes"] == [5, 5]


def test_no_two_forks_draw_the_same(look: Project, make_server: MakeServer, start: Start) -> None:
    """Random numbers and ids differ, though one process has forked both."""
    look.module("main", call("draw"))
    server = make_server()
    runs = [start(server) for _ in range(2)]
    assert [ends(run) for run, _ in runs] == ["passed", "passed"]
    (*first, parent_of_first), (*second, parent_of_second) = (
        json.loads(Path(f"{look.log}.{child.pid}").read_text()) for _, child in runs
    )
    assert not set(first) & set(second)
    assert parent_of_first == parent_of_second == server.pid


def test_a_loading_process_becomes_the_server(
    project: Project, make_server: MakeServer, start: Start, make_child: Callable[[], Child]
) -> None:
    """No other is started for it; it ends with the last that it forked."""
    project.module("main", Project.case("ok"))
    loaded = make_child()
    server = make_server(loaded)
    run, child = start(server)
    assert server.pid == loaded.pid == parent(child.pid)
    server.close()
    assert loaded.alive
    assert ends(run) == "passed"
    assert loaded.wait(60)


def test_a_change_of_the_owner_is_seen_by_the_next_process(
    look: Project, make_server: MakeServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that was set meanwhile is there, in a process of its own first and in forks later; no secret is."""
    look.module("main", call("environment"))
    server = make_server()
    before = server.pid
    monkeypatch.setenv("COLOUR", "red")
    for own in (True, False):
        monkeypatch.setenv("HARDSEQ_STANDCLOUD_API_KEY", f"secret {own}")
        run, child = start(server)
        assert (parent(child.pid) != server.pid) is own
        assert ends(run) == "passed"
        found = json.loads(Path(f"{look.log}.look").read_text())
        assert found["COLOUR"] == "red" and "HARDSEQ_STANDCLOUD_API_KEY" not in found
    assert server.pid != before


def test_what_was_installed_since_is_found(
    look: Project, make_server: MakeServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the folder's time does not show that there is another file."""
    installed = look.log.parent / "installed"
    installed.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(installed))
    look.module("main", call("use"))
    server = make_server()
    start(server)
    before = installed.stat()
    (installed / "just_installed.py").write_text("")
    os.utime(installed, ns=(before.st_atime_ns, before.st_mtime_ns))
    run, child = start(server)
    assert parent(child.pid) == server.pid
    assert ends(run) == "passed"


def test_a_server_that_is_killed_takes_nothing_with_it(project: Project, make_server: MakeServer, start: Start) -> None:
    """What it forked runs to its end; the next process is started, and those after it are forks again."""
    project.module("main", Project.case("ok", Project.call("hold")))
    server = make_server()
    run, child = start(server)
    killed = server.pid
    assert killed is not None
    run.start(StartRequest())
    wait_for(lambda: "held" in project.logged)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: is_gone(killed))
    second, started = start(server)
    third, forked = start(server)
    assert parent(started.pid) not in (killed, server.pid)
    assert parent(forked.pid) == server.pid != killed
    project.go()
    report = run.wait()
    assert report is not None and report["status"] == "passed"
    assert child.wait(60) and not child.alive
    # Nobody was there any more to see it.
    assert child.exit_reason() == Reason("process_closed")
    run.close()
    second.close()
    assert ends(third) == "passed"
    assert forked.exit_reason() == Reason("process_exited", exit_code=0)


def test_a_server_that_dies_before_anybody_asked_is_done_without(
    project: Project, make_server: MakeServer, start: Start
) -> None:
    """Whatever killed it might kill another."""
    project.module("main", Project.case("ok"))
    server = make_server()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    run, _ = start(server)
    assert server.pid is None
    assert ends(run) == "passed"


def test_what_cannot_be_collected_is_told_once_and_by_the_process_itself(
    project: Project, make_server: MakeServer, start: Start
) -> None:
    """The server that could not collect it is of no use; a started process says why."""
    project.module("main", "\n\nraise ImportError('of all things')\n")
    run, _ = start(make_server())
    with pytest.raises(RunNotPossible, match="of all things"):
        run.wait_ready()


def test_what_has_started_a_thread_is_not_forked(project: Project, make_server: MakeServer, start: Start) -> None:
    """A fork would have the thread's locks and not the thread: each process collects for itself."""
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    project.module("main", source, Project.case("ok"))
    server = make_server()
    run, _ = start(server)
    assert server.pid is None
    assert ends(run) == "passed"


def test_a_server_that_hangs_is_replaced(
    project: Project, make_server: MakeServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process is started after a while, and the server killed; the one that it had forked goes on."""
    project.module("main", Project.case("ok"))
    server = make_server()
    run, child = start(server)
    hanging = server.pid
    assert hanging is not None
    monkeypatch.setattr(fork_server, "ANSWER_SECONDS", 0.2)
    os.kill(hanging, signal.SIGSTOP)
    other, started = start(server)
    assert parent(started.pid) not in (hanging, server.pid)
    wait_for(lambda: is_gone(hanging))
    assert [ends(run), ends(other)] == ["passed", "passed"]
    assert not child.alive


@pytest.mark.parametrize("room", [0, 2, 4])
def test_a_server_without_descriptors_forks_nothing_and_goes_on(
    project: Project, make_server: MakeServer, start: Start, room: int
) -> None:
    """The next process is started; how the one before ends is still told."""
    project.module("main", Project.case("ok", Project.call("vanish")))
    server = make_server()
    run, child = start(server)
    full = server.pid
    assert full is not None
    taken = {int(each.name) for each in Path(f"/proc/{full}/fd").iterdir()}
    limit = [number for number in range(100) if number not in taken][room]
    resource.prlimit(full, resource.RLIMIT_NOFILE, (limit, limit))
    _, started = start(server)
    assert parent(started.pid) not in (full, server.pid)
    assert ends(run) == "error"
    assert child.exit_reason() == Reason("process_exited", exit_code=7)
    wait_for(lambda: is_gone(full))


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("vanish", Reason("process_exited", exit_code=7)),
        ("crash", Reason("process_killed", signal="SIGSEGV")),
        ("fork_and_vanish", Reason("process_exited", exit_code=7)),
    ],
)
def test_how_a_fork_ended_is_told(
    look: Project, make_server: MakeServer, start: Start, method: str, reason: Reason
) -> None:
    """Its exit code or its signal, though another process is its parent; the teardown runs in another fork."""
    look.module("main", Project.case("ends", Project.call(method)))
    look.module("after", call("draw"), group="teardown")
    server = make_server()
    run, child = start(server)
    assert ends(run) == "error"
    assert child.exit_reason() == reason
    assert is_gone(child.pid)
    (left,) = look.log.parent.glob("bench.log.[0-9]*")
    assert json.loads(left.read_text())[-1] == server.pid


def test_a_fork_that_is_killed_ends_with_all_that_it_started(
    project: Project, make_server: MakeServer, start: Start
) -> None:
    """Killed again, it does no harm to whoever has its number by then."""
    project.module("main", Project.case("ok"))
    server = make_server()
    run, child = start(server)
    child.kill()
    assert child.wait(60)
    child.kill()
    assert child.exit_reason() == Reason("process_killed", signal="SIGKILL")
    with pytest.raises(RunNotPossible):  # where it had said that it is ready, once it is to start
        ends(run)
    other, forked = start(server)
    assert parent(forked.pid) == server.pid
    assert ends(other) == "passed"


def test_a_stranger_who_connects_is_not_taken_for_the_server(
    project: Project, make_server: MakeServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the process that was started for it gets a run's pipes."""
    project.module("main", Project.case("ok"))
    addresses: list[str] = []
    folder = project.write()
    server = ForkServer(lambda child, address: addresses.append(address) or child.collect(folder, forks=address))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
        stranger.connect(addresses[0])
        run, child = start(server)
        assert stranger.recv(1) == b""
    assert parent(child.pid) == server.pid
    assert ends(run) == "passed"
    server.close()


def test_many_ask_at_once(project: Project, make_server: MakeServer, start: Start) -> None:
    """Each gets a process of its own."""
    project.module("main", Project.case("ok"))
    server = make_server()
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: start(server), range(8)))
    assert len({child.pid for _, child in made}) == 8
    assert {parent(child.pid) for _, child in made} == {server.pid}
    for run, child in made:
        run.close()
        assert is_gone(child.pid)
