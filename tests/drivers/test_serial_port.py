"""Serial ports over a real pseudo-terminal, and their simulation."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from inspect import signature

import pytest

from sequencer.drivers.serial_port import Port, SerialError, Simulated

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
    assert port.expect(r"(\w+)> ") == "ready"


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
    port.write("boot")
    # What follows was sent together with this.
    port.expect(r"loading\.\.\.")
    with pytest.raises(SerialError, match=r"ready> .*in 0\.2 s where 'login' was expected"):
        port.expect("login", timeout=0.2)


@needs_terminals
def test_text_where_a_number_was_asked_for(port: Port) -> None:
    """An answer that is no number is an error."""
    with pytest.raises(SerialError, match=r"'v1\.4\.2' to 'ver', which is no number"):
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
    assert board.expect("ready> ") == "ready> "
    assert (board.query("ver"), board.number("temp"), board.sent) == ("v1.4.2", 23.5, ["ver", "temp"])


def test_the_simulation_is_silent_about_the_rest() -> None:
    """An unlisted line runs into the timeout as with a device that does not know it."""
    with pytest.raises(SerialError, match="sent nothing"):
        Simulated(timeout=0.05).query("hello")


def test_simulation_takes_the_arguments_of_the_port() -> None:
    """One `with:` fits both."""
    assert set(signature(Port).parameters) <= set(signature(Simulated).parameters)
