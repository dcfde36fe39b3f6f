"""What people did that is not every operator's to do: an append-only file in the state folder.

Each action is two lines of JSON: what is about to be done, on the disk before it is, and what became of it. Where the
first cannot be written the action is not carried out. From this file the entries go to the store of reports, each as
one that never changes (``sequencer.store.log_delivery``); nothing in the file is ever rewritten. Once it is large, and
the store has all of it, it is set aside and begins anew.

No PIN, badge or token is ever handed over to be written here: each route and command names what of it is logged.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from sequencer.project.append_only import AppendOnlyFile
from sequencer.report.field_types import LATEST

LogOutcome = Literal["done", "refused", "failed", "unknown"]
"""``unknown``: whoever carried it out died meanwhile, or could not write down what became of it."""
OUTCOMES: tuple[LogOutcome, ...] = get_args(LogOutcome)
LONGEST_REASON = 500
"""Characters of what somebody gives as the reason."""
OUTCOME_SECONDS = 600.0
"""How long an action may take; after that nobody waits for what became of it."""


class LogUnwritable(Exception):
    """An action cannot be logged, and is not carried out. The text is for people."""


class LogEntry(NamedTuple):
    """One action: who, when, what, why, and what became of it.

    ``user`` and ``role`` are those of the login, ``None`` where nobody logs in; ``source`` is where it came from: the
    panel with the caller's address, or a command with the account and the machine. ``details`` say what it was done to,
    ``result`` what came of it: a run's id, or the code of the refusal. Times are Unix seconds.
    """

    id: str
    time: float
    stand: str | None
    user: str | None
    role: str | None
    source: str
    action: str
    details: Mapping[str, object]
    why: str | None
    outcome: LogOutcome
    result: str | None

    def document(self) -> dict[str, object]:
        """As JSON data."""
        return {**self._asdict(), "details": dict(self.details)}


class Outcome:
    """What becomes of an action while it is carried out."""

    def __init__(self) -> None:
        self.outcome: LogOutcome = "done"
        self.result: str | None = None

    def refused(self, code: str) -> None:
        """It was not carried out; ``code`` says why."""
        self.outcome, self.result = "refused", code


class ActionLog:
    """The file at ``path`` of the stand called ``stand``. Several threads and processes may write at once."""

    def __init__(self, path: Path, stand: str | None = None) -> None:
        self.path = path
        self._stand = stand
        self._file = AppendOnlyFile(path)

    @contextmanager
    def action(
        self,
        name: str,
        *,
        source: str,
        user: str | None = None,
        role: str | None = None,
        details: Mapping[str, object] | None = None,
        why: str | None = None,
    ) -> Iterator[Outcome]:
        """The block carries the action out. Raises ``LogUnwritable`` before it when the file cannot be written.

        An exception makes it ``failed``, unless it was said to be refused.
        """
        known = LogEntry(
            os.urandom(16).hex(),
            time.time(),
            self._stand,
            user,
            role,
            source,
            name,
            details or {},
            why,
            "unknown",
            None,
        )
        try:
            self._file.append(
                {key: value for key, value in known.document().items() if key not in ("outcome", "result")}
            )
        except OSError as error:
            raise LogUnwritable(f"{self.path}: {error.strerror or error}") from error
        found = Outcome()
        try:
            yield found
        except BaseException as error:
            if found.outcome == "done":
                found.outcome, found.result = "failed", type(error).__name__
            raise
        finally:
            # What was done is done: an entry that lacks its end says that nobody knows.
            with suppress(OSError):
                self._file.append({"id": known.id, "outcome": found.outcome, "result": found.result})


class LogReading(NamedTuple):
    """What a part of the file says. ``settled``: bytes that need not be read again; ``damaged``: unreadable lines."""

    entries: list[LogEntry]
    settled: int
    damaged: int


def read_log(data: bytes, now: float) -> LogReading:
    """The entries of the file's bytes, which begin at a line. One that has not ended yet is left for the next time.

    Whatever the bytes are: a line that cannot be read is counted and costs no other.
    """
    begun: dict[str, tuple[int, LogEntry]] = {}
    entries: list[LogEntry] = []
    at = damaged = 0
    end = data.rfind(b"\n") + 1
    for line in data[:end].splitlines(keepends=True):
        position, at = at, at + len(line)
        if not line.strip():
            continue
        found = _object(line)
        if found is not None and "outcome" in found and "action" not in found:
            opened = begun.pop(str(found.get("id")), None)
            if opened is not None:
                entry = read_entry({**opened[1].document(), **{key: found.get(key) for key in ("outcome", "result")}})
                entries.append(entry or opened[1])
                damaged += entry is None
            continue
        entry = None if found is None else read_entry({**found, "outcome": "unknown", "result": None})
        if entry is None:
            damaged += 1
        else:
            begun[entry.id] = position, entry
    waiting = [position for position, entry in begun.values() if abs(now - entry.time) < OUTCOME_SECONDS]
    entries += [entry for position, entry in begun.values() if abs(now - entry.time) >= OUTCOME_SECONDS]
    return LogReading(sorted(entries, key=lambda entry: (entry.time, entry.id)), min(waiting, default=end), damaged)


def _object(line: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_entry(found: Mapping[str, object]) -> LogEntry | None:
    """The entry that JSON data says; ``None`` for data that is none."""
    when, details = found.get("time"), found.get("details")
    outcome = next((one for one in OUTCOMES if one == found.get("outcome")), None)
    if isinstance(when, bool) or not isinstance(when, int | float) or not 0 <= when <= LATEST:  # NaN is neither
        return None
    identity, source, action = (_text(found, key) for key in ("id", "source", "action"))
    if not (identity and source and action) or outcome is None or not isinstance(details, dict):
        return None
    return LogEntry(
        id=identity,
        time=float(when),
        stand=_text(found, "stand"),
        user=_text(found, "user"),
        role=_text(found, "role"),
        source=source,
        action=action,
        details=details,
        why=_text(found, "why"),
        outcome=outcome,
        result=_text(found, "result"),
    )


def _text(found: Mapping[str, object], key: str) -> str | None:
    """What is no text is as good as none."""
    text = found.get(key)
    return text if isinstance(text, str) else None
