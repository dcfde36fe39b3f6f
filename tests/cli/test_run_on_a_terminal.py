from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

import fcntl
import pty
import struct
import termios

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

SEQUENCE = """\
name: Board
params:
  serial: {type: string, pattern: "^SN[0-9]{3}$", prompt: Scan the board}
modules:
  main:
    cases:
      look:
        name: Look at it
        steps:
          - message: "board ${{ params.serial }}"
          - dialog: {type: confirm, title: LED, text: Is the LED on?, pass_fail: true}
            save: led
      slow:
        steps:
          - measure: Rail
            value: ${{ 5.0 }}
            unit: V
            limits: [4, 6]
          - wait: ${{ "60 s" if params.serial == "SN999" else "300 ms" }}
"""


TAKE_TERMINAL = """
import fcntl, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)
from sequencer.__main__ import main
main()
"""
"""`hardseq` whose terminal is its own, and that hears Ctrl-C even when the tests run in the background."""


class Terminal:
    """A program on a pseudo-terminal of 90 columns and 30 rows."""

    def __init__(self, *arguments: str, cwd: Path, term: str) -> None:
        self.shown = ""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 90, 0, 0))
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("HARDSEQ_", "NO_COLOR", "CI"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", TAKE_TERMINAL, *arguments],
            cwd=cwd,
            env={
                **kept,
                "PYTHONPATH": str(ROOT),
                "PYTHONUTF8": "1",
                "TERM": term,
            },
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def wait_for(self, text: str, seconds: float = 60.0) -> None:
        """Reads until `text` was shown, in whatever colours."""
        self.found(re.escape(text), seconds=seconds)

    def found(self, pattern: str, number: int = 1, seconds: float = 60.0) -> str:
        """Reads until `pattern` was shown so many times; what it was then."""
        deadline = time.monotonic() + seconds
        while len(found := re.findall(pattern, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown))) < number:
            assert time.monotonic() < deadline and self._read(), f"no {pattern!r} in {self.shown}"
        return str(found[number - 1])

    def type(self, text: str) -> None:
        """Types a line."""
        os.write(self._master, text.encode() + b"\r")

    def press_ctrl_c(self) -> int:
        """Presses Ctrl-C, and again as people do when nothing happens; the exit code."""
        presses = 0
        while self.process.poll() is None:
            assert presses < 20, self.shown
            os.write(self._master, b"\x03")
            presses += 1
            deadline = time.monotonic() + 3.0
            while self.process.poll() is None and time.monotonic() < deadline:
                self._read()
        return self.end()

    def end(self) -> int:
        """Reads to the end; the exit code."""
        while self._read():
            pass
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def lines(self) -> list[str]:
        """What a person sees who scrolls back to the beginning."""
        screen = pyte.HistoryScreen(90, 30, history=1000)
        pyte.Stream(screen).feed(self.shown)
        above = ["".join(row[column].data for column in range(90)) for row in screen.history.top]
        return [line.rstrip() for line in (*above, *screen.display)]

    def _read(self) -> bool:
        """Reads what there is, waiting a little for it; false when there will be no more."""
        if not select.select([self._master], [], [], 0.1)[0]:
            return self.process.poll() is None
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # Linux answers so once the program has ended
            return False
        self.shown += piece.decode("utf-8", "replace")
        return bool(piece)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that asks for a serial number and for a look at the LED."""
    (tmp_path / "sequences").mkdir()
    (tmp_path / "sequences" / "board.yaml").write_text(SEQUENCE)
    return tmp_path


@contextlib.contextmanager
def started(project: Path, *arguments: str, term: str = "xterm-256color") -> Iterator[Terminal]:
    terminal = Terminal("run", "--no-panel", *arguments, cwd=project, term=term)
    try:
        yield terminal
    finally:
        terminal.close()


QUESTION = """\
name: Live
modules:
  main:
    cases:
      a:
        steps:
          - {measure: M1, value: 1, limits: [0, 2]}
          - {measure: M2, value: 1, limits: [0, 2]}
          - {measure: M3, value: 1, limits: [0, 2]}
          - {measure: M4, value: 1, limits: [0, 2]}
          - {wait: 300 ms}
      b: {steps: [{measure: B1, value: 1, limits: [0, 2]}, {measure: B2, value: 1, limits: [0, 2]}]}
      c: {steps: [{dialog: {title: Guard, text: Close it.}}, {measure: C1, value: 1, limits: [0, 2]}]}
      d: {steps: [{dialog: {title: Door, text: Shut it.}}, {wait: 300 ms}]}
"""


def test_a_question_wipes_nothing_off_the_screen(project: Path) -> None:
    """What was measured before it, the question itself and what follows stay, each on a line of its own."""
    (project / "sequences" / "board.yaml").write_text(QUESTION)
    with started(project) as terminal:
        for question in ("Close it.", "Shut it."):
            terminal.wait_for(question)
            terminal.type("")
        assert terminal.end() == 0
        lines = terminal.lines()
    wanted = [*(f"{name} = 1" for name in ("M1", "M2", "M3", "M4", "B1", "B2", "C1")), "? Guard", "? Door"]
    assert [sum(text in line for line in lines) for text in wanted] == [1] * len(wanted), "\n".join(lines)


def test_a_plain_terminal_asks_as_well(project: Path) -> None:
    """One without colours and movement still has a person in front of it."""
    (project / "sequences" / "board.yaml").write_text(QUESTION)
    with started(project, term="dumb") as terminal:
        for question in ("Close it.", "Shut it."):
            terminal.wait_for(question)
            terminal.type("")
        assert terminal.end() == 0
        assert "\x1b" not in terminal.shown


def test_an_operator_is_asked_and_answers(project: Path) -> None:
    """A missing parameter is asked for until it fits, a dialog is answered by typing, and the verdict is a block."""
    with started(project) as terminal:
        terminal.wait_for("Scan the board")
        terminal.type("12")
        terminal.wait_for("serial does not have the right form")
        terminal.type("SN042")
        terminal.wait_for("Is the LED on?")
        terminal.type("p")
        terminal.wait_for("1/2")
        assert terminal.end() == 0
    assert "board SN042" in terminal.shown
    assert "█" in terminal.shown and "\x1b[30;42m" in terminal.shown
    assert "Traceback" not in terminal.shown


def test_a_fail_at_the_dialog_fails_the_run(project: Path) -> None:
    """The operator's Fail is the product's."""
    with started(project, "--arg", "serial=SN042") as terminal:
        terminal.wait_for("Is the LED on?")
        terminal.type("f")
        assert terminal.end() == 1
    assert "\x1b[97;41m" in terminal.shown


@pytest.mark.parametrize("when", ["Scan the board", "Is the LED on?", "Rail = 5 V"])
def test_ctrl_c_at_any_moment(project: Path, when: str) -> None:
    """Ctrl-C ends with 3 and without a traceback, at a question before the run, in a dialog and in a case."""
    with started(project, *([] if when.startswith("Scan") else ["--arg", "serial=SN999"])) as terminal:
        if when.startswith("Rail"):
            terminal.wait_for("Is the LED on?")
            terminal.type("p")
        terminal.wait_for(when)
        assert terminal.press_ctrl_c() == 3, terminal.shown
    assert "Traceback" not in terminal.shown


SLOTS = """\
[slots.left]
[slots.right]
"""


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_slots_are_asked_for_one_after_the_other(project: Path, term: str) -> None:
    """Each for its serial number, then each for its answer, by its name; the verdicts stand side by side at the end."""
    (project / "hardseq.toml").write_text(SLOTS)
    of_dut = 'dut: {serial_number: "${{ params.serial }}"}\nmodules:'
    (project / "sequences" / "board.yaml").write_text(SEQUENCE.replace("modules:", of_dut))
    with started(project, term=term) as terminal:
        for slot, serial in (("left", "SN001"), ("right", "SN002")):
            terminal.wait_for(f"{slot}: Scan the board")
            terminal.type(serial)
        asked = []
        for number in (1, 2):
            asked.append(terminal.found(r"\? (left|right): LED", number))
            terminal.found("p = pass or f = fail", number)
            terminal.type("p" if asked[-1] == "left" else "f")
        assert terminal.end() == 1, terminal.shown
        lines = terminal.lines()
    assert sorted(asked) == ["left", "right"]
    text = "\n".join(lines)
    assert "verdict   left   PASS  SN001" in text and "verdict   right  FAIL" in text
    if term != "dumb":
        head = next(line for line in lines if "left SN001" in line)
        assert "right SN002" in head and "█" in lines[lines.index(head) + 1]
