"""The process that holds what the slots of a stand share, for whoever starts runs in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sequencer.protocol.request import StandInUse
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from pathlib import Path

    from sequencer.compiler.project import Compiled
    from sequencer.project.project_folder import Project
    from sequencer.protocol.request import JointStart, StandAddress
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

    return StandProcess(output, project.folder, project.secrets, kept_users=project.state.kept_users)


class PanelStand:
    """The same for a panel, as long as that runs: for one sequence at a time, with another process for another one.

    ``output`` gets what shared drivers print. All methods may be called from any thread.
    """

    def __init__(self, output: Callable[[str], None] = lambda line: None) -> None:
        self.output = output
        self._lock = threading.Lock()
        self._process: StandProcess | None = None
        self._of: tuple[str, Mapping[Path, float]] | None = None

    def address(self, project: Project, compiled: Compiled, modules: Mapping[Path, float]) -> StandAddress | None:
        """Where a run of ``compiled`` finds what it shares; ``None`` where that is nothing. Raises ``RunNotPossible``.

        To be asked before each run: a process that hangs is replaced then, and one that has imported other
        ``modules``, the project's Python files with the time of their last change. Raises ``StandInUse`` where slots
        still use that one: no driver is taken from a run, or opened twice.
        """
        with self._lock:
            if self._process is None or self._of != (compiled.manifest, modules):
                if self._process is not None:
                    if self._process.used:
                        raise StandInUse(Reason("run_in_progress"))
                    self._process.close()
                self._process = stand_process(project, compiled, lambda line: self.output(line))
                self._of = compiled.manifest, modules
            return None if self._process is None else self._process.address()

    def end_slot(self, start: JointStart, slot: str) -> None:
        """The run of a slot is over, or could not begin."""
        with self._lock:
            if self._process is not None:
                self._process.end_slot(start, slot)

    def close(self) -> None:
        """Drivers are closed, and the process ends."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.close()
