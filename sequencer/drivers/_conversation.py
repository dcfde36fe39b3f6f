"""What is said over a serial line, whatever carries it: lines, prompts, echoes, and who owes an answer.

What is read as text is whole lines: never the rest of a line whose beginning was dropped, never a line that is still
coming in. From the moment that something is asked until it was answered the device owes an answer; before the next
question that answer is waited for and dropped, so that no question gets the answer to an earlier one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from sequencer.drivers._pending_answers import PendingAnswers, read_number, with_overloads
from sequencer.vocabulary.regex import compile_bytes, compile_pattern

LONGEST_ANSWER = 1 << 20
"""Bytes that are waited through for an answer; more is a device that talks without end."""

SLICE = 0.05
"""Seconds of one look at the line."""

QUIET = 0.1
"""Seconds without a byte after which nothing more is under way."""

AT_ONCE = 0.05
"""What comes in so soon after opening, though nothing was sent, was under way before: its first line is half a line."""

ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)|[()*+][0-9A-Za-z]|[=>78cDEHMNOZ])")
HALF_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b\r\n]*\x1b?|[()*+])?$")
"""Escape sequences of terminals (ECMA-48, 5.4 and 5.6; xterm's for titles and character sets)."""

T = TypeVar("T")


class SerialError(Exception):
    """The port cannot be opened, or the device did not answer as it should."""


class Conversation:
    """Text and bytes over a line; ``_send`` and ``_receive`` reach the device."""

    def __init__(
        self,
        port: str,
        *,
        timeout: float,
        newline: str,
        encoding: str,
        prompt: str,
        echo: bool,
        ansi: str,
        acknowledge: str | None,
        overload: Iterable[float] | None,
        pending: PendingAnswers,
    ) -> None:
        self.port = port
        self._timeout = timeout
        self._encoding = encoding
        self._newline = newline.encode(encoding)
        self._prompt = prompt.encode(encoding)
        self._echo = echo
        self._removes_escapes = ansi == "remove"
        # "" is an empty line, and no expression that matches anything.
        self._acknowledge = None if acknowledge is None else compile_pattern(acknowledge or "^$")
        self._overloads = with_overloads(overload)
        self._pending = pending
        self._waiting = b""
        self._is_mid_line = False
        self._opened: float | None = None
        self._unanswered: str | None = None
        self._answered: str | None = None

    # What sequences call.

    def write(self, text: str) -> None:
        """Sends a line; with ``acknowledge``, reads the line that answers it.

        Raises ``SerialError`` when the echo or the acknowledgement is missing or another one.
        """
        if self._pending.answers:
            self._settle(self._pending.seconds)
        self._say(text)
        if self._acknowledge is not None:
            line = self.read_line()
            if not self._acknowledge.fullmatch(line):
                expected = self._acknowledge.pattern
                raise SerialError(f"{self.port} acknowledged {text!r} with {line!r}, which does not match {expected!r}")

    def read_line(self, timeout: float | None = None) -> str:
        """The next line without its end. Raises ``SerialError`` when none ends within ``timeout`` seconds."""
        return self._answer(self._look_for_line, timeout, "a line")

    def query(self, text: str, timeout: float | None = None) -> str:
        """Sends a line and returns the next one; with a ``prompt``, all lines until it comes.

        Raises ``SerialError`` when none comes within ``timeout`` seconds, or when something unexpected came in before.
        """
        self._begin_question(text)
        pending = self._pending.answers
        self._pending.ask(text, self._seconds(timeout))
        self._say(text)
        if self._prompt:
            answer = self._wait(
                self._look_for_prompt, timeout, f"an answer and the prompt {self._text(self._prompt)!r}"
            )
        else:
            answer = self._wait(self._look_for_line, timeout, "a line")
        self._end_question(text, pending, self._look_for_line)
        return answer

    def number(self, text: str, timeout: float | None = None) -> float:
        """``query``, the answer as a number. Raises ``SerialError`` when it is not one."""
        answer = self.query(text, timeout)
        try:
            return read_number(answer, self._overloads)
        except ValueError:
            raise SerialError(f"{self.port} answered {answer!r} to {text!r}, which is not a number") from None

    def expect(self, pattern: str, timeout: float | None = None, partial: bool = False) -> str | dict[str, str | None]:
        """Waits until a whole line, or the prompt, matches a regular expression.

        ``partial`` matches as soon as what came in does, also in a line without an end, such as ``login: ``; then a
        pattern that ends with a number may find only its first digits. Returns the pattern's named groups, else its
        first group, else what matched. Raises ``SerialError`` with what did come in when nothing matches within
        ``timeout`` seconds.
        """
        compiled = compile_bytes(pattern, self._encoding)
        what = (
            repr(pattern) if partial else f"a whole line with {pattern!r} (`partial: true`: also a line without an end)"
        )
        match = self._answer(lambda: self._look_for(compiled, partial), timeout, what)
        if match.re.groupindex:
            return {name: self._text(value) if value is not None else None for name, value in match.groupdict().items()}
        return self._text(match.group(1) if match.re.groups and match.group(1) is not None else match.group())

    def write_hex(self, data: str) -> None:
        """Sends bytes written as hexadecimal digits: ``"01 03 00 0A"``."""
        if self._pending.answers:
            self._settle(self._pending.seconds)
        elif self._answered is not None:
            self._begin_question(data)
        self._transmit(data, bytes.fromhex(data))

    def read_hex(self, count: int, timeout: float | None = None) -> str:
        """The next ``count`` bytes as hexadecimal digits. Raises ``SerialError`` when fewer come in."""
        question = self._unanswered
        found = self._answer(lambda: self._look_for_bytes(count), timeout, f"{count} bytes", more=self._look_for_any)
        self._answered = question
        return found

    def clear(self) -> None:
        """Drops what came in and was not read. Lines are read from the beginning of the next one on."""
        self._drop_all()
        self._unanswered = self._answered = None

    # Questions, and the answers that are owed to them.

    def _begin_question(self, text: str) -> None:
        """Nothing may lie there that the question could take for its answer."""
        if self._pending.answers:
            self._settle(self._pending.seconds)
            return
        unread = self._drop_all()
        last = self._answered if self._unanswered is None else self._unanswered
        if last is not None and not self._is_blank(unread):
            self._pending.ask(last, self._timeout)
            raise SerialError(
                f"{self.port} sent {self._text(unread[-200:])!r} after {last!r}, before {text!r} was asked: that is"
                " not the answer to any question. `clear` drops it, `prompt` names the prompt, `acknowledge` the answer"
                " to commands"
            )

    def _answer(
        self,
        look: Callable[[], T | None],
        timeout: float | None,
        what: str,
        *,
        more: Callable[[], object] | None = None,
    ) -> T:
        """Waits for the answer to what was sent before, or for what comes unasked."""
        question = self._unanswered
        if question is None:
            return self._wait(look, timeout, what)
        pending = self._pending.answers
        self._pending.ask(question, self._seconds(timeout))
        found = self._wait(look, timeout, what)
        self._end_question(question, pending, more or look)
        self._answered = None  # more may follow: the rest of a table, or of what is said at a start
        return found

    def _end_question(self, question: str, pending: int, look: Callable[[], object]) -> None:
        """Its answer is there. Where others were owed it counts only if none of them follows."""
        if pending:
            end = time.monotonic() + self._pending.seconds
            while (left := end - time.monotonic()) > 0 and len(self._waiting) <= LONGEST_ANSWER:
                self._waiting += self._more(min(left, SLICE))
                if look() is not None:
                    raise SerialError(
                        f"{self.port} sent another answer after the one to {question!r}: one of them is late, and"
                        " belongs to an earlier question"
                    )
        self._pending.settle()
        self._unanswered = None
        self._answered = question

    def _settle(self, seconds: float) -> None:
        """Waits for the answers that are owed, until the line is quiet, and drops them.

        Where they do not come, or the line never is quiet, one stays owed.
        """
        began = last = now = time.monotonic()
        while now - last < (QUIET if (paid := self._is_paid()) else seconds) and now - began < 2 * seconds + QUIET:
            data = self._more(SLICE)
            self._waiting = (self._waiting + data)[-LONGEST_ANSWER:]
            now = time.monotonic()
            last = now if data else last
        self._drop_all()
        self._unanswered = self._answered = None
        self._pending.answers = 0 if paid and now - last >= QUIET else 1

    def _is_paid(self) -> bool:
        return self._plain().count(self._prompt or self._newline) >= self._pending.answers

    def _say(self, text: str) -> None:
        """Sends a line, and reads its echo where there is one."""
        data = text.encode(self._encoding)
        if not self._echo:
            self._transmit(text, data + self._newline)
            return
        self._pending.ask(text, self._timeout)
        self._transmit(text, data + self._newline)
        self._wait(lambda: self._look_for_echo(data), None, f"the echo of {text!r}")
        self._pending.answers -= 1

    def _transmit(self, text: str, data: bytes) -> None:
        self._opened = None
        self._unanswered = text
        self._send(data)

    # What came in.

    def _seconds(self, timeout: float | None) -> float:
        return self._timeout if timeout is None else timeout

    def _wait(self, look: Callable[[], T | None], timeout: float | None, what: str) -> T:
        seconds = self._seconds(timeout)
        end = time.monotonic() + seconds
        while (found := look()) is None:
            left = end - time.monotonic()
            if left <= 0 or len(self._waiting) > LONGEST_ANSWER:
                got = repr(self._text(self._waiting[-200:])) if self._waiting else "nothing"
                half = " (its first line is incomplete)" if self._is_mid_line and self._waiting else ""
                raise SerialError(f"{self.port} sent {got} in {seconds:g} s where {what} was expected{half}")
            self._waiting += self._more(min(left, SLICE))
        return found

    def _more(self, seconds: float) -> bytes:
        data = self._receive(seconds)
        if data and self._opened is not None:
            self._is_mid_line = time.monotonic() - self._opened < AT_ONCE
            self._opened = None
        return data

    def _look_for_line(self) -> str | None:
        text = self._from_line_start()
        end = text.find(self._newline)
        if end < 0:
            return None
        self._drop(end + len(self._newline))
        return self._text(text[:end]).strip("\r\n").removeprefix(self._text(self._prompt))

    def _look_for_prompt(self) -> str | None:
        """All lines in front of a prompt that nothing follows."""
        text = self._from_line_start()
        begin = len(text) - len(self._prompt)
        if not text.endswith(self._prompt) or (begin and not text.endswith(self._newline, 0, begin)):
            return None
        self._drop(len(text))
        lines = self._text(text[:begin]).removeprefix(self._text(self._prompt)).split(self._text(self._newline))
        return "\n".join(line.strip("\r\n") for line in lines).strip("\n")

    def _look_for_echo(self, said: bytes) -> bool | None:
        text, begin = self._plain(), 0
        while (end := text.find(self._newline, begin)) >= 0:
            line, begin = text[begin:end].rstrip(b"\r\n"), end + len(self._newline)
            if re.search(rb"(?:^|\W)" + re.escape(said) + b"$", line):  # behind a prompt, too
                self._drop(begin)
                return True
        return None

    def _look_for(self, pattern: re.Pattern[bytes], partial: bool) -> re.Match[bytes] | None:
        text = self._plain() if partial else self._from_line_start()
        lines, newline, rest = text.rpartition(self._newline)
        end = len(text) if partial or rest == self._prompt else len(lines + newline)
        match = pattern.search(text, 0, end) if end else None
        if match is not None:
            self._drop(match.end())
        return match

    def _look_for_bytes(self, count: int) -> str | None:
        if len(self._waiting) < count:
            return None
        data, self._waiting = self._waiting[:count], self._waiting[count:]
        return data.hex(" ").upper()

    def _look_for_any(self) -> bytes | None:
        return self._waiting or None

    def _from_line_start(self) -> bytes:
        """The text that waits, without the rest of a line whose beginning was dropped."""
        text = self._plain()
        if self._is_mid_line:
            end = text.find(self._newline)
            if end < 0:
                return b""
            self._drop(end + len(self._newline))
            text = self._plain()
        return text

    def _plain(self) -> bytes:
        """What waits, without escape sequences."""
        if not self._removes_escapes or b"\x1b" not in self._waiting:
            return self._waiting
        return HALF_ESCAPE.sub(b"", ESCAPE.sub(b"", self._waiting))

    def _drop(self, count: int) -> None:
        """Drops ``count`` bytes of the text that waits, and the escape sequences among and before them."""
        if self._removes_escapes:
            for escape in ESCAPE.finditer(self._waiting):
                if escape.start() >= count:
                    break
                count += len(escape.group())
        self._waiting = self._waiting[count:]
        self._is_mid_line = False

    def _drop_all(self) -> bytes:
        """Drops everything; what is left of its last line is not read as a line. Returns it, without escapes."""
        while len(self._waiting) <= LONGEST_ANSWER and (data := self._more(0.0)):
            self._waiting += data
        dropped, self._waiting = self._plain(), b""
        _, ended, tail = dropped.rpartition(self._newline)
        if ended or not self._is_mid_line:
            self._is_mid_line = bool(tail.strip(b"\r\n")) and tail.strip(b"\r\n") != self._prompt
        return dropped

    def _is_blank(self, data: bytes) -> bool:
        """Whether there is nothing but the prompt, and a piece of a line end."""
        return self._newline not in data and data.strip(b"\r\n") in (b"", self._prompt)

    def _text(self, data: bytes) -> str:
        return data.decode(self._encoding, "replace")

    def _send(self, data: bytes) -> None:
        raise NotImplementedError

    def _receive(self, seconds: float) -> bytes:
        """What is there or comes in within ``seconds``; nothing when nothing does."""
        raise NotImplementedError
