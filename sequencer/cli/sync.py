"""``hardseq sync``: sends now whatever reports wait."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import opened_deliveries, usable_project
from sequencer.terminal.lines import clean
from sequencer.terminal.output import is_terminal, say

if TYPE_CHECKING:
    from sequencer.standcloud.deliveries import SyncResult
    from sequencer.standcloud.job import SendOutcome

NAMES = {"stand_cloud": "StandCloud", "couchdb": "CouchDB"}
MOST_TOLD = 20
"""Reports that could not be sent are named one by one up to this many."""


@click.command()
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(exists=True, path_type=Path))
@click.option("--resend", is_flag=True, help="Also try reports again that were refused or parked.")
@click.option(
    "--run", "run", metavar="ID", help="Also send the report of this run, held back because the run is partial."
)
def command(path: Path, resend: bool, run: str | None) -> ExitCode:
    """Send every waiting report, and show what was sent, what still waits, and what was refused and why.

    Exits with 0 when nothing is waiting any more, with 1 otherwise.
    """
    from sequencer.store.recovery import set_aside, waiting

    state = usable_project(path).state
    before = set_aside(state)
    progress = SyncProgress()
    with opened_deliveries(path) as deliveries:
        if run is not None and (refusal := deliveries.release(run)) is not None:
            raise Refusal(refusal, code=ExitCode.FAILED)
        result = deliveries.sync(progress=progress.show, force=resend)
    progress.end()
    _show(result)
    unsaved = waiting(state)
    if unsaved:
        say(f"{len(unsaved)} waiting in {'its journal' if len(unsaved) == 1 else 'their journals'}", fg="yellow")
    # What was set aside just now was told when it was.
    done = result.clean and not unsaved and set_aside(state) == before
    return ExitCode.PASSED if done else ExitCode.FAILED


class SyncProgress:
    """Counts for a person who waits, and why a report could not be sent."""

    def __init__(self) -> None:
        self._tried = self._told = 0
        self._live = is_terminal(sys.stderr)

    def show(self, outcome: SendOutcome) -> None:
        """Takes one try."""
        delivery = outcome.delivery
        self._tried += 1
        # What is parked is named at the end, together with what had been parked before.
        if delivery.verdict not in ("delivered", "parked") and self._told < MOST_TOLD:
            self._told += 1
            status = "" if delivery.status is None else f" ({delivery.status})"
            self.end()
            say(f"{outcome.run}: {delivery.verdict}{status}: {clean(delivery.text)}", err=True)
        if self._live:
            say(f"\r{self._tried} tried", err=True, end="")

    def end(self) -> None:
        """Takes the count away."""
        if self._live and self._tried:
            say("\r" + " " * 20 + "\r", err=True, end="")


def _show(result: SyncResult) -> None:
    for done in result.drains:
        say(f"{NAMES.get(done.target, done.target)}: {done.delivered} sent", fg="green" if done.delivered else None)
        if done.ending not in ("done", "interrupted"):
            say(f"  ended early ({done.ending}): {clean(done.text)}", fg="red")
    for target, counts in result.left.items():
        name = NAMES.get(target, target)
        if counts.waiting or counts.blocked:
            say(f"{name}: {counts.waiting + counts.blocked} waiting", fg="yellow")
        if counts.parked:
            say(f"{name}: {counts.parked} parked, refused by the server; `--resend` tries them again", fg="red")
            for entry in (entry for entry in result.parked if entry.target == target):
                status = "" if entry.status is None else f" ({entry.status})"
                say(f"  {entry.run}{status}: {clean(entry.text)}")
        if target in result.problems:
            say(f"{name}: {clean(str(result.problems[target]))}", fg="red")
    if result.notes:
        say(f"{result.notes} comment{'s' if result.notes > 1 else ''} waiting for the store", fg="yellow")
    if not result.drains and not result.left:
        say("nothing is waiting, and no target for reports is configured")
