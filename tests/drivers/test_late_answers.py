"""No question gets the answer to another one: instruments that answer late, twice, or unasked."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from sequencer.drivers._visa_python import is_silent
from sequencer.drivers.scpi import NO_ERROR, Instrument, ScpiError
from sequencer.drivers.serial_port import Port, SerialError
from sequencer.runtime.deadline import Interrupts
from tests.drivers import line_devices
from tests.drivers.line_devices import Answer, Device, Pieces, scpi

needs_terminals = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")

Opened = Callable[..., Any]


class SlowOnce:
    """Answers every question ``Q`` with ``Q!`` (numbers with themselves); the first of all late."""

    def __init__(self, seconds: float) -> None:
        self.seconds = [seconds]

    def __call__(self, line: str) -> Pieces:
        wait = self.seconds.pop() if self.seconds else 0.0
        return [(wait, f"{line.rstrip('?').rpartition(' ')[2]}\n".encode())]


@pytest.fixture
def instrument() -> Iterator[Opened]:
    """Opens an instrument at a socket that answers as told."""
    opened: list[Any] = []

    def open_it(answer: Answer, **arguments: Any) -> Instrument:
        served = line_devices.Instrument(lambda line: scpi(line, answer))
        opened.append(served)
        client = Instrument(served.address, library="@py", **{"timeout": 0.3, **arguments})
        opened.append(client)
        return client

    yield open_it
    for each in reversed(opened):
        with suppress(ScpiError):
            each.close()


@pytest.fixture
def device() -> Iterator[Opened]:
    """A device at a pseudo-terminal that answers as told."""
    made: list[Device] = []

    def make(answer: Answer) -> Device:
        made.append(Device(answer))
        return made[-1]

    yield make
    for each in made:
        each.close()


# SCPI at a socket.


def test_a_late_answer_is_not_that_of_the_next_question(instrument: Opened) -> None:
    """After a time-out the next question gets its own answer, and the error queue is not the late reading."""
    daq = instrument(SlowOnce(0.5))
    with pytest.raises(ScpiError, match=r"did not answer 'READ 101\?'") as raised:
        daq.number("READ 101?")
    assert "101)" not in str(raised.value)
    time.sleep(0.4)
    assert [daq.number(f"READ {rail}?") for rail in (102, 103)] == [102.0, 103.0]


def test_an_exception_in_the_middle_of_an_answer_leaves_the_connection_in_doubt(instrument: Opened) -> None:
    """A step's time-out strikes inside of the read; what follows is right all the same."""
    daq = instrument(SlowOnce(0.5), timeout=5)
    interrupts = Interrupts()
    interrupts.begin(daq, "step", 0.2)
    error = interrupts.run(lambda: daq.number("READ 101?"))
    assert (interrupts.end(daq), daq.number("READ 102?")) == (error, 102.0)
    interrupts.close()


def test_a_command_is_not_sent_into_a_doubtful_connection(instrument: Opened) -> None:
    """`write` reads the error queue: a late reading must be neither `no error` nor an error of the command."""
    daq = instrument(lambda line: SlowOnce(0.5)(line) if line.endswith("?") else [])
    with pytest.raises(ScpiError):
        daq.query("READ 0.997?")
    time.sleep(0.3)
    daq.write("VOLT 500")


def test_an_answer_of_two_lines_is_an_error_of_the_next_question(instrument: Opened) -> None:
    """The rest of an answer is no other answer, and the message tells what it was."""
    daq = instrument(lambda line: [(0, b"5.0\n6.0\n" if line == "TWO?" else b"1500\n")])
    assert daq.number("TWO?") == 5.0
    with pytest.raises(ScpiError, match=r"sent b'6.0\\n' before 'READ\?'.*'TWO\?'"):
        daq.number("READ?")
    assert daq.number("READ?") == 1500


def test_silence_costs_no_read(instrument: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyVISA-py tells at once whether anything waits: what is used of it is there."""
    from pyvisa import ResourceManager

    opened: list[Any] = []
    open_resource = ResourceManager.open_resource

    def remembered(manager: Any, *arguments: Any) -> Any:
        opened.append(open_resource(manager, *arguments))
        return opened[-1]

    monkeypatch.setattr(ResourceManager, "open_resource", remembered)
    daq = instrument(lambda line: [(0, b"5.0\n6.0\n" if line == "TWO?" else b"5.0\n")])
    assert (daq.number("ONE?"), is_silent(*opened)) == (5.0, True)
    assert (daq.number("TWO?"), is_silent(*opened)) == (5.0, False)


def test_what_is_left_over_at_the_end_is_an_error_too(instrument: Opened) -> None:
    """The last answer of a run may be another's as well."""
    daq = instrument(lambda line: [(0, b"5.0\n6.0\n")])
    daq.number("TWO?")
    with pytest.raises(ScpiError, match=r"sent b'6.0\\n' before it was closed"):
        daq.close()


def test_commands_that_are_answered(instrument: Opened) -> None:
    """Unannounced they are an error; with `acknowledge` each line is read and compared."""

    def answer(line: str) -> Pieces:
        return [(0, b"5.0\n" if line.endswith("?") else b"\n" if line == "BAD" else b"OK\n")]

    daq = instrument(answer, error_query=None)
    daq.write("OUTP ON")
    time.sleep(0.1)
    with pytest.raises(ScpiError, match=r"sent b'OK\\n'.*`acknowledge`"):
        daq.number("READ?")
    daq = instrument(answer, acknowledge="OK")
    daq.write("OUTP ON")
    assert daq.number("READ?") == 5.0
    with pytest.raises(ScpiError, match=r"acknowledged 'BAD' with ''"):
        daq.write("BAD")
    daq = instrument(answer, error_query=None, acknowledge="")
    daq.write("BAD")
    assert daq.number("READ?") == 5.0
    with pytest.raises(ScpiError, match=r"acknowledged 'OUTP ON' with 'OK'"):
        daq.write("OUTP ON")


BLOCK = b"\x00\x01\n5.0\n" + bytes(range(11))


@pytest.mark.parametrize("sent", [b"#218" + BLOCK + b"\n", b"#0" + BLOCK + b"\n"], ids=["definite", "indefinite"])
def test_a_binary_block_is_read_whole(instrument: Opened, sent: bytes) -> None:
    """Line ends inside of it are data, and the next question gets its own answer."""
    daq = instrument(lambda line: [(0, sent[:9]), (0.05, sent[9:])] if line == "CURV?" else [(0, b"1500\n")])
    assert (daq.query_block("CURV?"), daq.number("READ?")) == (BLOCK, 1500)


def test_a_block_is_no_text(instrument: Opened) -> None:
    """`query` of a block is an error, not half of it, and no piece of it answers the next question."""
    daq = instrument(lambda line: [(0, b"#218" + BLOCK + b"\n" if line == "CURV?" else b"1500\n")])
    with pytest.raises(ScpiError, match=r"'CURV\?' with a binary block: `query_block` reads it"):
        daq.query("CURV?")
    assert daq.number("READ?") == 1500
    with pytest.raises(ScpiError, match="not a binary block"):
        daq.query_block("READ?")
    assert daq.number("READ?") == 1500


@pytest.mark.parametrize("sent", [b"#3100abc\n", b"#2x8abcdefgh\n", b"#15abcde, and more\n"])
def test_a_block_that_is_not_what_it_says(instrument: Opened, sent: bytes) -> None:
    """Too short, without a length, or with something behind it: never data."""
    daq = instrument(lambda line: [(0, sent)])
    with pytest.raises(ScpiError, match=r"CURV\?"):
        daq.query_block("CURV?")


def test_a_closed_connection_is_opened_anew(instrument: Opened) -> None:
    """An instrument that closed its socket is an error once, not for the rest of the run."""
    broken = [True]

    def answer(line: str) -> Pieces:
        if line == "READ?" and broken.pop() if broken else False:
            raise OSError("hangs up")
        return [(0, b"5\n")]

    daq = instrument(answer)
    with pytest.raises(ScpiError):
        daq.number("READ?")
    assert daq.number("READ?") == 5


def test_random_delays_never_mix_answers_up(instrument: Opened) -> None:
    """Every answer names its question; whatever comes late, that of another question never comes."""
    chance = random.Random(7)
    daq = instrument(
        lambda line: [(chance.choice([0, 0, 0, 0.03, 0.09, 0.14]), line.encode() + b"\n")], timeout=0.06, idn=None
    )
    for number in range(60):
        with suppress(ScpiError):
            assert daq.query(f"Q{number}?") == f"Q{number}?"


@pytest.mark.parametrize(
    "entry",
    [
        *(
            '+0,"No error"',
            '0,"No error"',
            '-0,"No error"',
            "0,'No error'",
            "0, No Error",
            "0 No Error",
            "0",
            "+0",
            "00",
        ),
        *("NO ERROR", '"No error"', "No errors", 'SYST:ERR 0,"No error"', ':SYSTEM:ERROR? +0,"No error;all fine"'),
    ],
)
def test_what_an_empty_error_queue_says(entry: str) -> None:
    """The forms of instruments on the market."""
    assert NO_ERROR.fullmatch(entry)


@pytest.mark.parametrize(
    "entry",
    [
        *("0.997", "+0.000E+00", "0,1.5,2", "0,997", "5.0", "00A", "", "+1", "Error", "not an error"),
        *('-222,"Data out of range"', '100,"No error"', 'SYST:ERR -113,"Undefined header"'),
    ],
)
def test_what_is_no_empty_error_queue(entry: str) -> None:
    """A reading is not the absence of an error."""
    assert not NO_ERROR.fullmatch(entry)


# SCPI on a bus that clears devices, and over a serial line.


class Cleared:
    """PyVISA-sim with the device clear that it lacks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from pyvisa import constants
        from pyvisa_sim.highlevel import SimVisaLibrary

        self.times = 0

        def clear(library: Any, session: Any) -> constants.StatusCode:
            self.times += 1
            library.sessions[session].device._output_buffers.clear()
            return constants.StatusCode.success

        monkeypatch.setattr(SimVisaLibrary, "clear", clear, raising=False)


BENCH = """
spec: "1.1"
devices:
  meter:
    eom:
      GPIB INSTR: {q: "\\n", r: "\\n"}
      USB INSTR: {q: "\\n", r: "\\n"}
      TCPIP INSTR: {q: "\\n", r: "\\n"}
    error: ERROR
    dialogues:
      - {q: "*IDN?", r: "ACME,METER,1,1"}
      - {q: "SYST:ERR?", r: '0,"No error"'}
      - {q: "READ?", r: "5.0"}
      - {q: "TWO?", r: "5.0\\n6.0"}
      - {q: "CURV?", r: "#15a\\nb\\nc"}
resources:
  GPIB0::9::INSTR: {device: meter}
  USB0::1::2::3::0::INSTR: {device: meter}
  TCPIP0::localhost::inst0::INSTR: {device: meter}
"""


@pytest.mark.parametrize("address", ["GPIB0::9::INSTR", "USB0::1::2::3::0::INSTR", "TCPIP0::localhost::inst0::INSTR"])
def test_a_device_clear_where_the_bus_has_one(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """After a read that was cut short the device is cleared; the late answer goes with it."""
    from pyvisa.resources import MessageBasedResource

    (tmp_path / "bench.yaml").write_text(BENCH)
    clears = Cleared(monkeypatch)
    meter = Instrument(address, library=f"{tmp_path / 'bench.yaml'}@sim", timeout=5)
    read, errors = MessageBasedResource.read_raw, [TimeoutError("in the middle of it")]

    def cut_short(*arguments: Any) -> bytes:
        if errors:
            raise errors.pop()
        return bytes(read(*arguments))

    monkeypatch.setattr(MessageBasedResource, "read_raw", cut_short)
    with pytest.raises(ScpiError, match="did not answer 'TWO"):
        meter.query("TWO?")
    assert (meter.number("READ?"), clears.times) == (5.0, 1)
    assert meter.query("TWO?") == "5.0\n6.0"  # the bus tells where an answer ends
    assert (meter.query_block("CURV?"), meter.number("READ?")) == (b"a\nb\nc", 5.0)
    meter.close()


@needs_terminals
@pytest.mark.parametrize("idn", ["", None], ids=["proved", "silent"])
def test_scpi_over_a_serial_line(device: Opened, idn: str | None) -> None:
    """A serial device answers whoever opened its port: also a new object does not take the late answer."""
    served = device(lambda line: scpi(line, SlowOnce(0.5) if line == "READ 101?" else SlowOnce(0.0)))
    address = f"ASRL{served.name}::INSTR"
    for again in (False, True):
        meter = Instrument(address, library="@py", timeout=0.3, idn=idn, error_query=None)
        with pytest.raises(ScpiError):
            meter.number("READ 101?")
        if again:
            meter.close()
            meter = Instrument(address, library="@py", timeout=0.3, idn=idn, error_query=None)
        assert [meter.number(f"READ {rail}?") for rail in (102, 103)] == [102.0, 103.0]
        meter.close()


# Serial ports.


@needs_terminals
@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize("seconds", [0.4, 0.7], ids=["late", "very-late"])
def test_a_serial_port_never_gives_the_late_answer(device: Opened, seconds: float, reopened: bool) -> None:
    """Neither the same object nor the next one at that port; at worst it is an error, and right in the end."""
    served = device(SlowOnce(seconds))
    port = Port(served.name, timeout=0.2)
    with pytest.raises(SerialError):
        port.number("101")
    for _ in range(5):
        if reopened:
            port.close()
            port = Port(served.name, timeout=0.2)
        try:
            value = port.number("102")
        except SerialError:
            continue
        assert value == 102
        break
    assert port.number("103") == 103
    port.close()


@needs_terminals
def test_random_delays_over_a_serial_line(device: Opened) -> None:
    """Every answer names its question; ports are reopened at random, and none gives another question's answer."""
    chance = random.Random(5)
    served = device(lambda line: [(chance.choice([0, 0, 0.02, 0.06, 0.09]), line.encode() + b"\r\n")])
    port = Port(served.name, timeout=0.05)
    right = 0
    for number in range(25):
        with suppress(SerialError):
            assert port.query(f"Q{number}") == f"Q{number}"
            right += 1
        if chance.random() < 0.3:
            port.close()
            port = Port(served.name, timeout=0.05)
    port.close()
    assert right


@needs_terminals
def test_a_second_line_is_an_error_of_the_next_question(device: Opened) -> None:
    """What follows an answer is no answer to the next question; `clear` says that it does not matter."""
    served = device(lambda line: [(0, b"5.0\n6.0\n" if line == "two" else b"1500\n")])
    port = Port(served.name, timeout=0.5)
    port.query("two")
    time.sleep(0.1)
    with pytest.raises(SerialError, match=r"sent '6.0\\n' after 'two', before 'read' was asked"):
        port.number("read")
    assert port.number("read") == 1500
    port.query("two")
    time.sleep(0.1)
    port.clear()
    assert port.number("read") == 1500
    port.close()


@needs_terminals
def test_a_serial_acknowledgement(device: Opened) -> None:
    """A line that nobody read for is an error of the next question; with `acknowledge` it is read and compared."""
    served = device(lambda line: [(0, b"5.0\n" if line == "read" else b"OK\n")])
    port = Port(served.name, timeout=0.5)
    port.write("on")
    time.sleep(0.1)
    with pytest.raises(SerialError, match="`acknowledge`"):
        port.number("read")
    port.close()
    port = Port(served.name, timeout=0.5, acknowledge="OK|DONE")
    port.write("on")
    assert port.number("read") == 5
    with pytest.raises(SerialError, match=r"acknowledged 'read' with '5.0'"):
        port.write("read")
    port.close()
    served = device(lambda line: [(0, b"5.0\n" if line == "read" else b"\n")])
    port = Port(served.name, timeout=0.5, acknowledge="")
    port.write("on")
    assert port.number("read") == 5
    port.close()
