"""The session of a factory's service: its stands, and the runs in its CouchDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from sequencer.app.panel_session import project_figures
from sequencer.app.project_report_store import ProjectReportStore
from sequencer.panel.factory_session import FactorySession
from sequencer.project.project_folder import Project
from sequencer.store.open import opened_stands


@contextmanager
def opened_factory(project: Project, tell: Callable[[str], None]) -> Iterator[FactorySession]:
    """The session of ``project``, whose ``[database]`` is the factory's; closed at the end. Not open yet.

    ``tell`` takes sentences for a person.
    """
    with ExitStack() as opened:
        report_store = opened.enter_context(ProjectReportStore(project, tell))
        session = FactorySession(
            watched=opened.enter_context(opened_stands(project.settings, folder=project.folder)),
            tell=tell,
            store=report_store.store,
            report_store=report_store,
            folder=project.folder,
            settings=project.settings.frontend,
            figures=partial(project_figures, project, report_store.store),
            title=project.settings.tests_name or project.settings.database.name,
        )
        opened.callback(session.close)
        yield session
