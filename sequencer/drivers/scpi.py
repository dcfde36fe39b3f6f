"""Instruments that speak SCPI, over PyVISA (``pip install 'hardseq[visa]'``).

Numbers follow SCPI-1999, volume 1, 7.2.1: ``9.9E37`` is infinity, ``9.91E37`` is no number. Both fail any limit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from sequencer.drivers._library import imported

MOST_ERRORS = 50
"""An error queue longer than this is a broken one; reading stops there."""


class ScpiError(Exception):
    """The instrument refused a command, did not answer, or answered what cannot be read."""


class _Language:
    """What SCPI instruments have in common; ``_send`` and ``_ask`` reach the instrument."""

    def __init__(self, address: str, idn: str | None, error_query: str | None) -> None:
        self.address = address
        self._error_query = error_query
        if idn is not None:
            self._expect_identity(idn)

    def identify(self) -> str:
        """The answer to ``*IDN?``: maker, model, serial number and firmware, separated by commas."""
        return self.query("*IDN?")

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
        """The answer, without its line end. Raises ``ScpiError`` when there is none."""
        return self._ask(command).strip()

    def number(self, command: str) -> float:
        """The answer as a number. Raises ``ScpiError`` when it is none."""
        return self._number(command, self.query(command))

    def numbers(self, command: str) -> list[float]:
        """An answer of numbers separated by commas, such as a waveform."""
        return [self._number(command, part) for part in self.query(command).split(",")]

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
            if re.match(r"[+-]?0+(\D|$)", entry):
                break
            found.append(entry)
        return found

    def _expect_identity(self, pattern: str) -> None:
        identity = self.identify()
        if not re.search(pattern, identity):
            raise ScpiError(f"at {self.address} there is {identity!r}, which does not match {pattern!r}")

    def _number(self, command: str, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ScpiError(f"{self.address} answered {text!r} to {command!r}, which is no number") from None
        if math.isclose(value, 9.91e37, rel_tol=1e-4):
            return math.nan
        return math.copysign(math.inf, value) if math.isclose(abs(value), 9.9e37, rel_tol=1e-4) else value

    def _send(self, command: str) -> None:
        raise NotImplementedError

    def _ask(self, command: str) -> str:
        raise NotImplementedError


class Instrument(_Language):
    """An instrument at a VISA address such as ``TCPIP::192.168.0.20::INSTR`` or ``ASRL/dev/ttyUSB0::INSTR``.

    ``timeout`` in seconds for each answer. ``idn``: a regular expression that the answer to ``*IDN?`` must match; when
    it is empty any answer will do; ``null`` does not ask. ``error_query`` reads the error queue after every write;
    ``null`` for an instrument without one. ``library`` is PyVISA's: empty for the installed VISA, ``@py`` for the one
    in pure Python. ``baud_rate`` for a serial address.
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
        library: str = "",
        baud_rate: int | None = None,
    ) -> None:
        self._visa = imported("pyvisa", "PyVISA", "visa")
        try:
            self._resource: Any = self._visa.ResourceManager(library).open_resource(address)
        except (self._visa.Error, ValueError, OSError) as error:
            raise ScpiError(f"{address} cannot be opened: {error}") from None
        try:
            self._resource.timeout = timeout * 1000.0
            self._resource.read_termination = self._resource.write_termination = termination
            if baud_rate is not None:
                self._resource.baud_rate = baud_rate
            super().__init__(address, idn, error_query)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives the connection back."""
        self._resource.close()

    def _send(self, command: str) -> None:
        try:
            self._resource.write(command)
        except (self._visa.Error, OSError) as error:
            raise ScpiError(f"{self.address} did not take {command!r}: {error}") from None

    def _ask(self, command: str) -> str:
        self._send(command)
        try:
            # Raw: an answer that GPIB or USB marks as ended may lack the line end without being cut short.
            answer = bytes(self._resource.read_raw()).decode("utf-8", "replace")
        except (self._visa.Error, OSError) as error:
            raise ScpiError(f"{self.address} did not answer {command!r}: {error}{self._why(command)}") from None
        if not answer:
            raise ScpiError(f"{self.address} answered nothing to {command!r}{self._why(command)}")
        return answer

    def _why(self, command: str) -> str:
        """What the error queue says about a query that was not answered."""
        if command == self._error_query:
            return ""
        try:
            errors = self.errors()
        except ScpiError:
            return ""
        return f" ({'; '.join(errors)})" if errors else ""


class Simulated(_Language):
    """An instrument at a desk: ``simulate: {use: scpi.Simulated, with: {answers: {"MEAS:VOLT?": "5.01"}}}``.

    It answers what ``answers`` lists. A setting can be read back: after ``VOLT 5``, ``VOLT?`` answers ``5``. A query
    without an answer raises ``ScpiError``. ``sent`` is every command in order.
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
        library: str = "",
        baud_rate: int | None = None,
    ) -> None:
        self.sent: list[str] = []
        self._answers = {"*IDN?": "Simulated,SCPI,0,1.0", "*OPC?": "1", **(answers or {})}
        # The identity of a real instrument would not match: what is simulated is taken as the right one.
        super().__init__(address, None, error_query)

    def close(self) -> None:
        """Nothing to give back."""

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
