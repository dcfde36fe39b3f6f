"""The session of a project's panel: of one place for products, or of the slots that are configured."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequencer.app.project_bench import ProjectBench
    from sequencer.app.project_report_store import ProjectReportStore
    from sequencer.figures.service import FiguresService
    from sequencer.panel.slots_session import SlotsSession
    from sequencer.panel.start_session import WaitingSession
    from sequencer.project.project_folder import Project
    from sequencer.store.base import Store


def panel_session(
    bench: ProjectBench,
    project: Project,
    report_store: ProjectReportStore,
    *,
    title: str,
    output: Callable[[str], None],
) -> WaitingSession | SlotsSession:
    """Not open yet; ``output`` takes what drivers print."""
    settings = project.settings
    session = _kind(project)(
        bench=bench,
        output=output,
        store=report_store.store,
        report_store=report_store,
        folder=project.folder,
        settings=settings.frontend,
        figures=partial(project_figures, project, report_store.store),
        title=title,
        stand=settings.stand.recorded(),
    )
    session.instruments = bench.instruments
    return session


def project_figures(project: Project, store: Store) -> FiguresService:
    """The figures of the project, whose index is opened once they are needed."""
    from sequencer.figures.service import FiguresService

    return FiguresService(store, project.state.figures, project.state.figures_lock)


def _kind(project: Project) -> Callable[..., WaitingSession | SlotsSession]:
    slots = project.settings.slots
    if slots.places:
        from sequencer.panel.slots_session import SlotsSession

        return partial(SlotsSession, slots=slots)
    from sequencer.panel.start_session import WaitingSession

    return WaitingSession
