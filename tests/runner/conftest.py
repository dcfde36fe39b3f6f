"""Generated projects, written by hand in short, and runs of them in real child processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import StartRequest
from sequencer.report.event import Stamped, StepStarted
from sequencer.report.model import CaseReport, RunReport
from sequencer.runner.child import Child, warmed_child
from sequencer.runner.run import Run

ROOT = Path(__file__).resolve().parents[2]

PATIENT = 30.0
"""Seconds that a test process has to heed a timeout or a stop before it is killed; a loaded machine takes some."""
HASTY = 0.5
"""The same where it never will."""

PYTEST_INI = """[pytest]
addopts = -p sequencer.runtime.plugin --import-mode=importlib
python_files = test_*.py after_run.py
"""

IMPORTS = "".join(
    f"from sequencer.steps.{module} import {name}\n"
    for module, name in [
        ("call", "Call"),
        ("check", "Check"),
        ("exec", "Exec"),
        ("for_each", "ForEach"),
        ("group", "Steps"),
        ("measure", "Measure"),
        ("message", "Message"),
        ("record", "Record"),
        ("set", "Set"),
        ("wait", "Wait"),
    ]
)

BENCH = '''
import ctypes, os, signal, sys, threading, time

LOG = None

def log(word):
    with open(os.environ["BENCH_LOG"], "a") as file:
        file.write(word + "\\n")

class Bench:
    """An instrument with every bad habit."""

    def __init__(self, name="bench", fail_open=None, fail_close=None):
        self.name = name
        self.calls = 0
        self.fail_close = fail_close
        if fail_open == "fork":
            os.fork()
        elif fail_open == "twice":
            log("try")
            with open(os.environ["BENCH_LOG"]) as file:
                if file.read().count("try") < 3:
                    raise ConnectionError("still booting")
        elif fail_open == "sleep":
            log("try")
            time.sleep(60)
        elif fail_open is not None:
            raise fail_open if isinstance(fail_open, BaseException) else ConnectionError(fail_open)
        log(f"open {name}")

    def give(self, value=4.0):
        return value

    def nan(self):
        return float("nan")

    def none(self):
        return None

    def log(self, word):
        log(word)

    def count(self):
        self.calls += 1
        return self.calls

    def boom(self):
        raise RuntimeError("no answer")

    def leave(self):
        sys.exit(3)

    def interrupt(self):
        raise KeyboardInterrupt

    def worst(self):
        class Worst(BaseException):
            def __str__(self):
                raise ValueError("not even this")
        raise Worst

    def skip(self):
        import pytest
        pytest.skip("a driver has no say in this")

    def sleep(self, seconds=60.0):
        time.sleep(seconds)

    def hold(self):
        log("held")
        while not os.path.exists(os.environ["BENCH_LOG"] + ".go"):
            time.sleep(0.01)

    def swallow(self):
        try:
            time.sleep(60)
        except:
            return 4.0

    def deaf(self):
        while True:
            try:
                time.sleep(60)
            except:
                pass

    def spin(self):
        while True:
            try:
                while True:
                    pass
            except:
                pass

    def unreachable(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.Signals)
        ctypes.CDLL(None).sleep(60)

    def vanish(self):
        print("last words", flush=True)
        os._exit(7)

    def crash(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def fork_and_vanish(self):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        os._exit(7)

    def fork_and_return(self, ours=4.0, theirs=99.0):
        return theirs if os.fork() == 0 else ours

    def fork_and_raise(self):
        if os.fork() == 0:
            raise RuntimeError("the copy")

    def multiprocess(self):
        import multiprocessing
        context = multiprocessing.get_context("fork")
        with context.Pool(2) as pool:
            total = sum(pool.map(abs, [-1, -3]))
        hanging = context.Process(target=time.sleep, args=(20,))
        hanging.start()
        hanging.terminate()
        hanging.join()
        return total - 15 - hanging.exitcode

    def spill(self, data):
        import stat
        for descriptor in range(3, 100):
            try:
                if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                    os.write(descriptor, data)
            except OSError:
                pass

    def patch_json(self):
        import json
        json.JSONEncoder.encode = json.JSONEncoder.iterencode = lambda self, *given, **more: "nonsense"
        json.dumps = lambda *given, **more: "nonsense"

    def close(self):
        if self.fail_close == "fork":
            os.fork()
        log(f"close {self.name}")
        if self.fail_close == "hang":
            time.sleep(60)
        if self.fail_close not in (None, "fork"):
            raise OSError(self.fail_close)
'''


class Project:
    """A generated project in ``folder`` whose driver writes what it does into ``log``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "generated"
        self.folder.mkdir()
        self.log = folder / "bench.log"
        self.state = StateFolder(folder / "state")
        self._modules: list[str] = []
        self._sequence: dict[str, Any] = {}
        self._fixtures: dict[str, dict[str, Any]] = {"bench": {}}
        (self.folder / "pytest.ini").write_text(PYTEST_INI)
        (folder / "drivers").mkdir()
        (folder / "drivers" / "bench.py").write_text(BENCH)

    @staticmethod
    def case(identity: str, *body: str, drivers: str = "bench", depends: list[str] | None = None, **marks: Any) -> str:
        """The source of one generated test; ``{module}`` stands for the module's id."""
        fixtures = ", ".join(["case", *drivers.split()])
        depending = "" if depends is None else f", depends={depends!r}"
        written = "".join(f", {name}={value!r}" for name, value in marks.items())
        lines = textwrap.indent("\n".join(body) or "pass", "    ")
        return (
            f"\n\n@pytest.mark.case_name({identity!r})\n"
            f'@pytest.mark.dependency(name="{{module}}::{identity}"{depending}, scope="session")\n'
            f"@pytest.mark.case({identity!r}, place='s.yaml:{{module}}:{identity}'{written})\n"
            f"def test_{identity}({fixtures}):\n{lines}\n"
        )

    @staticmethod
    def call(method: str, *arguments: str, **settings: Any) -> str:
        """The source of one ``call`` step of the bench."""
        written = "".join(f", {name}={value!r}" for name, value in settings.items())
        header = f"with Call(case, 's.yaml:1:{method}', call='bench.{method}'{written}):"
        return f"{header}\n    bench.{method}({', '.join(arguments)})"

    @staticmethod
    def measure(method: str, *arguments: str, **settings: Any) -> str:
        """The source of one ``measure`` step of the bench."""
        written = "".join(f", {name}={value!r}" for name, value in settings.items())
        return (
            f"with Measure(case, 's.yaml:2:{method}', {method!r}, call='bench.{method}'{written}) as step:\n"
            f"    step.value = bench.{method}({', '.join(arguments)})"
        )

    def module(self, identity: str, *cases: str, **marks: Any) -> Project:
        """Adds a module of cases."""
        self._modules.append(identity)
        written = "".join(f", {name}={value!r}" for name, value in marks.items())
        source = (
            f"import pytest\n\n{IMPORTS}\npytestmark = [pytest.mark.module_name({identity!r}), "
            f"pytest.mark.module({identity!r}{written})]\n" + "".join(cases).replace("{module}", identity)
        )
        (self.folder / f"test_{identity}.py").write_text(source)
        return self

    def driver(self, name: str, fixture_scope: str = "session", **how: Any) -> Project:
        """Declares a driver of the class ``Bench``, or changes the one that is always there."""
        self._fixtures[name] = {"fixture_scope": fixture_scope, **how}
        return self

    def sequence(self, **entries: Any) -> Project:
        """Sets keys of ``SEQUENCE``."""
        self._sequence.update(entries)
        return self

    def after_run(self, *steps: str, on_fail: str | None = None, bench: str = "bench") -> Project:
        """Adds the steps that follow the run, each a function of its own; ``on_fail`` is that of the first."""
        source = f"import pytest\n\n{IMPORTS}\n"
        for number, step in enumerate(steps, 1):
            marks = f"{number}, on_fail={on_fail!r}" if number == 1 and on_fail else str(number)
            body = textwrap.indent(step, "    ")
            source += f"\n@pytest.mark.after_run({marks})\ndef test_after_run_{number}(case, {bench}):\n{body}\n"
        (self.folder / "after_run.py").write_text(source)
        return self

    def write(self) -> Path:
        """Writes ``conftest.py``; the project is complete then."""
        header = {
            "name": "Test",
            "version": "1",
            "description": None,
            "file": "s.yaml",
            "sha256": "0" * 64,
            "on_fail": "continue",
            "params": {},
            "vars": {},
            "record": {},
            "modules": self._modules,
            "driver_folders": ["../drivers"],
            **self._sequence,
        }
        source = f"import pytest\n\nSEQUENCE = {header!r}\n"
        for name, how in self._fixtures.items():
            how = dict(how)
            scope = how.pop("fixture_scope", "session")
            keywords = {"place": f"s.yaml:{name}", "file": "../drivers/bench.py", "target": "Bench", **how}
            written = ", ".join(f"{key}={value!r}" for key, value in keywords.items())
            source += (
                f"\n\n@pytest.fixture(scope={scope!r})\ndef {name}(run):\n"
                f"    with run.driver({name!r}, {written}) as driver:\n        yield driver\n"
            )
        # In one go: a fork server may be collecting the same, and another thread may be writing it.
        new = self.folder / f"conftest.py.{threading.get_ident()}"
        new.write_text(source)
        new.replace(self.folder / "conftest.py")
        return self.folder

    def go(self) -> None:
        """Lets go on what waits in ``bench.hold``."""
        self.log.with_name("bench.log.go").touch()

    @property
    def logged(self) -> list[str]:
        """What the driver wrote."""
        return self.log.read_text().split("\n")[:-1] if self.log.exists() else []


@dataclass
class Outcome:
    """What became of a run."""

    report: RunReport
    events: list[Stamped]
    output: list[str]
    journal: Path
    cases: dict[str, CaseReport] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cases = {
            f"{module['id']}::{each['id']}": each for module in self.report["modules"] for each in module["cases"]
        }

    @property
    def statuses(self) -> dict[str, str]:
        """How each case ended."""
        return {name: each["status"] for name, each in self.cases.items()}

    def failures(self, name: str) -> list[Any]:
        """The failures of a case's last attempt."""
        return self.cases[name]["attempts"][-1]["failures"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty generated project."""
    monkeypatch.setenv("BENCH_LOG", str(tmp_path / "bench.log"))
    return Project(tmp_path)


@pytest.fixture
def make_run(project: Project) -> Iterator[Callable[..., Run]]:
    """Makes prepared runs of the project; all of them are closed in the end."""
    runs: list[Run] = []

    def make(
        *listeners: Callable[[Stamped], None],
        output: Callable[[str], None] = lambda line: None,
        grace: float = PATIENT,
        child: Child | None = None,
    ) -> Run:
        run = Run(project.write(), project.state, listeners=listeners, output=output, grace=grace, warm_child=child)
        runs.append(run)
        run.prepare()
        return run

    yield make
    for run in runs:
        run.close()


@pytest.fixture
def make_child() -> Iterator[Callable[[], Child]]:
    """Starts test processes for ``make_run(child=...)``: the test can signal them, and tell how they ended."""
    with ExitStack() as stack:

        def make() -> Child:
            child = stack.enter_context(warmed_child())
            assert child is not None
            return child

        yield make


@pytest.fixture
def execute(project: Project, make_run: Callable[..., Run]) -> Callable[..., Outcome]:
    """Runs the project; ``stop_at`` stops it when a step of that call begins, ``listener`` is given its events."""

    def run_it(
        *,
        stop_at: str | None = None,
        stops: int = 1,
        grace: float = PATIENT,
        listener: Callable[[Stamped], None] = lambda stamped: None,
        **request: Any,
    ) -> Outcome:
        events: list[Stamped] = []
        output: list[str] = []

        def listen(stamped: Stamped) -> None:
            events.append(stamped)
            if isinstance(stamped.event, StepStarted) and stamped.event.call == f"bench.{stop_at}":
                for _ in range(stops):
                    threading.Timer(0.1, run.stop, ["enough"]).start()

        run = make_run(listen, listener, output=output.append, grace=grace)
        run.start(StartRequest(**request))
        report = run.wait(60)
        assert report is not None
        journal = run.journal
        assert journal is not None
        run.close()
        return Outcome(report, events, output, journal)

    return run_it


@pytest.fixture
def plain(project: Project) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs plain pytest on the project."""

    def run_it(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-rA",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:hypothesispytest",
                *arguments,
                str(project.write()),
            ],
            capture_output=True,
            text=True,
            cwd=project.folder.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )

    return run_it
