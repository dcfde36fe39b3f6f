"""``hardseq run --step``, ``--break`` and ``--pdb`` as a person uses them: at a terminal, and from a script."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEQUENCE = """\
name: Board
drivers:
  bench: bench.Bench
modules:
  main:
    cases:
      rails:
        steps:
          - measure: Rail
            call: bench.read
            unit: V
            limits: [4, 5.5]
            save: rail
          - message: "rail ${{ rail }}"
      lamp:
        steps:
          - call: bench.light
"""
BENCH = """\
class Bench:
    def __init__(self):
        self.reads = 0

    def read(self):
        self.reads += 1
        return 4.0 + self.reads

    def light(self):
        lamp = "LED 7"
        raise ConnectionError(f"no answer from {lamp}")
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a rail that is good the first time, and a lamp that does not answer."""
    for name, text in (("sequences/board.yaml", SEQUENCE), ("drivers/bench.py", BENCH)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of the tests, without what would change the display, or what somebody's `.pdbrc` says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HARDSEQ_", "NO_COLOR", "CI"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm-256color", "HOME": str(tmp_path)}


@pytest.fixture
def run(project: Path, environment: dict[str, str]) -> Run:
    """Runs the project with lines piped into it."""

    def run_it(typed: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sequencer", "run", "--no-panel", *options],
            cwd=project,
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run_it


def test_a_script_steps_through_a_case(run: Run) -> None:
    """Letters answer the pauses one after the other: run, repeat, skip, and leave the rest alone."""
    done = run("c\nr\ns\ng\n", "--step")
    assert done.returncode == 1
    assert done.stdout.count("? Paused before: ") == 4
    assert "repeat the previous step: Rail" in done.stdout
    assert "rail = 6.0" in done.stdout
    assert "step skipped by hand while debugging" in done.stdout
    assert "DEBUGGED" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_break_pauses_in_its_case_alone(run: Run, project: Path) -> None:
    """The other cases run without a question, from a generated project that is kept beside the usual one."""
    assert run("", "--tag", "none").returncode == 2
    done = run("c\n", "--break", "main::lamp")
    assert re.findall(r"Paused before: (.*)", done.stdout) == ["bench.light"]
    assert len(list((project / ".hardseq" / "compiled").glob("*.json"))) == 2


def test_a_break_in_no_case_is_a_usage_error(run: Run) -> None:
    """Nothing runs, and the name that was meant is told."""
    done = run("", "--break", "main::lammp")
    assert done.returncode == 2
    assert "did you mean 'main::lamp'" in done.stderr
    assert "PASSED" not in done.stdout


def test_the_end_of_the_script_stops_a_run_that_pauses(run: Run) -> None:
    """When nobody is left to answer, the run is stopped and not waited for."""
    done = run("c\n", "--step")
    assert done.returncode == 3
    assert "nobody can answer" in done.stdout


def test_a_script_looks_into_a_failure(run: Run) -> None:
    """The debugger is in the driver's frame, takes the piped lines, and their end goes on with the run."""
    done = run("p lamp\n", "--pdb")
    assert done.returncode == 1
    assert "'LED 7'" in done.stdout
    assert "light()" in done.stdout
    assert "PASSED   main::rails" in done.stdout


def test_a_failure_shows_all_three_places(run: Run) -> None:
    """The line of the sequence with its place marked, the generated statement, and the driver's frame."""
    done = run("", "--only", "main::lamp")
    shown = done.stdout[done.stdout.index("ERROR: main::lamp") :]
    assert re.search(r"sequence  sequences/board.yaml:17:13\n      - call: bench.light\n        \^\n", shown)
    generated = r"generated \.hardseq.compiled.board-\w+.test_main\.py:\d+\n      step\.result = bench\.light\(\)\n"
    assert re.search(generated, shown)
    assert re.search(r"driver    drivers.bench\.py:11 in light\n", shown)


if sys.platform != "win32":
    import pty

    class Terminal:
        """A program on a pseudo-terminal; what it shows is read as it comes."""

        def __init__(self, *arguments: str, cwd: Path, env: dict[str, str]) -> None:
            self._master, slave = pty.openpty()
            self._shown = ""
            self._changed = threading.Condition()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sequencer", "run", "--no-panel", *arguments],
                cwd=cwd,
                env=env,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
            )
            os.close(slave)
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()

        def type(self, after: str, text: str) -> None:
            """Types once ``after`` is shown, which is then forgotten with all before it."""
            with self._changed:
                assert self._changed.wait_for(lambda: after in self._shown, 60), self._shown
                self._shown = self._shown.partition(after)[2]
            os.write(self._master, text.encode())

        def end(self) -> tuple[int, str]:
            """The exit code, and what was shown last."""
            code = self.process.wait(60)
            self._reader.join(10)
            return code, self._shown

        def close(self) -> None:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join(10)
            os.close(self._master)

        def _read(self) -> None:
            while True:
                try:
                    piece = os.read(self._master, 65536)
                except OSError:  # Linux answers so once the program has ended
                    return
                with self._changed:
                    self._shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece.decode("utf-8", "replace"))
                    self._changed.notify_all()

    @pytest.fixture
    def started(project: Path, environment: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
        """Starts runs of the project on terminals of their own."""
        terminals: list[Terminal] = []

        def start(*options: str) -> Terminal:
            terminals.append(Terminal(*options, cwd=project, env=environment))
            return terminals[-1]

        yield start
        for each in terminals:
            each.close()

    def test_a_person_steps_at_a_terminal(started: Callable[..., Terminal]) -> None:
        """One letter and Enter answer a pause, Enter alone continues, and what is no answer is asked again."""
        terminal = started("--step")
        terminal.type("(Enter = continue): ", "\r")
        terminal.type("(Enter = continue): ", "x\r")
        terminal.type("must be one of the choices", "")
        terminal.type("(Enter = continue): ", "r\r")
        terminal.type("(Enter = continue): ", "q\r")
        code, shown = terminal.end()
        assert code == 3
        assert "6 V is above the upper limit" in shown

    def test_a_person_debugs_at_a_terminal(started: Callable[..., Terminal]) -> None:
        """The debugger prompts like Python's own; Ctrl-D leaves it, and the keyboard is there at the next question."""
        terminal = started("--pdb", "--break", "main::lamp")
        terminal.type("(Enter = continue): ", "c\r")
        terminal.type("(Pdb) ", "p lamp\r")
        terminal.type("'LED 7'", "")
        terminal.type("(Pdb) ", "\x04")
        code, shown = terminal.end()
        assert code == 1
        assert "DEBUGGED" in shown
        assert "Traceback" in shown  # the driver's own

    def test_ctrl_c_leaves_the_debugger(started: Callable[..., Terminal]) -> None:
        """The run is stopped from within a session, cleanly."""
        terminal = started("--pdb")
        terminal.type("(Pdb) ", "")
        os.kill(terminal.process.pid, 2)
        code, _ = terminal.end()
        assert code == 3
