"""Journals that a dead runner left behind become reports at the next start; no journal goes before its report is safe.

One that cannot be stored whole, for a reason that lies in it (damaged lines, a run that is stored with other content,
anything that nobody foresaw), is set aside in ``journals/set_aside`` with the reason beside it, and stays there. What
becomes of stored ones says ``kept_journals``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from sequencer.project.locks import hold_alone
from sequencer.project.state_folder import StateFolder
from sequencer.report.model import CaseReport, RunReport
from sequencer.store.base import ReportRefused, Store, StoreConflict, StoreError, StoreUnavailable
from sequencer.store.kept_journals import MARK, is_stored, journal_files, packed
from sequencer.vocabulary.reason import Reason

SET_ASIDE = "set_aside"
"""The folder beside the journals for those that cannot be stored, each with a text that says why."""

_STALE_SECONDS = 86_400.0

Tell = Callable[[str], None]


def mark_stored(journal: Path) -> None:
    """Writes into the journal that its report is safe. Raises ``OSError``."""
    try:
        descriptor = os.open(journal, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        if packed(journal).exists():  # somebody was faster
            return
        raise
    try:
        _mark(descriptor)
    finally:
        os.close(descriptor)


def recover(
    state: StateFolder,
    store: Store,
    *,
    save: Callable[[RunReport], object] | None = None,
    tell: Tell = lambda text: None,
) -> list[RunReport]:
    """Stores the runs whose runner died before it could, oldest first.

    Journals that somebody still works on are left alone. ``save`` keeps a report in the place of ``store.save``, so
    that a recovered one takes the way of all others through the outbox. ``tell`` gets a sentence for a person about
    every journal that could not be stored. One that waits for the store or the disk is tried again at the next start;
    one that is itself the reason is set aside, whatever it did, and the others go on. Returns what is safe now.
    """
    keep = store.save if save is None else save
    recovered = []
    for file in journal_files(state):
        path = Path(file.path)
        if not file.is_file:  # opening a pipe would wait forever, and a link may lead anywhere
            _set_aside(path, "it is not a regular file", tell)
            continue
        if file.is_compressed or is_stored(path) or _is_empty(path):
            continue
        try:
            report = _recover_one(path, store, keep, tell)
        except StoreUnavailable as error:
            tell(_waits(path, error))
            break  # what cannot be stored now cannot be for the others, too
        except (StoreError, OSError) as error:
            tell(_waits(path, error))
        except Exception as error:  # whatever it is, it must not keep a stand from testing
            _set_aside(path, f"its report could not be made: {type(error).__name__}: {error}", tell)
        else:
            if report is not None:
                recovered.append(report)
    return recovered


def _waits(path: Path, error: Exception) -> str:
    return f"the report of run {path.stem} waits in its journal {path}: {error}"


def recovery_text(report: RunReport, now: str = "is stored now") -> str:
    """What a person is told of a run that was recovered; ``now`` says what its report does."""
    why = "had been cut off" if report["aborted"] else "was not stored yet"
    return f"run {report['id']} {why}; its report {now}"


def held_by(journal: Path, report: RunReport, *, tried_again: bool = True) -> str:
    """What a person is told of a report that no store took: how much of it the journal holds, and never more."""
    lacks = lacking(journal, report)
    return str(lacks) if lacks else f"{journal}{', to be stored at the next start' if tried_again else ''}"


def lacking(journal: Path, report: RunReport) -> Reason | None:
    """How much of a report its journal holds when that is not all of it; ``None`` when it is."""
    held = journal_report(journal)
    if held is not None and not held["aborted"] and _measured(held) == _measured(report):
        return None
    written = {} if held is None else _cases(held)
    ran = sorted((case["start_time"], name) for name, case in _cases(report).items() if case["start_time"] is not None)
    cases = _cases(report)
    missing = next((name for _, name in ran if written.get(name) != cases[name]), None)
    kept = {"kept": 0 if held is None else _measured(held), "measured": _measured(report), "place": str(journal)}
    if missing is None:
        return Reason("kept_but_end", **kept)
    return Reason("kept_from", **kept, case=missing)


def journal_report(journal: Path) -> RunReport | None:
    """The report that a journal gives; ``None`` when there is nothing in it or it cannot be read."""
    try:
        with journal.open("rb") as file:
            return _folded(file.fileno(), journal.stem)
    except (OSError, ValueError):
        return None


def _cases(report: RunReport) -> dict[str, CaseReport]:
    return {f"{module['id']}::{case['id']}": case for module in report["modules"] for case in module["cases"]}


def _measured(report: RunReport) -> int:
    return sum(len(attempt["measurements"]) for case in _cases(report).values() for attempt in case["attempts"])


def worked_on(state: StateFolder, *, but: Collection[str] = ()) -> str | None:
    """The id of a run whose journal somebody still writes, if there is one; ``but`` are ids that do not count."""
    return next((path.stem for path, held in _unstored(state) if held and path.stem not in but), None)


def waiting(state: StateFolder) -> list[str]:
    """The ids of the runs whose reports have only their journals, which nobody writes any more: newest first."""
    return [path.stem for path, held in _unstored(state) if not held]


def newest(state: StateFolder) -> str | None:
    """The id of this stand's newest run whose journal nobody writes any more, stored or not."""
    for file in reversed(journal_files(state)):
        if not file.is_file:
            continue
        if file.is_compressed or is_stored(file.path):
            return file.run
        if _is_empty(path := Path(file.path)):
            continue
        with suppress(OSError), path.open("r+b") as opened:
            if hold_alone(opened.fileno()):
                return file.run
    return None


def has_journal(state: StateFolder, run: str) -> bool:
    """Whether the run's journal is still here, of a stored run, too."""
    return any(file.run == run for file in journal_files(state) if file.is_file)


def set_aside(state: StateFolder) -> list[str]:
    """The names of the journals that lie aside, as they cannot be stored."""
    return sorted(file.name for file in (state.journals / SET_ASIDE).glob("*.jsonl"))


def _unstored(state: StateFolder) -> Iterator[tuple[Path, bool]]:
    """The journals whose reports are not stored, newest first, and whether somebody works on each."""
    for file in reversed(journal_files(state)):
        path = Path(file.path)
        if not file.is_file or file.is_compressed or is_stored(path) or _is_empty(path):
            continue
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
            try:
                yield path, not hold_alone(descriptor)
            finally:
                os.close(descriptor)


def _is_empty(path: Path) -> bool:
    """Whether nothing was written yet: then a run may just be beginning, and not even a lock may be tried.

    An empty journal that is a day old never had a run; it goes.
    """
    try:
        found = path.stat()
        if found.st_size == 0 and time.time() - found.st_mtime > _STALE_SECONDS:
            path.unlink()
    except OSError:
        return True
    return found.st_size == 0


def _recover_one(path: Path, store: Store, keep: Callable[[RunReport], object], tell: Tell) -> RunReport | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:  # another process was faster
        return None
    fault: str | None = None
    report = None
    try:
        if not hold_alone(descriptor) or is_stored(path):
            return None
        report = _folded(descriptor, path.stem)
        fault = "nothing in it is readable" if report is None else _kept(report, store, keep)
        if report is not None and fault is None:
            _mark(descriptor)
            if report["damaged_lines"]:
                fault = f"{report['damaged_lines']} of its lines could not be read; what could be read is stored"
            return report
        return None
    finally:
        os.close(descriptor)
        if fault is not None:
            _set_aside(path, fault, tell)


def _kept(report: RunReport, store: Store, keep: Callable[[RunReport], object]) -> str | None:
    """Stores the report; what is wrong with it when the store will never take it."""
    try:
        keep(report)
    except ReportRefused as error:
        return str(error)
    except StoreConflict as conflict:
        if not _is_the_stored_one(store, report):
            return str(conflict)
    return None


def _folded(descriptor: int, run_id: str) -> RunReport | None:
    """The report of the journal's events; ``None`` when it has not a single one."""
    from sequencer.report.fold import Fold, read_journal
    from sequencer.report.reader import read_report

    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        state = Fold(run_id)
        lines = read_journal(file)
        events = 0
        for stamped in lines:
            state.apply(stamped)
            events += 1
    if not events:
        return None
    if lines.damaged:
        state.damaged(lines.damaged)
    report = read_report(state.finish())
    report["id"] = report["id"] or run_id
    return report


def _is_the_stored_one(store: Store, report: RunReport) -> bool:
    """Whether only the count of damaged lines differs: a mark that was torn in half makes one more."""
    stored = store.get(report["id"])
    return stored is not None and {**stored, "damaged_lines": 0} == {**report, "damaged_lines": 0}


def _mark(descriptor: int) -> None:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    torn = b""
    if size:
        os.lseek(descriptor, size - 1, os.SEEK_SET)
        torn = b"" if os.read(descriptor, 1) == b"\n" else b"\n"
    rest = json.dumps({"seq": 0, "time": time.time()}, separators=(",", ":"))[1:]
    os.write(descriptor, torn + MARK + b"," + rest.encode() + b"\n")


def _set_aside(path: Path, fault: str, tell: Tell) -> None:
    """Moves the journal out of the way, never over another one, with the reason in a text beside it."""
    folder = path.parent / SET_ASIDE
    try:
        folder.mkdir(exist_ok=True)
        names = (path.stem if number == 1 else f"{path.stem}-{number}" for number in count(1))
        aside = next(file for name in names if not os.path.lexists(file := folder / f"{name}.jsonl"))
        path.rename(aside)
    except OSError as error:  # it stays where it is, then, and is looked at again
        tell(f"the journal {path} cannot be used: {fault}; it could not be moved to {folder}: {error}")
        return
    sentence = f"the journal of run {path.stem} was set aside as {aside}: {fault}"
    tell(sentence)
    with suppress(OSError):
        aside.with_suffix(".txt").write_text(
            f"{sentence}.\nMoved back to {path}, it is read again at the next start.\n", encoding="utf-8"
        )
