"""The figures of a project, opened for a command and brought up to what the store has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import opened_store, tell
from sequencer.figures.catalogue import Answer, Question, answer
from sequencer.figures.follow import Progress, follow, rebuild
from sequencer.figures.index import FiguresIndex, FiguresUnavailable, IndexDamaged, IndexInUse
from sequencer.figures.scope import MIDNIGHT, Scope
from sequencer.project.project_folder import open_project
from sequencer.store.base import Store, StoreUnavailable
from sequencer.vocabulary.dataclass import dataclass

PATIENCE = 10.0
"""Seconds that a command waits for another process that has the index open: most are done sooner."""

_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Figures:
    """``shifts`` are the times of day at which this stand's begin."""

    index: FiguresIndex
    store: Store
    shifts: tuple[str, ...]
    progress: Progress

    def answer(self, question: Question, scope: Scope, given: Mapping[str, str]) -> Answer:
        """Asks; a damaged index is made anew for it. Raises ``QuestionRefused``."""
        scope = scope._replace(shifts=self.shifts)
        try:
            return answer(self.index.ask, question, scope, given)
        except IndexDamaged:
            rebuild(self.index, self.store, self.progress)
            return answer(self.index.ask, question, scope, given)


@contextmanager
def opened_figures(
    path: Path, progress: Progress, *, anew: bool = False, patience: float = PATIENCE
) -> Iterator[Figures]:
    """The figures of the project that ``path`` belongs to, with all that the store has; made ``anew`` where wanted.

    Raises ``Refusal``.
    """
    with opened_store(path) as store:
        project = open_project(path)
        try:
            with _opened_index(project.state.figures, project.state.figures_lock, patience) as index:
                _bring_up_to_date(index, store, rebuild if anew else follow, progress)
                yield Figures(index, store, project.settings.frontend.shifts or MIDNIGHT, progress)
        except IndexInUse as error:
            hint = "try again when it is done"
            raise Refusal(str(error), hint=hint, code=ExitCode.FAILED) from error
        except FiguresUnavailable as error:
            raise Refusal(str(error), code=ExitCode.FAILED) from error


@contextmanager
def _opened_index(file: Path, lock: Path, patience: float) -> Iterator[FiguresIndex]:
    """The index in its file; in memory, for this once, where there can be no file."""
    deadline = time.monotonic() + patience
    with ExitStack() as opened:
        while True:
            try:
                index = opened.enter_context(FiguresIndex(file, lock))
                break
            except IndexInUse:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)
            except FiguresUnavailable as error:
                tell(f"{error}: the figures are made for this once")
                index = opened.enter_context(FiguresIndex(None))
                break
        yield index


def _bring_up_to_date(
    index: FiguresIndex, store: Store, bring: Callable[[FiguresIndex, Store, Progress], None], progress: Progress
) -> None:
    try:
        bring(index, store, progress)
    except StoreUnavailable as error:
        if bring is rebuild or index.ask("SELECT 1 FROM runs LIMIT 1") == []:
            raise
        tell_behind(error)
    _, unreadable = index.counts()
    tell_unreadable(unreadable)


def tell_unreadable(count: int) -> None:
    """That there are reports that cannot be read."""
    if count:
        tell(f"{count} of the stored reports cannot be read and are left out")


def tell_behind(problem: object) -> None:
    """That what the store has cannot be looked at, and why."""
    tell(f"{problem}: the figures are those of the last time")
