"""What a run is asked to do, with what the configuration says about this stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sequencer.project.project_folder import Project
from sequencer.protocol.request import StartRequest
from sequencer.vocabulary.data import Scalar


def stand_request(
    project: Project,
    *,
    params: Mapping[str, Scalar],
    only: Iterable[str] | None,
    tags: Iterable[str] | None,
    simulate: bool,
    attended: bool,
    user: str | None = None,
    step: bool = False,
    breaks: Iterable[str] = (),
    pdb: bool = False,
) -> StartRequest:
    """The request with this stand's facts and driver arguments."""
    stand = project.settings.stand.recorded()
    return StartRequest(
        params=params,
        only=None if only is None else list(only),
        tags=None if tags is None else list(tags),
        record={"stand": stand} if stand else {},
        simulate=simulate,
        drivers=project.settings.drivers,
        user=user,
        tests_name=project.settings.tests_name,
        attended=attended,
        step=step,
        breaks=list(breaks),
        pdb=pdb,
    )
