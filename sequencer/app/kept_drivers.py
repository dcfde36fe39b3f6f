"""Drivers that a panel keeps open between runs: while one process may have them open, no other one opens them."""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import tell
from sequencer.project.locks import ProcessLock, SharedLock, described

if TYPE_CHECKING:
    from sequencer.compiler.project import Compiled
    from sequencer.project.project_folder import Project

LEFT_BEHIND_SECONDS = 30.0
"""What a process that was left behind gets to close its drivers in, as at the end of a run."""
TOLD_SECONDS = 0.5
LOOK_SECONDS = 0.05
IN_A_RUN = "in a run"
"""What stands in the lock in place of a run's id, which nobody knows before it begins."""


def hold_kept_drivers(project: Project, compiled: Compiled, *, simulate: bool) -> ProcessLock | None:
    """What keeps others from opening the drivers of scope ``stand`` that a run of ``compiled`` opens, until released.

    ``None`` where it opens none, or where this process holds them already. Raises ``Refusal``: another one has them.
    """
    kept = [name for name in compiled.kept if not (simulate and name in compiled.simulated)]
    if not kept:
        return None
    lock = ProcessLock(project.state.kept_lock)
    holder = lock.take(run=IN_A_RUN)
    if holder is None:
        wait_for_left_behind(project, lock)
        return lock
    if (holder.get("pid"), holder.get("host")) == (os.getpid(), platform.node()):
        return None  # a panel, which has closed them for this
    hint = "start the run on the panel's page or with `hardseq start`, or end the panel"
    raise kept_driver_in_use(kept[0], holder, project, at_panel=hint)


def hold_for_panel(project: Project) -> ProcessLock:
    """The lock of a panel, which may open such drivers as long as it is there. Raises ``Refusal``."""
    lock = ProcessLock(project.state.kept_lock)
    holder = lock.take()
    if holder is None:
        wait_for_left_behind(project, lock)
        return lock
    if holder.get("run") == IN_A_RUN:
        message, hint = "in use by a run:", "wait for its end"
    else:
        message, hint = "in use by hand, by", "close it there first"
    raise Refusal(
        f"an instrument that the panel keeps open is {message} {described(holder)}", hint=hint, code=ExitCode.BROKEN
    )


def wait_for_left_behind(project: Project, lock: ProcessLock) -> None:
    """Waits, once the ``lock`` is taken, until no process has the drivers open whose panel or run was killed.

    It closes them by itself. Raises ``Refusal``, with the lock released: it takes too long.
    """
    users = SharedLock(project.state.kept_users)
    begun, told = time.monotonic(), False
    try:
        while (left := users.holder()) is not None:
            waited = time.monotonic() - begun
            found = f"{described(left)}, is still closing its instruments: its panel or run was killed"
            if waited > LEFT_BEHIND_SECONDS:
                hint = "wait for its end, or end that process"
                raise Refusal(found, hint=hint, code=ExitCode.BROKEN)
            if not told and waited > TOLD_SECONDS:
                told = True
                tell(f"waiting: {found}")
            time.sleep(LOOK_SECONDS)
    except BaseException:
        lock.release()
        raise


def release_once_closed(kept: ProcessLock, close: Callable[[], object], opened: ExitStack) -> None:
    """Has others wait no longer than until ``close`` has closed what slots share; not for what comes in between.

    ``opened`` does not end before.
    """

    def closed() -> None:
        close()
        kept.release()

    closing = threading.Thread(target=closed, name="closing drivers")
    closing.start()
    opened.callback(closing.join)


def kept_driver_in_use(name: str, holder: Mapping[str, object], project: Project, *, at_panel: str) -> Refusal:
    """``holder`` of the lock has the driver ``name``; ``at_panel`` is the hint where that is a panel."""
    who, used = described(holder), holder.get("run")
    if used == IN_A_RUN:
        message, hint = f"another run uses {name!r}: {who}", "wait for its end"
    elif used is not None:
        message, hint = f"{name!r} is in use by hand: {who}", "close it there first"
    else:
        message, hint = f"the panel keeps {name!r} open between runs: {who}{_address(project)}", at_panel
    return Refusal(message, hint=hint, code=ExitCode.BROKEN)


def _address(project: Project) -> str:
    try:
        return f", at {json.loads(project.state.panel.read_bytes())['address']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
