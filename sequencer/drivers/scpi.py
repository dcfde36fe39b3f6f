"""Instruments that speak SCPI, over PyVISA (``pip install 'hardseq[visa]'``).

Numbers follow SCPI-1999, volume 1, 7.2.1: ``9.9E37`` is infinity, ``9.91E37`` is not a number. Both fail any
limit. Blocks follow IEEE 488.2, 8.7.9 and 8.7.10.

From the moment that something is sent until its whole answer was read the connection is in doubt. One that is in doubt
is set right before its next use, so that no question gets the answer to an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from sequencer.drivers._library import imported
from sequencer.drivers._pending_answers import PendingAnswers, pending_answers_of, read_number, with_overloads
from sequencer.drivers._visa_python import is_silent
from sequencer.vocabulary.regex import compile_pattern

MOST_ERRORS = 50
"""An error queue longer than this is a broken one; reading stops there."""

MOST_LATE_ANSWERS = 20
"""So many other answers may come before the one that proves that questions and answers belong together again."""

SAMPLE = 200
"""Bytes of unexpected data that a message shows."""

LONGEST_DRAIN = 10.0
"""Seconds that closing waits for an answer that is still owed."""

QUIET = 0.1
"""Seconds without a byte after which nothing more is under way."""

IDENTITY = "*IDN?"

NO_ERROR = re.compile(
    r"""(?:[:*]?[A-Za-z][\w:]*\??\s+)?  # a header, as instruments with `SYST:HEAD ON` put in front
        (?: [+-]?0+ (?: \s*,\s*["'A-Za-z].* | \s+["']?no\s+error.* )?  # 0,"No error" and a bare 0; never 0.997
          | ["']?no\s+errors?\b.* )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


T = TypeVar("T")


class ScpiError(Exception):
    """The instrument refused a command, did not answer, or gave an answer that cannot be read."""


class _Language:
    """What all SCPI instruments have in common; ``_send``, ``_ask`` and ``_ask_block`` reach the instrument."""

    def __init__(
        self, address: str, idn: str | None, error_query: str | None, overload: Iterable[float] | None
    ) -> None:
        self.address = address
        self._error_query = error_query
        self._overloads = with_overloads(overload)
        self._identity: str | None = None
        if idn is not None:
            self._identity = self._expect_identity(idn)

    def identify(self) -> str:
        """The answer to ``*IDN?``: maker, model, serial number and firmware, separated by commas."""
        return self.query(IDENTITY)

    def reset(self) -> None:
        """``*CLS`` and ``*RST``: a known state, an empty error queue."""
        self._send("*CLS")
        self.write("*RST")

    def write(self, command: str) -> None:
        """Sends a command, then empties the error queue. Raises ``ScpiError`` with what it held."""
        self._send(command)
        errors = self.errors()
        if errors:
            raise ScpiError(f"{self.address} refused {command!r}: {'; '.join(errors)}")

    def query(self, command: str) -> str:
        """The answer, without its line end. Raises ``ScpiError`` when there is none, and for a binary block."""
        return self._ask(command).strip()

    def query_block(self, command: str) -> bytes:
        """The data of a binary block (``#3100...`` or ``#0...``), such as a waveform or a picture of the screen.

        Raises ``ScpiError`` when the answer is no block or ends too early. A block without a length (``#0``) on a
        socket or a serial line ends when nothing more comes within the instrument's ``timeout``.
        """
        return self._ask_block(command)

    def number(self, command: str) -> float:
        """The answer as a number. Raises ``ScpiError`` when it is not one."""
        return self._number(command, self.query(command))

    def numbers(self, command: str) -> list[float]:
        """An answer of numbers separated by commas, such as a waveform."""
        return [self._number(command, part.strip()) for part in self.query(command).split(",")]

    def wait_until_done(self) -> None:
        """Returns once every pending operation is over (``*OPC?``)."""
        answer = self.query("*OPC?")
        if answer not in ("1", "+1"):
            raise ScpiError(f"{self.address} answered {answer!r} to *OPC?, not 1")

    def errors(self) -> list[str]:
        """Empties the error queue and returns what it held, oldest first."""
        found: list[str] = []
        while self._error_query is not None and len(found) < MOST_ERRORS:
            entry = self._ask(self._error_query).strip()
            if NO_ERROR.fullmatch(entry):
                break
            found.append(entry)
        return found

    def _expect_identity(self, pattern: str) -> str:
        identity = self.identify()
        if pattern and not compile_pattern(pattern).search(identity):  # "" asks, and takes any answer
            raise ScpiError(f"at {self.address} there is {identity!r}, which does not match {pattern!r}")
        return identity

    def _number(self, command: str, text: str) -> float:
        try:
            return read_number(text, self._overloads)
        except ValueError:
            raise ScpiError(f"{self.address} answered {text!r} to {command!r}, which is not a number") from None

    def _send(self, command: str) -> None:
        raise NotImplementedError

    def _ask(self, command: str) -> str:
        raise NotImplementedError

    def _ask_block(self, command: str) -> bytes:
        raise NotImplementedError


class Instrument(_Language):
    """An instrument at a VISA address such as ``TCPIP::192.168.0.20::INSTR`` or ``ASRL/dev/ttyUSB0::INSTR``.

    ``timeout`` in seconds for each answer. ``idn``: a regular expression that the answer to ``*IDN?`` must match; when
    it is empty any answer will do; ``null`` does not ask. ``error_query`` reads the error queue after every write;
    ``null`` for an instrument without one. ``termination`` ends lines; where the bus tells the end of an answer (GPIB,
    USB, VXI-11, HiSLIP) it is only written. ``acknowledge``: a regular expression for the line with which the
    instrument answers every command; not given, commands are not answered. ``overload``: numbers that mean an
    overload, besides SCPI's own. ``library`` is PyVISA's: empty for the installed VISA, ``@py`` for the one in pure
    Python. ``baud_rate`` for a serial address.
    Raises ``ScpiError`` when the instrument cannot be opened or is another one.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout: float = 2.0,
        idn: str | None = "",
        error_query: str | None = "SYST:ERR?",
        termination: str = "\n",
        acknowledge: str | None = None,
        overload: Iterable[float] | None = None,
        library: str = "",
        baud_rate: int | None = None,
    ) -> None:
        self._visa = imported("pyvisa", "PyVISA", "visa")
        self._opening = (address, library, termination, baud_rate)
        self._timeout = timeout
        # "" is an empty line, and no expression that matches anything.
        self._acknowledge = None if acknowledge is None else compile_pattern(acknowledge or "^$")
        self._answered: str | None = None
        self._is_unproven = False
        try:
            self._open()
        except (self._visa.Error, ValueError, OSError) as error:
            raise ScpiError(f"{address} cannot be opened: {error}") from None
        # What was sent and not answered whole. Of a serial device, whoever asked it.
        self._pending = pending_answers_of(address) if self._is_serial else PendingAnswers()
        try:
            super().__init__(address, idn, error_query, overload)
        except BaseException:
            self._resource.close()
            raise

    def close(self) -> None:
        """Closes the connection. Raises ``ScpiError`` when the instrument said more than it was asked."""
        unread = b""
        try:
            if not self._pending.answers:
                unread = self._unread()
            elif self._is_serial:
                self._drain(min(self._timeout, LONGEST_DRAIN))
        finally:
            self._resource.close()
        if unread:
            raise ScpiError(self._unexpected(unread, "before it was closed"))

    def _open(self) -> None:
        address, library, termination, baud_rate = self._opening
        resource: Any = self._visa.ResourceManager(library).open_resource(address)
        self._resource = resource
        # The whole name: what was opened may be an alias.
        name = str(resource.resource_name or address).upper()
        self._is_serial = name.startswith("ASRL")
        # GPIB, USB-TMC, VXI-11 and HiSLIP tell where an answer ends: there a line end may be part of it.
        self._tells_ends = name.endswith("INSTR") and not self._is_serial
        resource.timeout = self._timeout * 1000.0
        resource.read_termination = None if self._tells_ends else termination
        resource.write_termination = termination
        if baud_rate is not None:
            resource.baud_rate = baud_rate

    def _send(self, command: str) -> None:
        self._exchange(command, self._read_acknowledgement if self._acknowledge is not None else lambda: None)

    def _ask(self, command: str) -> str:
        return self._exchange(command, lambda: self._read_text(command), is_question=True)

    def _ask_block(self, command: str) -> bytes:
        return self._exchange(command, lambda: self._read_block(command), is_question=True)

    def _exchange(self, command: str, read: Callable[[], T], *, is_question: bool = False) -> T:
        """Sends ``command`` and reads what belongs to it; whatever comes in between leaves the connection in doubt."""
        if self._pending.answers:
            self._recover()
        self._pending.ask(command, self._timeout)
        unread = self._unread()
        if unread:
            raise ScpiError(self._unexpected(unread, f"before {command!r} was asked"))
        try:
            self._resource.write(command)
        except (self._visa.Error, OSError) as error:
            raise ScpiError(f"{self.address} did not take {command!r}: {error}") from None
        try:
            answer = read()
        except (self._visa.Error, OSError) as error:
            raise ScpiError(f"{self.address} did not answer {command!r}: {error}{self._why(command)}") from None
        if self._is_unproven and is_question:
            late = self._unread(self._timeout)
            if late:
                raise ScpiError(self._unexpected(late, f"with the answer to {command!r}"))
            self._is_unproven = False
        self._pending.settle()
        self._answered = command
        return answer

    def _read_text(self, command: str) -> str:
        # Raw: an answer that GPIB or USB marks as ended may lack the line end without being cut short.
        answer = bytes(self._resource.read_raw())
        if not answer:
            raise ScpiError(f"{self.address} answered nothing to {command!r}{self._why(command)}")
        if re.match(rb"#\d", answer):
            raise ScpiError(f"{self.address} answered {command!r} with a binary block: `query_block` reads it")
        return answer.decode("utf-8", "replace")

    def _read_acknowledgement(self) -> None:
        assert self._acknowledge is not None
        line = bytes(self._resource.read_raw()).decode("utf-8", "replace").strip()
        if not self._acknowledge.fullmatch(line):
            command, pattern = self._pending.question, self._acknowledge.pattern
            raise ScpiError(f"{self.address} acknowledged {command!r} with {line!r}, which does not match {pattern!r}")

    def _read_block(self, command: str) -> bytes:
        if self._tells_ends:
            return block_data(bytes(self._resource.read_raw()), f"{self.address} answered {command!r}")
        head = self._resource.read_bytes(2)
        if not re.fullmatch(rb"#\d", head):
            raise ScpiError(f"{self.address} answered {command!r} with {head!r}..., which is not a binary block")
        if head == b"#0":
            data = b""
            while part := self._unread(self._timeout, most=1 << 16):
                data += part
            return block_data(head + data, f"{self.address} answered {command!r}")
        digits = self._resource.read_bytes(int(head[1:]))
        if not digits.isdigit():
            raise ScpiError(f"{self.address} answered {command!r} with a block of length {digits!r}")
        data = self._resource.read_bytes(int(digits))
        end = bytes(self._resource.read_raw())
        if end.strip():
            raise ScpiError(f"{self.address} answered {command!r} with more than a block: {end[:SAMPLE]!r}")
        return bytes(data)

    def _unread(self, seconds: float = 0.0, *, most: int = SAMPLE) -> bytes:
        """What came in though nothing was asked, or comes in within ``seconds``; at most ``most`` bytes of it."""
        if self._tells_ends:
            return b""  # the next question drops it there (IEEE 488.2, 6.3.2.3: INTERRUPTED)
        found, resource = bytearray(), self._resource
        try:
            if not seconds and is_silent(resource):
                return b""
            with resource.ignore_warning(self._visa.constants.StatusCode.success_max_count_read):
                resource.timeout = seconds * 1000.0
                while len(found) < most:
                    # One by one: what a longer read has got when its time is over, VISA does not give.
                    byte, _ = resource.visalib.read(resource.session, 1)
                    if not byte:
                        break
                    if not found:
                        resource.timeout = min(seconds, QUIET) * 1000.0
                    found += byte
        except (self._visa.Error, OSError):
            pass  # nothing more
        with suppress(self._visa.Error):  # a connection that was lost shows with the question
            resource.timeout = self._timeout * 1000.0
        return bytes(found)

    def _unexpected(self, unread: bytes, when: str) -> str:
        earlier = "" if self._answered is None else f", last after {self._answered!r}"
        return (
            f"{self.address} sent {unread!r} {when}, which is not the answer to any question{earlier};"
            " an instrument that answers commands needs `acknowledge`"
        )

    def _recover(self) -> None:
        """Sets the connection right: what was asked before is answered no more. Raises ``ScpiError``."""
        question = self._pending.question
        try:
            if self._is_serial:
                paid = b"\n" in self._drain(self._timeout)
                self._is_unproven = self._identity is None and not paid
            elif not self._clear_device():
                self._resource.close()
                self._open()
            if self._identity is not None:
                self._prove(self._identity, again=question == IDENTITY)
        except (self._visa.Error, ValueError, OSError) as error:
            raise ScpiError(
                f"{self.address} still owes the answer to {question!r}, and the connection cannot be "
                f"resynchronised: {error}"
            ) from None
        self._pending.settle()

    def _clear_device(self) -> bool:
        """Clears the instrument's buffers where the bus has a way to; whether it did."""
        if not self._tells_ends:
            return False
        try:
            self._resource.timeout = self._timeout * 1000.0
            self._resource.clear()
        except (self._visa.Error, NotImplementedError, OSError):
            return False
        return True

    def _prove(self, identity: str, *, again: bool) -> None:
        """Asks for a known answer: answers come in the order of questions, those before it are late ones."""
        self._pending.ask(IDENTITY, self._timeout)
        self._resource.write(IDENTITY)
        for _ in range(MOST_LATE_ANSWERS):
            if bytes(self._resource.read_raw()).decode("utf-8", "replace").strip() == identity:
                break
        else:
            raise OSError(f"it no longer answers {IDENTITY} with {identity!r}")
        if again:
            self._drain(self._timeout)  # the identity may have been the answer to an earlier question for it

    def _drain(self, seconds: float) -> bytes:
        """Waits for what is owed, and until the line is quiet; returns the end of it."""
        end, wait = b"", seconds
        while part := self._unread(wait, most=1 << 16):
            end, wait = part, QUIET
            if len(part) == 1 << 16:
                raise OSError("it does not stop sending")
        return end

    def _why(self, command: str) -> str:
        """What the error queue says about a query that was not answered."""
        if command in (self._error_query, IDENTITY):
            return ""
        try:
            errors = self.errors()
        except ScpiError:
            return ""
        return f" ({'; '.join(errors)})" if errors else ""


def block_data(answer: bytes, who: str) -> bytes:
    """The data of a whole answer that is a block (IEEE 488.2, 8.7.9 and 8.7.10). Raises ``ScpiError``."""
    if not re.match(rb"#\d", answer):
        raise ScpiError(f"{who} with {answer[:SAMPLE]!r}, which is not a binary block")
    digits = int(answer[1:2])
    if not digits:
        if not answer.endswith(b"\n"):
            raise ScpiError(f"{who} with a block that has no end: {len(answer)} bytes without a line end after them")
        return answer[2:-1]
    length, begin = answer[2 : 2 + digits], 2 + digits
    if len(length) < digits or not length.isdigit() or len(answer) < begin + int(length):
        raise ScpiError(f"{who} with a block that is cut short: {answer[:begin]!r} and {len(answer) - begin} bytes")
    end = begin + int(length)
    if answer[end:].strip():
        raise ScpiError(f"{who} with more than a block: {answer[end:][:SAMPLE]!r}")
    return answer[begin:end]


class Simulated(_Language):
    """A simulated instrument: ``simulate: {use: scpi.Simulated, with: {answers: {"MEAS:VOLT?": "5.01"}}}``.

    It answers what ``answers`` lists. A setting can be read back: after ``VOLT 5``, ``VOLT?`` answers ``5``. A query
    without an answer raises ``ScpiError``; ``query_block`` gives an answer's bytes. ``sent`` is every command in order.
    """

    def __init__(
        self,
        address: str = "simulated",
        *,
        answers: Mapping[str, str | float] | None = None,
        timeout: float = 2.0,
        idn: str | None = "",
        error_query: str | None = "SYST:ERR?",
        termination: str = "\n",
        acknowledge: str | None = None,
        overload: Iterable[float] | None = None,
        library: str = "",
        baud_rate: int | None = None,
    ) -> None:
        self.sent: list[str] = []
        self._answers = {IDENTITY: "Simulated,SCPI,0,1.0", "*OPC?": "1", **(answers or {})}
        # The identity of a real instrument would not match: what is simulated is taken as the right one.
        super().__init__(address, None, error_query, overload)

    def close(self) -> None:
        """Nothing to close."""

    def _send(self, command: str) -> None:
        self.sent.append(command)
        header, _, value = command.partition(" ")
        if value:
            self._answers[f"{header}?"] = value

    def _ask(self, command: str) -> str:
        if command == self._error_query:
            return '0,"No error"'
        self.sent.append(command)
        if command not in self._answers:
            raise ScpiError(f'{self.address} did not answer {command!r}: -113,"Undefined header"')
        return str(self._answers[command])

    def _ask_block(self, command: str) -> bytes:
        answer = self._ask(command).encode()
        return block_data(answer, f"{self.address} answered {command!r}") if answer.startswith(b"#") else answer
