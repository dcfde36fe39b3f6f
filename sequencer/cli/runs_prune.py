"""``hardseq runs prune``: old reports go, and what counts of them stays."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import opened_history
from sequencer.cli.project_option import project_option
from sequencer.project.locks import ProcessLock, described
from sequencer.project.project_folder import open_project
from sequencer.store.base import Store, StoreError, StoreUnavailable
from sequencer.terminal.output import say
from sequencer.vocabulary.times import shown_time

if TYPE_CHECKING:
    from sequencer.app.prune import Pruning

_DAY = 86_400.0
_SPANS = {"d": _DAY, "w": 7 * _DAY, "m": 30 * _DAY, "y": 365 * _DAY}
_AGE = re.compile(r"(\d{1,5})\s*([dwmy])")


def _age(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """A click callback: ``90d``, ``26w``, ``18m``, ``2y`` in seconds; a month has 30 days, a year 365."""
    found = _AGE.fullmatch(value.strip())
    if found is None or not int(found[1]):
        raise click.BadParameter(f"{value!r} is not a valid age; write 90d, 26w, 18m or 2y", ctx, param)
    return int(found[1]) * _SPANS[found[2]]


@click.command("prune")
@click.option(
    "--older", required=True, callback=_age, metavar="AGE", help="Runs that began longer ago: 90d, 26w, 18m, 2y."
)
@click.option("--keep-failed", is_flag=True, help="Only runs that passed.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
def command(older: float, *, keep_failed: bool, dry_run: bool, yes: bool, project: Path) -> ExitCode:
    """Take the reports of old runs out of the store, with their files; the figures keep what counts of them.

    Reports that are still to be sent to StandCloud, that the factory lacks, or after which steps are left to do, stay.
    Make a backup first: `hardseq runs backup`.
    """
    from sequencer.app.prune import prune

    before = max(0.0, time.time() - older)
    with opened_history(project) as (store, deliveries):

        def pruned(*, dry_run: bool) -> Pruning:
            try:
                return prune(
                    store, before, keep_failed=keep_failed, undelivered=deliveries.undelivered, dry_run=dry_run
                )
            except StoreError as error:
                # What is only away for now, nobody's rights would help.
                away = isinstance(error, StoreUnavailable)
                hint = None if away else "runs of a factory are taken out by an administrator of its CouchDB only"
                raise Refusal(str(error), hint=hint, code=ExitCode.FAILED) from None

        found = pruned(dry_run=True)
        _say_what(found, before)
        if dry_run:
            return ExitCode.PASSED
        if found.going:
            if not yes:
                click.confirm(f"Take {found.going} reports out of {store.place}?", abort=True, err=True)
            found = pruned(dry_run=False)
            say(f"{found.pruned} reports are out; what counts of them stays in the figures")
        # Also where nothing goes: a call that was cut off may have left space.
        _compact(store, ProcessLock(open_project(project).state.run_lock))
    return ExitCode.PASSED


def _compact(store: Store, stand: ProcessLock) -> None:
    """Gives the space back. ``stand`` is held while that keeps every run from being stored."""
    try:
        if store.compact():
            return
        if (holder := stand.take(purpose="hardseq runs prune")) is not None:
            say(
                f"their space is left for runs to come, as {described(holder)} uses the stand: "
                "call it again while nothing runs",
                err=True,
            )
            return
        try:
            store.compact(alone=True)
        finally:
            stand.release()
    except (StoreError, OSError) as error:
        say(f"their space is not free yet: {error}", err=True)


def _say_what(found: Pruning, before: float) -> None:
    if found.going:
        say(f"{found.going} runs go, from {shown_time(found.first)} to {shown_time(found.last)}")
    else:
        say(f"no run from before {shown_time(before)} goes")
    stays = {
        "did not pass": found.kept,
        "are still to be delivered": found.undelivered,
        "are not at the factory yet": found.not_copied,
        "have steps after them left to do, see `hardseq runs retry-after-run`": found.after_run,
        "is the newest": found.newest,
        "cannot be read": len(found.unreadable),
    }
    for why, count in stays.items():
        if count:
            say(f"{count} older ones stay: {why}", err=True)
