"""``hardseq replicate``: has this stand's CouchDB copy its reports to the factory's, by itself and forever."""

from __future__ import annotations

from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import usable_project
from sequencer.terminal.lines import clean
from sequencer.terminal.output import say


@click.command()
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(exists=True, path_type=Path))
def command(path: Path) -> ExitCode:
    """Set up the replication that [replication] in hardseq.toml describes, and show its state.

    Running it again changes nothing. Exits with 0 when it runs or is starting, with 1 when something prevents it. What
    the stand is doing right now goes along where the factory has a database for that.
    """
    from sequencer.store.open import replicate_live_to_factory, replicate_to_factory

    project = usable_project(path)
    try:
        status = replicate_to_factory(project.settings, folder=project.folder)
        live = replicate_live_to_factory(project.settings, folder=project.folder)
    except ValueError as error:
        raise Refusal(str(error), hint="docs: the section [replication] of the configuration") from None
    written = "" if status.written is None else f", {status.written} documents copied"
    say(f"replication is {status.state}{written}", fg="green" if status.healthy else "red")
    if status.problem:
        say(clean(status.problem), fg="red")
    say(f"of the live state it is {live.state}", fg="green" if live.healthy else "yellow")
    if live.problem:
        say(clean(live.problem), fg="yellow")
    return ExitCode.PASSED if status.healthy else ExitCode.FAILED
