"""A serial port, over pyserial (``pip install 'hardseq[serial]'``): a console, a barcode reader, a relay card.

What is read as text is whole lines, and no question gets the answer to an earlier one (``_conversation.py``).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from sequencer.drivers._conversation import Conversation, SerialError
from sequencer.drivers._library import imported
from sequencer.drivers._pending_answers import PendingAnswers, pending_answers_of

__all__ = ["Port", "SerialError", "Simulated"]

LONGEST_SETTLING = 10.0
"""Seconds that closing waits for an answer that is still owed."""


class Port(Conversation):
    """A serial port such as ``/dev/ttyUSB0`` or ``COM3`` (or one of pyserial's URLs).

    ``timeout`` in seconds for each answer. ``prompt`` is the text with which a console waits for the next command;
    ``echo``: the device sends back what it is sent, which is read and compared; ``ansi``: whether escape sequences are
    removed from text or kept. ``acknowledge``: a regular expression for the line that answers every ``write``.
    ``overload``: numbers that stand for an overload, besides SCPI's own. ``dtr`` and ``rts`` are the levels of these
    lines from the opening on. Raises ``SerialError`` when the port cannot be opened or has no such line.
    """

    def __init__(
        self,
        port: str,
        *,
        baud_rate: int = 115200,
        timeout: float = 1.0,
        newline: str = "\n",
        encoding: str = "utf-8",
        prompt: str = "",
        echo: bool = False,
        ansi: Literal["remove", "keep"] = "remove",
        acknowledge: str | None = None,
        overload: Iterable[float] | None = None,
        data_bits: Literal[5, 6, 7, 8] = 8,
        parity: Literal["none", "even", "odd"] = "none",
        stop_bits: Literal[1, 2] = 1,
        hardware_flow: bool = False,
        dtr: bool | None = None,
        rts: bool | None = None,
    ) -> None:
        super().__init__(
            port,
            timeout=timeout,
            newline=newline,
            encoding=encoding,
            prompt=prompt,
            echo=echo,
            ansi=ansi,
            acknowledge=acknowledge,
            overload=overload,
            pending=pending_answers_of(port),
        )
        self._library = imported("serial", "pyserial", "serial")
        try:
            self._serial: Any = self._library.serial_for_url(
                port,
                do_not_open=True,
                baudrate=baud_rate,
                bytesize=data_bits,
                parity=parity[0].upper(),
                stopbits=stop_bits,
                rtscts=hardware_flow,
                write_timeout=timeout,
            )
            # Before it opens: opening raises both lines otherwise, which resets many a board.
            if dtr is not None:
                self._serial.dtr = dtr
            if rts is not None:
                self._serial.rts = rts
            self._serial.open()
        except (self._library.SerialException, ValueError, OSError) as error:
            raise SerialError(f"{port} cannot be opened: {error}") from None
        if "://" not in port:
            self._opened = time.monotonic()
        try:
            # Once more: opening is silent about lines that are not there.
            if dtr is not None:
                self.set_dtr(dtr)
            if rts is not None:
                self.set_rts(rts)
        except BaseException:
            self._serial.close()
            raise

    def set_dtr(self, on: bool) -> None:
        """Sets the DTR line, on many boards the reset. Raises ``SerialError`` where there is none."""
        self._set_line("dtr", on)

    def set_rts(self, on: bool) -> None:
        """Sets the RTS line, on many boards the boot mode. Raises ``SerialError`` where there is none."""
        self._set_line("rts", on)

    def close(self) -> None:
        """Closes the port; waits for an answer that is still owed, which the next one to open it would get."""
        try:
            if self._pending.answers:
                self._settle(min(self._pending.seconds, LONGEST_SETTLING))
        except SerialError:
            pass  # the port is gone
        finally:
            self._serial.close()

    def _set_line(self, line: Literal["dtr", "rts"], on: bool) -> None:
        try:
            if self.port.startswith("socket://"):
                raise OSError("a socket carries data only")
            setattr(self._serial, line, on)
        except (self._library.SerialException, ValueError, OSError) as error:
            raise SerialError(f"{self.port} has no {line.upper()} line that can be set: {error}") from None

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


class Simulated(Conversation):
    """A simulated device: ``simulate: {use: serial_port.Simulated, with: {answers: {ver: v1.4.2}}}``.

    To a line that ``answers`` lists it sends that answer and a line end; it takes others in silence. ``greeting`` is
    there at once, as after a reset. It echoes and prompts as the device would. ``sent`` is every line in order.
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
        prompt: str = "",
        echo: bool = False,
        ansi: Literal["remove", "keep"] = "remove",
        acknowledge: str | None = None,
        overload: Iterable[float] | None = None,
        data_bits: Literal[5, 6, 7, 8] = 8,
        parity: Literal["none", "even", "odd"] = "none",
        stop_bits: Literal[1, 2] = 1,
        hardware_flow: bool = False,
        dtr: bool | None = None,
        rts: bool | None = None,
    ) -> None:
        # Nothing is acknowledged, as nobody wrote down with what.
        super().__init__(
            port,
            timeout=timeout,
            newline=newline,
            encoding=encoding,
            prompt=prompt,
            echo=echo,
            ansi=ansi,
            acknowledge=None,
            overload=overload,
            pending=PendingAnswers(),
        )
        self.sent: list[str] = []
        self._answers = dict(answers or {})
        self._incoming = greeting.encode(encoding)

    def set_dtr(self, on: bool) -> None:
        """Nothing happens."""

    def set_rts(self, on: bool) -> None:
        """Nothing happens."""

    def close(self) -> None:
        """Nothing to close."""

    def _send(self, data: bytes) -> None:
        newline = self._text(self._newline)
        line = self._text(data).removesuffix(newline)
        self.sent.append(line)
        said = f"{line}{newline}" if self._echo else ""
        if line in self._answers:
            said += f"{self._answers[line]}{newline}"
        self._incoming += f"{said}{self._text(self._prompt)}".encode(self._encoding)

    def _receive(self, seconds: float) -> bytes:
        data, self._incoming = self._incoming, b""
        if not data:
            time.sleep(seconds)
        return data
