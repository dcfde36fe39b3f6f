"""What every place that keeps reports can do, and the small values it answers with; no I/O here.

Times are Unix seconds with a fraction. A *judged* run is a whole, real run that ended ``passed``, ``failed`` or
``error``: runs of chosen cases and simulated runs are no evidence for a product, and a stopped or skipped run gave no
verdict. A *unit* is one product as one sequence sees it: sequence name, part number and serial number together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from sequencer.project.action_log import LogEntry
from sequencer.report.after_run import amends
from sequencer.report.model import RunReport
from sequencer.report.note import Note
from sequencer.vocabulary.failure import ReasonedError
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.status import Status, Untested

JUDGED: tuple[Status, ...] = ("passed", "failed", "error")


class StoreError(ReasonedError):
    """A report could not be kept or read. The text is for people and holds no secret."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or written just now: the same call may succeed later."""


class ReportRefused(StoreError):
    """The store will never take this very report: something in it is nothing that the store can hold."""


class StoreConflict(StoreError):
    """Another report with the same run id is already there; it was left as it is."""


Change = Literal["none", "after_run", "all"]


def change(report: RunReport, stored: RunReport, place: str) -> Change:
    """What saving ``report`` changes of the ``stored`` one of the same run: nothing, ``after_run``, or all of it.

    A complete report replaces the aborted one. Steps that follow a run can be tried again later: then ``after_run``
    grows, and nothing else may differ. A report that says less than the stored one changes nothing. Any other is a
    :class:`StoreConflict`; ``place`` is for its text.
    """
    report, stored = _without_origin(report), _without_origin(stored)
    if report == stored or amends(stored, report):
        return "none"
    if amends(report, stored):
        return "after_run"
    if stored["aborted"] and not report["aborted"]:
        return "all"
    raise StoreConflict(Reason("other_report", run=report["id"], place=place))


def _without_origin(report: RunReport) -> RunReport:
    """A run is the same wherever its record came from."""
    if "imported" not in report:
        return report
    report = report.copy()
    del report["imported"]
    return report


class RunFilter(NamedTuple):
    """Which runs: each field that is not ``None`` must match exactly; ``since <= start_time < until``."""

    serial_number: str | None = None
    part_number: str | None = None
    sequence: str | None = None
    verdict: Status | None = None
    stand: str | None = None
    since: float | None = None
    until: float | None = None
    slot: str | None = None
    start: str | None = None

    def matches(self, run: RunSummary) -> bool:
        """Whether ``run`` is one of those meant."""
        return (
            all(wanted == getattr(run, column) for column, wanted in self.equalities().items())
            and (self.since is None or run.start_time >= self.since)
            and (self.until is None or run.start_time < self.until)
        )

    @property
    def never(self) -> bool:
        """Whether no run can be meant, as the time ends before it begins."""
        return self.since is not None and self.until is not None and self.since >= self.until

    def equalities(self) -> dict[str, str]:
        """The fields that must match exactly, by their name in :class:`RunSummary`."""
        wanted = {
            "serial_number": self.serial_number,
            "part_number": self.part_number,
            "sequence": self.sequence,
            "status": self.verdict,
            "stand": self.stand,
            "slot": self.slot,
            "start": self.start,
        }
        return {column: value for column, value in wanted.items() if value is not None}


ANY = RunFilter()


class RunSummary(NamedTuple):
    """One line of the history.

    ``partial``: cases were chosen by hand, or the run was debugged; ``cases`` counts all in the plan. ``slot`` is the
    name of the slot that the product was in, ``start`` the id of what the run was started with, where there are slots.
    ``untested`` is what a skipped run lacks, ``None`` in runs that do not say it.
    """

    id: str
    status: Status
    start_time: float
    stop_time: float | None
    sequence: str
    sequence_version: str | None
    serial_number: str | None
    part_number: str | None
    stand: str | None
    user: str | None
    partial: bool
    simulated: bool
    aborted: bool
    cases: int
    caused_dut_failure_id: str | None
    error_code: int | None
    slot: str | None = None
    start: str | None = None
    untested: Untested | None = None

    @property
    def counted(self) -> bool:
        """Whether the run is evidence at all: whole and real."""
        return not (self.partial or self.simulated)

    @property
    def judged(self) -> bool:
        """Whether the run counts for yield."""
        return self.counted and self.status in JUDGED


class RunPage(NamedTuple):
    """Runs newest first. ``next`` is the cursor of the following page, ``None`` on the last one."""

    runs: list[RunSummary]
    next: str | None


class Neighbours(NamedTuple):
    """The ids of the runs just above and below one in a list of runs; ``None`` where it is the first or last."""

    newer: str | None
    older: str | None


class LogFilter(NamedTuple):
    """Which actions: ``since <= time < until``; by ``user``, in capitals or not; ``action`` as the log calls it."""

    since: float | None = None
    until: float | None = None
    user: str | None = None
    action: str | None = None

    def matches(self, entry: LogEntry) -> bool:
        """Whether ``entry``, whose time is one of those meant, is one altogether."""
        return (self.user is None or (entry.user or "").casefold() == self.user.casefold()) and (
            self.action is None or entry.action == self.action
        )


EVERY_ACTION = LogFilter()


class LogPage(NamedTuple):
    """Actions newest first. ``next`` is the cursor of the following page, ``None`` on the last one."""

    entries: list[LogEntry]
    next: str | None


class StoredRun(NamedTuple):
    """A run as the store has it now. ``digest`` is another one whenever anything in the report is.

    ``read`` gives the report; it raises :class:`StoreError` for one that cannot be read. Of a pruned run there is no
    report any more, but what :meth:`Store.prune` was given to keep, in ``condensed``.
    """

    id: str
    digest: str
    read: Callable[[], RunReport]
    condensed: str | None = None


class CheckedRuns(NamedTuple):
    """``unchanged`` by run; ``next`` is where the following ones begin, ``None`` where none does."""

    unchanged: dict[str, bool]
    next: str | None


class PrunedRun(NamedTuple):
    """A run whose report goes, if it still has this ``digest``; ``condensed`` (any text) stays in its place."""

    id: str
    digest: str
    condensed: str


class StoreChanges(NamedTuple):
    """Runs about in the order in which the store got them: CouchDB keeps a database in several files, and may tell of
    those that came between two questions in any order. ``next`` is where the following ones begin.

    ``left``: about how many follow; 0 when none does.
    """

    runs: list[StoredRun]
    next: str
    left: int


class FactoryCopy(NamedTuple):
    """How the copying of runs to the factory's database stands. ``target`` is its address, without secrets; ``state``
    is the server's word for it, ``written`` how many documents it copied since it began, where that is known.
    ``problem``: why runs do not arrive.
    """

    target: str
    state: str
    written: int | None = None
    problem: Reason | None = None


class Store(Protocol):
    """Keeps whole reports and answers questions about them. Safe to use from several threads.

    Every method raises :class:`StoreUnavailable` when the place cannot be reached or used just now.
    """

    @property
    def place(self) -> str:
        """Where reports go, for people; without secrets."""
        ...

    def save(self, report: RunReport) -> None:
        """Keeps the report; when this returns it is safe. Saving the same report again does nothing.

        What of a stored report it may change, :func:`change` says; any other difference is a :class:`StoreConflict`.
        Files that the report names and that lie in the state folder are kept with it.
        """
        ...

    def get(self, run_id: str) -> RunReport | None:
        """The whole report, or ``None`` when there is none with this id."""
        ...

    def latest(self) -> RunReport | None:
        """The run that started last."""
        ...

    def find(self, runs: RunFilter = ANY, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """At most ``limit`` runs, newest first, following those of the page whose ``next`` was ``cursor``.

        Runs that arrive in between shift nothing. Raises ``ValueError`` for a text that is no cursor.
        """
        ...

    def neighbours(self, run_id: str, runs: RunFilter = ANY) -> Neighbours | None:
        """The neighbours of this run among the runs meant, of which it need not be one; ``None`` for an unknown id.

        What it costs does not grow with the number of runs.
        """
        ...

    def changes(self, since: str | None = None, *, limit: int = 500) -> StoreChanges:
        """At most about ``limit`` runs that came or changed after the place ``since``, the ``next`` of earlier ones.

        Each run is among them at least once, a report that replaces another one again; a step after a run that was
        tried again need not be a change. A place that this store does not know, or no longer, is its beginning.
        """
        ...

    def stored(self, runs: Sequence[str]) -> list[StoredRun]:
        """Those of these runs that are here, in any order; pruned ones are not."""
        ...

    def checked(self, after: str | None = None, *, limit: int = 50) -> CheckedRuns:
        """At most ``limit`` runs after the place ``after``, the ``next`` of earlier ones, of whose changes
        :meth:`changes` does not tell, with whether each report is what was saved. It is not read for that.
        """
        ...

    def prune(self, runs: Sequence[PrunedRun]) -> int:
        """Takes the reports of these runs out, with files that no other run has, all at once; returns how many went.

        Notes and the log stay, and :meth:`changes` tells of the runs as before, by what is kept in
        their place. Where nobody may do that, :class:`StoreError` says so, and nothing is changed.
        """
        ...

    def condensed(self, run_id: str) -> str | None:
        """What is kept of this run in place of its report; ``None`` unless it was pruned."""
        ...

    def keep_pruned(self, runs: Sequence[PrunedRun]) -> None:
        """Keeps what is left of runs that were pruned in another store, where there is nothing of them here."""
        ...

    def at_factory(self, runs: Sequence[str]) -> set[str] | None:
        """Those of these runs that the factory has; ``None`` where runs are not copied to one."""
        ...

    def compact(self, *, alone: bool = False) -> bool:
        """Gives space on the disk back that nothing uses any more, while others store runs with hardly a wait.

        False: that takes a moment in which nobody stores anything, and nothing was done. Whoever has seen to that says
        ``alone``.
        """
        ...

    def save_attachment(self, run_id: str, sha256: str, data: bytes, media_type: str | None = None) -> None:
        """Keeps a file's bytes with the stored run.

        Raises ``ValueError`` when they have another hash, :class:`StoreError` when there is no such run.
        """
        ...

    def attachment(self, run_id: str, sha256: str) -> bytes | None:
        """The file's bytes, or ``None``."""
        ...

    def add_to_log(self, entries: Sequence[LogEntry]) -> None:
        """Keeps what people did. An entry whose id is there already stays as it is."""
        ...

    def log(self, actions: LogFilter = EVERY_ACTION, *, limit: int = 50, cursor: str | None = None) -> LogPage:
        """At most ``limit`` of the actions meant, newest first, as :meth:`find` does for runs."""
        ...

    def add_note(self, note: Note) -> None:
        """Adds to a run; its report stays as it is. A note whose id is there already stays as it is."""
        ...

    def notes(self, runs: Sequence[str]) -> dict[str, list[Note]]:
        """What was added to these runs, by id, oldest first; runs to which nothing was are not in it."""
        ...

    def close(self) -> None:
        """Gives back files and connections. Closing twice is harmless."""
        ...
