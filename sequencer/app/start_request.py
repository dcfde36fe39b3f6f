"""What a run is asked to do, with what the configuration says about this stand."""

from __future__ import annotations

from dataclasses import replace

from sequencer.project.project_folder import Project
from sequencer.protocol.request import StartRequest


def for_stand(project: Project, request: StartRequest) -> StartRequest:
    """The request with this stand's facts and driver arguments."""
    stand = project.settings.stand.recorded()
    return replace(
        request,
        record={"stand": stand} if stand else {},
        drivers=project.settings.drivers,
        tests_name=project.settings.tests_name,
    )
