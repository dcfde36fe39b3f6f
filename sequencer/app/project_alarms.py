"""The alarms of a project: what is watched while its panel, or a factory's service, is there; and what they block."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sequencer.project.project_folder import Project
from sequencer.store.base import Store, StoreError
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.session import Session


def watch_alarms(session: Session, project: Project, address: str) -> None:
    """Watches for the alarms of the configuration, if there are any; ``address`` is that of the session's pages."""
    if not project.settings.alarms:
        return
    from sequencer.alarms.book import AlarmBook
    from sequencer.alarms.targets import open_targets
    from sequencer.alarms.watch import AlarmWatch

    source = project.settings.stand.name or session.title or project.folder.name
    session.watch_alarms(
        AlarmWatch(
            project.settings.alarms,
            AlarmBook(project.state.alarms),
            session.figures,
            targets=open_targets(project.settings, project.folder, source=source, address=address),
            show=session.show_alarms,
            stands=session.stands,
        )
    )


COUNTING_SECONDS = 10.0
"""Seconds for which `hardseq run` counts runs that nobody counted yet; the next one goes on."""


class _Behind(Exception):
    """There are more runs to be counted than there is time."""


def evaluate_alarms(project: Project, store: Store, tell: Callable[[str], None]) -> None:
    """Raises and clears the alarms by the figures as they are after a run, and tells whoever is to know of them.

    For who runs without a panel: where one has the figures open, it is watching. ``tell`` hears what was raised, and
    why nobody knows. Without alarms nothing is loaded.
    """
    if not any(alarm.condition.figure != "silent" for alarm in project.settings.alarms):
        return
    from contextlib import closing

    from sequencer.alarms.book import AlarmBook, AlarmsUnavailable
    from sequencer.alarms.targets import open_targets
    from sequencer.alarms.watch import AlarmWatch
    from sequencer.figures.follow import follow
    from sequencer.figures.index import FiguresIndex, FiguresUnavailable, IndexInUse
    from sequencer.figures.service import FiguresService

    end = time.monotonic() + COUNTING_SECONDS

    def progress(done: int, left: int) -> None:
        if left and time.monotonic() > end:
            raise _Behind

    source = project.settings.stand.name or project.folder.name
    with closing(AlarmBook(project.state.alarms)) as book:
        watch = AlarmWatch(
            project.settings.alarms,
            book,
            FiguresService(store),
            targets=open_targets(project.settings, project.folder, source=source, address=None),
            show=lambda shown: None,
        )
        try:
            known = {alarm.id for alarm in book.shown()}
            with FiguresIndex(project.state.figures, project.state.figures_lock) as index:
                follow(index, store, progress)
                watch.evaluate(index.ask, time.time())
            for alarm in book.shown():
                if alarm.id not in known:
                    tell(f"alarm: {alarm.name}: {alarm.reason}")
            watch.tell()
        except IndexInUse:
            pass
        except _Behind:
            tell("the alarms are looked at once all runs are counted, at one of the next runs")
        except (AlarmsUnavailable, FiguresUnavailable, StoreError) as error:
            tell(f"the alarms could not be looked at: {error}")


def blocking_alarm(project: Project) -> Reason | None:
    """Why nothing may start before somebody has acknowledged an alarm; also where it cannot be known whether one was
    raised."""
    names = [alarm.name for alarm in project.settings.alarms if alarm.block]
    if not names:
        return None
    from contextlib import closing

    from sequencer.alarms.book import AlarmBook, AlarmsUnavailable

    with closing(AlarmBook(project.state.alarms)) as book:
        try:
            alarm = book.blocking(names)
        except AlarmsUnavailable as error:
            return Reason("alarm_unknown", reason=error.reason)
    return None if alarm is None else Reason("alarm_unacknowledged", name=alarm.name, reason=alarm.reason)
