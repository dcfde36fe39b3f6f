"""Copies what one store keeps into another, of whatever kind: runs with their files, what was added to them, the log.

Everything has an id of its own and is kept once, so a copy that was cut off goes on where it is begun again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field

from sequencer.report.model import RunReport
from sequencer.store import facts
from sequencer.store.base import PrunedRun, RunSummary, Store, StoreError, StoreUnavailable
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import ReasonOrText

PAGE = 200
"""Runs, and entries of the log, that are asked for at a time."""


@dataclass(slots=True)
class CopyProgress:
    """How many runs were ``copied``, how many were ``there`` as they are, or had been ``pruned`` there; why others were
    not, by run.

    ``lost`` names the attached files that the source no longer has, as run and SHA-256.
    """

    copied: int = 0
    there: int = 0
    pruned: int = 0
    refused: dict[str, ReasonOrText] = field(default_factory=dict)
    lost: list[tuple[str, str]] = field(default_factory=list)

    @property
    def looked_at(self) -> int:
        """How many runs it has looked at."""
        return self.copied + self.there + self.pruned + len(self.refused)


def copy_runs(source: Store, target: Store, told: Callable[[CopyProgress], object]) -> CopyProgress:
    """Copies all that ``source`` keeps to ``target``, the newest runs first; ``told`` hears of each.

    What comes into the source meanwhile may be missing. Raises ``StoreUnavailable`` when either is away: what was
    copied until then stays. A report that cannot be read or that the target refuses is left, with the reason.
    """
    progress = CopyProgress()
    for page in _pages(source):
        for run in page:
            try:
                _copy_run(source, target, run.id, progress)
            except StoreUnavailable:
                raise
            except StoreError as error:
                progress.refused[run.id] = error.reason
            told(progress)
        _copy_notes(source, target, [run.id for run in page if run.id not in progress.refused])
    _copy_pruned(source, target)
    _copy_log(source, target)
    return progress


def _pages(source: Store) -> Iterator[list[RunSummary]]:
    cursor: str | None = None
    while True:
        page = source.find(limit=PAGE, cursor=cursor)
        yield page.runs
        if (cursor := page.next) is None:
            return


def _copy_run(source: Store, target: Store, run_id: str, progress: CopyProgress) -> None:
    report = source.get(run_id)
    if report is None:
        return  # it was replaced just now, and comes in another time
    if target.get(run_id) == report:
        progress.there += 1
    else:
        target.save(report)
        if target.get(run_id) is None:  # what was pruned stays out, though it is taken without a word
            progress.pruned += 1
            return
        progress.copied += 1
    _copy_files(source, target, report, progress)


def _copy_files(source: Store, target: Store, report: RunReport, progress: CopyProgress) -> None:
    for sha256, media_type in facts.attachments(report).items():
        if target.attachment(report["id"], sha256) is not None:
            continue
        if (data := source.attachment(report["id"], sha256)) is None:
            progress.lost.append((report["id"], sha256))
        else:
            target.save_attachment(report["id"], sha256, data, media_type)


def _copy_notes(source: Store, target: Store, runs: list[str]) -> None:
    for notes in source.notes(runs).values():
        for note in notes:
            target.add_note(note)


def _copy_pruned(source: Store, target: Store) -> None:
    """What is left of pruned runs, by which the figures know them, and what was added to them."""
    place: str | None = None
    left = 1
    while left:
        changes = source.changes(place)
        pruned = [PrunedRun(run.id, run.digest, run.condensed) for run in changes.runs if run.condensed is not None]
        target.keep_pruned(pruned)
        _copy_notes(source, target, [run.id for run in pruned])
        place, left = changes.next, changes.left


def _copy_log(source: Store, target: Store) -> None:
    cursor: str | None = None
    while True:
        page = source.log(limit=PAGE, cursor=cursor)
        target.add_to_log(page.entries)
        if (cursor := page.next) is None:
            return
