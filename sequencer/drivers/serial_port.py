"""A serial port, over pyserial (``pip install 'hardseq[serial]'``): a console, a barcode reader, a relay card."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Literal

from sequencer.drivers._library import imported

LONGEST_ANSWER = 1 << 20
"""Bytes that are waited through for an answer; more is a device that talks without end."""


class SerialError(Exception):
    """The port cannot be opened, or the device did not answer as it should."""


class _Conversation:
    """Text and bytes over a line; ``_send`` and ``_receive`` reach the device."""

    def __init__(self, port: str, timeout: float, newline: str, encoding: str) -> None:
        self.port = port
        self._timeout = timeout
        self._newline = newline
        self._encoding = encoding
        self._waiting = b""

    def write(self, text: str) -> None:
        """Sends a line."""
        self._send((text + self._newline).encode(self._encoding))

    def read_line(self, timeout: float | None = None) -> str:
        """The next line without its end. Raises ``SerialError`` when none ends within ``timeout`` seconds."""
        return self._until(re.compile(re.escape(self._newline.encode())), timeout, "a line")[0].rstrip("\r\n")

    def query(self, text: str, timeout: float | None = None) -> str:
        """Drops what came in before, sends a line and returns the next one."""
        self.clear()
        self.write(text)
        return self.read_line(timeout)

    def number(self, text: str, timeout: float | None = None) -> float:
        """``query``, the answer as a number. Raises ``SerialError`` when it is none."""
        answer = self.query(text, timeout)
        try:
            return float(answer)
        except ValueError:
            raise SerialError(f"{self.port} answered {answer!r} to {text!r}, which is no number") from None

    def expect(self, pattern: str, timeout: float | None = None) -> str | dict[str, str | None]:
        """Waits until what comes in matches a regular expression.

        Returns the pattern's named groups, else its first group, else what matched. Raises ``SerialError`` with what
        did come in when nothing matches within ``timeout`` seconds.
        """
        match = self._until(re.compile(pattern.encode(self._encoding)), timeout, repr(pattern))[1]
        if match.re.groupindex:
            return {name: self._text(value) if value is not None else None for name, value in match.groupdict().items()}
        return self._text(match.group(1) if match.re.groups and match.group(1) is not None else match.group())

    def write_hex(self, data: str) -> None:
        """Sends bytes written as hexadecimal digits: ``"01 03 00 0A"``."""
        self._send(bytes.fromhex(data))

    def read_hex(self, count: int, timeout: float | None = None) -> str:
        """The next ``count`` bytes as hexadecimal digits. Raises ``SerialError`` when fewer come in."""
        self._until(re.compile(b"(?s).{%d}" % count), timeout, f"{count} bytes", keep=True)
        data, self._waiting = self._waiting[:count], self._waiting[count:]
        return data.hex(" ").upper()

    def clear(self) -> None:
        """Drops what came in and was not read."""
        self._waiting = b""
        while self._receive(0.0):
            pass

    def _until(
        self, pattern: re.Pattern[bytes], timeout: float | None, what: str, *, keep: bool = False
    ) -> tuple[str, re.Match[bytes]]:
        seconds = self._timeout if timeout is None else timeout
        end = time.monotonic() + seconds
        while (match := pattern.search(self._waiting)) is None:
            left = end - time.monotonic()
            if left <= 0 or len(self._waiting) > LONGEST_ANSWER:
                got = repr(self._text(self._waiting[-200:])) if self._waiting else "nothing"
                raise SerialError(f"{self.port} sent {got} in {seconds:g} s where {what} was expected")
            self._waiting += self._receive(min(left, 0.05))
        before = self._text(self._waiting[: match.end()])
        if not keep:
            self._waiting = self._waiting[match.end() :]
        return before, match

    def _text(self, data: bytes) -> str:
        return data.decode(self._encoding, "replace")

    def _send(self, data: bytes) -> None:
        raise NotImplementedError

    def _receive(self, seconds: float) -> bytes:
        """What is there or comes in within ``seconds``; nothing when nothing does."""
        raise NotImplementedError


class Port(_Conversation):
    """A serial port such as ``/dev/ttyUSB0`` or ``COM3`` (or one of pyserial's URLs).

    ``timeout`` in seconds for each answer. ``dtr`` and ``rts`` set the lines at once when given. Raises ``SerialError``
    when the port cannot be opened.
    """

    def __init__(
        self,
        port: str,
        *,
        baud_rate: int = 115200,
        timeout: float = 1.0,
        newline: str = "\n",
        encoding: str = "utf-8",
        data_bits: Literal[5, 6, 7, 8] = 8,
        parity: Literal["none", "even", "odd"] = "none",
        stop_bits: Literal[1, 2] = 1,
        hardware_flow: bool = False,
        dtr: bool | None = None,
        rts: bool | None = None,
    ) -> None:
        super().__init__(port, timeout, newline, encoding)
        self._library = imported("serial", "pyserial", "serial")
        try:
            self._serial: Any = self._library.serial_for_url(
                port,
                baudrate=baud_rate,
                bytesize=data_bits,
                parity=parity[0].upper(),
                stopbits=stop_bits,
                rtscts=hardware_flow,
                write_timeout=timeout,
            )
        except (self._library.SerialException, ValueError, OSError) as error:
            raise SerialError(f"{port} cannot be opened: {error}") from None
        if dtr is not None:
            self.set_dtr(dtr)
        if rts is not None:
            self.set_rts(rts)

    def set_dtr(self, on: bool) -> None:
        """Sets the DTR line, on many boards the reset."""
        self._serial.dtr = on

    def set_rts(self, on: bool) -> None:
        """Sets the RTS line, on many boards the boot mode."""
        self._serial.rts = on

    def close(self) -> None:
        """Gives the port back."""
        self._serial.close()

    def _send(self, data: bytes) -> None:
        try:
            self._serial.write(data)
            self._serial.flush()
        except (self._library.SerialException, OSError) as error:
            raise SerialError(f"{self.port} did not take {data!r}: {error}") from None

    def _receive(self, seconds: float) -> bytes:
        try:
            self._serial.timeout = seconds
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))
        except (self._library.SerialException, OSError) as error:
            raise SerialError(f"{self.port} was lost: {error}") from None


class Simulated(_Conversation):
    """A device at a desk without one: ``simulate: {use: serial_port.Simulated, with: {answers: {ver: v1.4.2}}}``.

    To a line that ``answers`` lists it sends that answer and a line end; others it takes in silence. ``greeting`` is
    there at once, as after a reset. ``sent`` is every line in order.
    """

    def __init__(
        self,
        port: str = "simulated",
        *,
        answers: Mapping[str, str | float] | None = None,
        greeting: str = "",
        baud_rate: int = 115200,
        timeout: float = 1.0,
        newline: str = "\n",
        encoding: str = "utf-8",
        data_bits: Literal[5, 6, 7, 8] = 8,
        parity: Literal["none", "even", "odd"] = "none",
        stop_bits: Literal[1, 2] = 1,
        hardware_flow: bool = False,
        dtr: bool | None = None,
        rts: bool | None = None,
    ) -> None:
        super().__init__(port, timeout, newline, encoding)
        self.sent: list[str] = []
        self._answers = dict(answers or {})
        self._incoming = greeting.encode(encoding)

    def set_dtr(self, on: bool) -> None:
        """Nothing happens."""

    def set_rts(self, on: bool) -> None:
        """Nothing happens."""

    def close(self) -> None:
        """Nothing to give back."""

    def _send(self, data: bytes) -> None:
        line = self._text(data).removesuffix(self._newline)
        self.sent.append(line)
        if line in self._answers:
            self._incoming += f"{self._answers[line]}{self._newline}".encode(self._encoding)

    def _receive(self, seconds: float) -> bytes:
        data, self._incoming = self._incoming, b""
        if not data:
            time.sleep(seconds)
        return data
