"""How the test processes are started of which one project needs several: as forks, on a system that forks safely."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequencer.compiler.project import Compiled
    from sequencer.project.project_folder import Project
    from sequencer.runner.child import Child
    from sequencer.runner.owned_process import OwnedProcess


def fork_server(
    compiled: Compiled, project: Project, opened: ExitStack, loaded: Child | None = None
) -> Callable[[], OwnedProcess] | None:
    """Starts a test process that has collected the sequence, until ``opened`` ends.

    ``loaded`` is a process that is loading already, and becomes the one that forks the others. ``None`` on a system
    on which each has to load for itself.
    """
    if sys.platform == "linux":
        from sequencer.runner.fork_server import ForkServer

        def collect(child: Child, address: str) -> None:
            child.collect(compiled.folder, project.folder, compiled.manifest, project.secrets, forks=address)

        server = ForkServer(collect, loaded)
        opened.callback(server.close)
        return server.start
    return None
