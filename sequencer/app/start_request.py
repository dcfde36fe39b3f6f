"""What a run is asked to do, with what the configuration says about this stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sequencer.project.project_folder import Project
from sequencer.project.settings import Settings
from sequencer.protocol.request import StartRequest
from sequencer.vocabulary.data import Data


def driver_arguments(settings: Settings, slot: str = "") -> dict[str, Mapping[str, Data]]:
    """The stand's arguments by driver, those of ``slot`` over them."""
    place = settings.slots.place(slot)
    own = place.drivers if place is not None else {}
    return {name: {**settings.drivers.get(name, {}), **own.get(name, {})} for name in {**settings.drivers, **own}}


def for_stand(project: Project, request: StartRequest) -> StartRequest:
    """The request with this stand's facts, and the driver arguments of its slot."""
    stand = project.settings.stand.recorded()
    return replace(
        request,
        record={"stand": stand} if stand else {},
        drivers=driver_arguments(project.settings, request.slot.name),
        tests_name=project.settings.tests_name,
    )
