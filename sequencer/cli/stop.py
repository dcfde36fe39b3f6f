"""``hardseq stop``: has the running panel stop its run."""

from __future__ import annotations

from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode
from sequencer.cli.panel_client import PanelClient
from sequencer.terminal.output import say


@click.command()
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(exists=True, path_type=Path))
@click.option("--slot", metavar="NAME", help="Only the run in this slot of the stand; by default all are stopped.")
def command(path: Path, slot: str | None) -> ExitCode:
    """Stop the run in the panel of this project; teardown cases still run.

    Exits with 0 when it is stopping, with 1 when nothing was running.
    """
    PanelClient(path).post("/api/stop", {} if slot is None else {"slot": slot})
    say("stopping")
    return ExitCode.PASSED
