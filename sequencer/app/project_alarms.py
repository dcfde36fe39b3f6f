"""The alarms of a project: what is watched while its panel, or a factory's service, is there; and what they block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sequencer.project.project_folder import Project
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
