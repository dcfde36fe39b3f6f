"""The process that holds what the slots of a stand share, for whoever starts runs in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequencer.compiler.project import Compiled
    from sequencer.project.project_folder import Project
    from sequencer.runner.stand_process import StandProcess


def stand_process(project: Project, compiled: Compiled, output: Callable[[str], None]) -> StandProcess | None:
    """For runs of ``compiled`` in slots, to be closed after them; ``None`` where they share nothing.

    It starts when its address is asked for. ``output`` gets what shared drivers print, from a thread. Another sequence,
    or the same one after a change, needs another one: drivers stay open, and their modules stay imported, as long as it
    is there.
    """
    if not compiled.uses_stand:
        return None
    # Imported here: most sequences share nothing.
    from sequencer.runner.stand_process import StandProcess

    return StandProcess(output, project.folder, project.secrets)
