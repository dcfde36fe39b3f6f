"""Serial ports over a real pseudo-terminal, and their simulation."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from inspect import signature

import pytest

from sequencer.drivers import _pending_answers
from sequencer.drivers.serial_port import Port, SerialError, Simulated
from tests.drivers.line_devices import Answer, Device, Pieces

Opened = Callable[[Answer], Device]

needs_terminals = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")

ANSWERS = {
    b"ver": b"v1.4.2\r\n",
    b"temp": b"23.5\n",
    b"boot": b"loading...\nboot: mode=5 slot=B\nready> ",
    b"\x01\x03": b"\x01\x03\x00\x0a",
}


class Console:
    """A board at the far end of a pseudo-terminal: answers lines as ``ANSWERS`` says."""

    def __init__(self) -> None:
        import tty

        self._near, far = os.openpty()
        tty.setraw(far)
        self.name = os.ttyname(far)
        self._far = far
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.close(self._far)
        self._thread.join(2)
        os.close(self._near)

    def _serve(self) -> None:
        heard = b""
        while True:
            try:
                data = os.read(self._near, 100)
            except OSError:
                return
            heard += data
            if heard == b"\x01\x03":
                os.write(self._near, ANSWERS[heard])
                heard = b""
            while b"\n" in heard:
                line, heard = heard.split(b"\n", 1)
                os.write(self._near, ANSWERS.get(line, b""))


@pytest.fixture
def device() -> Iterator[Opened]:
    """A device that answers as told."""
    made: list[Device] = []

    def make(answer: Answer) -> Device:
        made.append(Device(answer))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def port() -> Iterator[Port]:
    console = Console()
    opened = Port(console.name, timeout=20.0)
    yield opened
    opened.close()
    console.close()


@needs_terminals
def test_a_line_is_asked_and_answered(port: Port) -> None:
    """The answer comes back without its line end, carriage return included."""
    assert port.query("ver") == "v1.4.2"
    assert port.number("temp") == 23.5


@needs_terminals
def test_waiting_for_a_prompt(port: Port) -> None:
    """Named groups are returned as a mapping, one group as its text, and reading goes on behind the match."""
    port.write("boot")
    assert port.expect(r"mode=(?P<mode>\d) slot=(?P<slot>\w)") == {"mode": "5", "slot": "B"}
    assert port.expect(r"(\w+)> ", partial=True) == "ready"


@needs_terminals
def test_bytes_as_hexadecimal_digits(port: Port) -> None:
    """A binary protocol is spoken in hexadecimal digits both ways."""
    port.write_hex("01 03")
    assert port.read_hex(4) == "01 03 00 0A"


@needs_terminals
def test_silence_is_an_error_that_says_what_did_come(port: Port) -> None:
    """Without an answer in time the error tells port, wait and what came instead."""
    with pytest.raises(SerialError, match=r"sent nothing in 0\.1 s where a line was expected"):
        port.query("unknown", timeout=0.1)
    for pending in _pending_answers.BY_DEVICE.values():
        pending.settle()  # it was silent, and no late answer is waited for here
    port.write("boot")
    # What follows was sent together with this.
    port.expect(r"loading\.\.\.")
    with pytest.raises(SerialError, match=r"ready> .*in 0\.2 s where 'login' was expected"):
        port.expect("login", timeout=0.2, partial=True)


@needs_terminals
def test_text_where_a_number_was_asked_for(port: Port) -> None:
    """An answer that is no number is an error."""
    with pytest.raises(SerialError, match=r"'v1\.4\.2' to 'ver', which is not a number"):
        port.number("ver")


def test_a_port_that_is_not_there() -> None:
    """A missing port is an error that names it."""
    with pytest.raises(SerialError, match="no-such-port cannot be opened"):
        Port("/dev/no-such-port")


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyserial the message says what to install."""

    def refuse(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr("sequencer.drivers._library.import_module", refuse)
    with pytest.raises(ImportError, match=r"pip install 'hardseq\[serial\]'"):
        Port("COM3")


def test_the_simulation_answers_as_told() -> None:
    """Listed lines are answered, the greeting is there at once, everything sent is kept."""
    board = Simulated(answers={"ver": "v1.4.2", "temp": 23.5}, greeting="ready> ", timeout=0.1)
    assert board.expect("ready> ", partial=True) == "ready> "
    assert (board.query("ver"), board.number("temp"), board.sent) == ("v1.4.2", 23.5, ["ver", "temp"])


def test_the_simulation_is_silent_about_the_rest() -> None:
    """An unlisted line runs into the timeout as with a device that does not know it."""
    with pytest.raises(SerialError, match="sent nothing"):
        Simulated(timeout=0.05).query("hello")


@needs_terminals
@pytest.mark.parametrize(
    ("pieces", "pattern", "found"),
    [
        ([b"selftest errors: 1", b"2\r\n"], r"selftest errors: (\d+)", "12"),
        ([b"VBAT=3", b"299 mV\r\n"], r"VBAT=(?P<mv>\d+)", {"mv": "3299"}),
        ([b"fw v1.2", b".0-rc7\r\n"], r"fw (v[\w.-]+)", "v1.2.0-rc7"),
        ([b"N=485 C=1", b"0\r\n"], r"C=\d+", "C=10"),
    ],
)
def test_a_line_in_pieces_is_matched_whole(device: Opened, pieces: list[bytes], pattern: str, found: object) -> None:
    """A UART hands a line over in pieces: half a number is no number, unless half a line is asked for."""
    answers = [pieces, pieces[:1]]
    port = Port(device(lambda line: [(0.05, piece) for piece in answers.pop(0)]).name, timeout=10)
    port.write("go")
    assert port.expect(pattern) == found
    port.write("go")
    assert port.expect(pattern, partial=True) != found
    port.close()


@needs_terminals
def test_a_line_without_an_end_is_no_line(device: Opened) -> None:
    """What does not end within the time-out is an error, which tells how to read a prompt."""
    port = Port(device(lambda line: [(0, b"login: ")]).name, timeout=0.2)
    port.write("")
    with pytest.raises(SerialError, match=r"'login: ' in 0.2 s where a whole line .*`partial: true`"):
        port.expect("login: ")
    port.close()


@needs_terminals
def test_a_device_that_talks_unasked(device: Opened) -> None:
    """After `clear`, and after opening, lines are read from the beginning of one on, wherever it was met."""
    scale = device(lambda line: [])
    talking = threading.Event()

    def talk() -> None:
        while not talking.wait(0.001):
            for byte in b"1025.30\r\n":
                scale.say(bytes([byte]))
                talking.wait(0.001)

    talker = threading.Thread(target=talk, daemon=True)
    talker.start()
    for number in range(8):
        port = Port(scale.name, timeout=20)
        assert port.read_line() == "1025.30"
        for _ in range(2):
            time.sleep(number % 5 * 0.003)
            port.clear()
            assert float(port.read_line()) == 1025.3
            assert port.expect(r"\d+\.\d+") == "1025.30"
        port.close()
    talking.set()
    talker.join()


CONSOLE_ANSWERS = {"version": "\x1b[32mv1.4.2\x1b[0m", "status OK?": "ERROR: selftest failed", "uptime": "1200.5"}


def console(prompt: str = "") -> Callable[[str], Pieces]:
    """A shell that echoes, with colours, line ends of both kinds and a prompt."""

    def answer(line: str) -> Pieces:
        said = "one\r\ntwo" if line == "list" else CONSOLE_ANSWERS.get(line, "unknown command")
        echo = "vers\x1b[Kion" if line == "version" else line
        return [(0, f"{echo}\r\n".encode()), (0.02, f"{said}\r\n\x1b[?2004h{prompt}".encode())]

    return answer


@needs_terminals
@pytest.mark.parametrize("prompt", ["", "uart:~$ "])
def test_a_console_that_echoes(device: Opened, prompt: str) -> None:
    """The echo is verified and dropped, escape sequences are removed, a prompt ends the answer."""
    port = Port(device(console(prompt)).name, timeout=10, echo=True, prompt=prompt)
    assert port.query("status OK?") == "ERROR: selftest failed"
    assert (port.query("version"), port.number("uptime")) == ("v1.4.2", 1200.5)
    port.write("version")
    assert port.expect(r"^v(\d+\.\d+\.\d+)") == "1.4.2"
    if prompt:
        assert port.expect("uart") == "uart"  # the prompt counts as a whole line
        port.clear()
        assert port.query("list") == "one\ntwo"
    port.close()


@needs_terminals
def test_another_echo_is_an_error(device: Opened) -> None:
    """A device that heard something else did something else."""
    port = Port(device(lambda line: [(0, b"et 15\r\nOK\r\n")]).name, timeout=0.2, echo=True)
    with pytest.raises(
        SerialError, match=r"sent 'et 15\\r\\nOK\\r\\n' in 0.2 s where the echo of 'set 15' was expected"
    ):
        port.write("set 15")
    port.close()


@needs_terminals
def test_escape_sequences_can_be_kept(device: Opened) -> None:
    """With `ansi: keep` the text is as the device sent it; bytes always are."""
    served = device(lambda line: [(0, b"\x1b[32mgreen\x1b[0m\n")])
    port = Port(served.name, timeout=10, ansi="keep")
    assert port.query("colour") == "\x1b[32mgreen\x1b[0m"
    port.close()
    port = Port(served.name, timeout=10)
    port.write("colour")
    assert port.read_hex(3) == "1B 5B 33"
    port.close()


@needs_terminals
@pytest.mark.parametrize("line", ["dtr", "rts"])
def test_lines_that_are_not_there(device: Opened, line: str) -> None:
    """A pseudo-terminal has no DTR and no RTS: an error that names the port and the line."""
    served = device(lambda line: [])
    with pytest.raises(SerialError, match=rf"{served.name} has no {line.upper()} line"):
        Port(served.name, **{line: False})
    port = Port(served.name)
    with pytest.raises(SerialError, match=r"has no RTS line"):
        port.set_rts(True)
    port.close()


def test_lines_have_their_level_before_the_port_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set later they would be raised for a moment, which resets many a board."""
    import serial

    seen: list[tuple[str, object, object]] = []

    class Line(serial.Serial):
        def open(self) -> None:
            seen.append(("open", self.dtr, self.rts))

        def _update_dtr_state(self) -> None:
            seen.append(("dtr", self.dtr, None))

        def _update_rts_state(self) -> None:
            seen.append(("rts", None, self.rts))

    monkeypatch.setattr("serial.serial_for_url", lambda port, do_not_open, **settings: Line(None, **settings))
    Port("/dev/ttyUSB0", dtr=False, rts=False)
    assert seen[0] == ("open", False, False)


@needs_terminals
def test_numbers_as_instruments_write_them(device: Opened) -> None:
    """Python's own forms are none; overloads are infinity in either direction."""
    answers = {"a": "1_000", "b": "9.9E37", "c": "-1.00000000E+09", "d": "9.91E+37", "e": "+1.5e3", "f": "\u0661"}
    served = device(lambda line: [(0, answers[line].encode() + b"\n")])
    port = Port(served.name, timeout=10, overload=[1e9])
    for line in ("a", "f"):
        with pytest.raises(SerialError, match="not a number"):
            port.number(line)
    assert [port.number(line) for line in ("b", "c", "e")] == [math.inf, -math.inf, 1500]
    assert math.isnan(port.number("d"))
    port.close()


def test_the_simulation_echoes_and_prompts() -> None:
    """As the device would."""
    board = Simulated(answers={"ver": "v1.4.2"}, echo=True, prompt="> ", greeting="> ", timeout=0.1)
    assert board.query("ver") == "v1.4.2"


def test_simulation_takes_the_arguments_of_the_port() -> None:
    """One `with:` fits both."""
    assert set(signature(Port).parameters) <= set(signature(Simulated).parameters)
