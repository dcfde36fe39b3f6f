"""The instruments of a panel, called by hand in a process of their own: whatever a driver does, the panel goes on.

The process is ``hardseq bench --format json``. It holds the stand while a driver is open, so that no run begins; a run
that is started here closes all drivers first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from sequencer.app.exit_codes import ExitCode
from sequencer.panel.refusals import ActionRefused, InvalidRequest
from sequencer.vocabulary.reason import Reason

DeskAnswer = dict[str, object]
"""What the process answers: the keys that ``hardseq bench`` documents."""

PATIENCE = 60.0
"""Seconds that a driver has for a call; then its process is ended."""
QUIET = 3.0
"""Seconds that a question waits for another one, so that no page keeps the panel from answering others."""
FORGOTTEN = 120.0
"""Seconds without anybody looking, after which all drivers are closed."""
READ_AGAIN = 1.0
"""Seconds between two readings of a watched value."""


class WatchedValue(NamedTuple):
    """What is called again and again, and its last answer."""

    name: str
    member: str
    given: Mapping[str, str]
    answer: DeskAnswer

    def document(self) -> DeskAnswer:
        """As JSON."""
        return {"name": self.name, "member": self.member, "given": dict(self.given), **self.answer}


class CallFailed(ActionRefused):
    """The driver raised something."""


class InstrumentDesk:
    """``sequence`` gives the file that declares the drivers now. Thread-safe."""

    def __init__(self, sequence: Callable[[], Path], *, simulate: bool = False) -> None:
        self._sequence = sequence
        self._simulate = simulate
        self._lock = threading.RLock()
        self._process: subprocess.Popen[str] | None = None
        self._answers: SimpleQueue[DeskAnswer | None] = SimpleQueue()
        self._of: Path | None = None
        self._kept: frozenset[str] | None = None
        self._looked = time.monotonic()
        self._watched: WatchedValue | None = None
        self._watcher: threading.Thread | None = None

    def instruments(self) -> DeskAnswer:
        """The drivers and what is watched. Raises ``ApiError``."""
        self._looked = time.monotonic()
        with self._turn():
            listed = self._ask({"do": "list"})
            found = listed["instruments"]
            assert isinstance(found, list)
            self._kept = frozenset(each["name"] for each in found if each["kept"])
            return {
                **listed,
                "watched": None if self._watched is None else self._watched.document(),
                "sequence": "" if self._of is None else str(self._of.resolve()),
                "simulated": self._simulate,
            }

    def open(self, name: str) -> None:
        """Opens one. Raises ``ApiError``."""
        self._refuse_kept(name)
        self._ask({"do": "open", "name": name})

    def close_one(self, name: str) -> None:
        """Closes one. Raises ``ApiError``."""
        with self._turn():
            if self._watched is not None and self._watched.name == name:
                self._watched = None
            self._ask({"do": "close", "name": name})

    def call(self, name: str, member: str, given: Mapping[str, str]) -> DeskAnswer:
        """``{value, seconds, error}`` of a call: what a driver raised is no error of the panel. Raises ``ApiError``."""
        self._refuse_kept(name)
        called = f"{name}.{member}" if member else name
        begun = time.monotonic()
        try:
            return {**self._ask({"do": "call", "called": called, "given": dict(given)}), "error": None}
        except CallFailed as failed:
            return {"value": None, "seconds": time.monotonic() - begun, "error": failed.message}

    def watch(self, name: str, member: str, given: Mapping[str, str]) -> None:
        """Calls it again every second while somebody looks; an empty ``member`` ends that. Raises ``ApiError``."""
        if not member:
            self._watched = None
            return
        first = self.call(name, member, given)
        with self._turn():
            self._watched = WatchedValue(name, member, given, first)
            if self._watcher is None or not self._watcher.is_alive():
                self._watcher = threading.Thread(target=self._watch, name="instruments", daemon=True)
                self._watcher.start()

    def end(self) -> None:
        """Closes all drivers and ends their process, even in the middle of a call; the next question starts another."""
        if not self._lock.acquire(timeout=QUIET):
            if (process := self._process) is not None:
                process.kill()
            self._lock.acquire()
        try:
            self._close_all()
        finally:
            self._lock.release()

    def _close_all(self) -> None:
        process, self._process, self._watched = self._process, None, None
        self._kept = None
        if process is None:
            return
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._give_up(process)

    def _refuse_kept(self, name: str) -> None:
        """A driver of scope ``stand`` is open in the panel's own test process."""
        with self._turn():
            if self._kept is None or self._process is None:
                self.instruments()
            if name in (self._kept or ()):
                raise ActionRefused("in-use", Reason("instrument_kept", driver=name))

    def _watch(self) -> None:
        while True:
            time.sleep(READ_AGAIN)
            with self._lock:
                watched = self._watched
                if watched is None:
                    return
                if time.monotonic() - self._looked > FORGOTTEN:
                    self.end()
                    return
                try:
                    answer = self.call(watched.name, watched.member, watched.given)
                except (ActionRefused, InvalidRequest) as error:
                    answer = {**watched.answer, "value": None, "error": error.message}
                if self._watched is watched:
                    self._watched = watched._replace(answer=answer)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One question at a time. Raises ``ActionRefused`` when another one takes long."""
        if not self._lock.acquire(timeout=QUIET):
            raise ActionRefused("busy", Reason("instruments_busy"))
        try:
            yield
        finally:
            self._lock.release()

    def _ask(self, question: Mapping[str, object]) -> DeskAnswer:
        with self._turn():
            process = self._running()
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
                answer = self._answers.get(timeout=PATIENCE)
            except OSError:
                answer = None
            except Empty:
                self._give_up(process)
                raise ActionRefused("no-answer", Reason("instruments_silent", seconds=PATIENCE)) from None
            if answer is None:
                self._give_up(process)
                raise ActionRefused("no-answer", Reason("instruments_gone"))
        if "error" in answer:
            hint = f" ({answer['hint']})" if answer.get("hint") else ""
            said = f"{answer['error']}{hint}"
            if answer["code"] == ExitCode.INVALID:
                raise InvalidRequest(Reason("not_called", detail=said))
            if answer["code"] == ExitCode.FAILED:
                raise CallFailed("call-failed", Reason("call_failed", detail=said))
            raise ActionRefused("in-use", Reason("call_failed", detail=said))
        return answer

    def _give_up(self, process: subprocess.Popen[str]) -> None:
        self._process, self._watched, self._kept = None, None, None
        process.kill()
        process.wait()
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()

    def _running(self) -> subprocess.Popen[str]:
        file = self._sequence()
        if self._process is not None and (self._of != file or self._process.poll() is not None):
            self.end()
        if self._process is None:
            command = [sys.executable, "-m", "sequencer", "bench", "--format", "json", "--sequence", str(file)]
            self._process = subprocess.Popen(
                [*command, *(["--simulate"] if self._simulate else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
            self._of, self._answers = file, SimpleQueue()
            reader = threading.Thread(target=_read, args=(self._process, self._answers), name="desk", daemon=True)
            reader.start()
        return self._process


def _read(process: subprocess.Popen[str], answers: SimpleQueue[DeskAnswer | None]) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            with suppress(ValueError):  # whatever a library prints
                if isinstance(answer := json.loads(line), dict):
                    answers.put(answer)
    answers.put(None)
