"""``hardseq start``: has the running panel start a run."""

from __future__ import annotations

from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode
from sequencer.cli.panel_client import PanelClient
from sequencer.cli.run_params import split_arguments
from sequencer.terminal.output import say


@click.command()
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-a", "--arg", "arguments", multiple=True, metavar="NAME=VALUE", help="A parameter of the sequence; repeatable."
)
@click.option("--only", multiple=True, metavar="MODULE::CASE", help="Only this case, or module; repeatable.")
def command(path: Path, arguments: tuple[str, ...], only: tuple[str, ...]) -> ExitCode:
    """Start a run in the panel of this project.

    Exits with 0 when it was started, with 1 when it was not: no panel, a run in progress, a wrong parameter.
    """
    request = {"params": split_arguments(arguments), "only": list(only) or None}
    answer = PanelClient(path).post("/api/start", request)
    say(f"started {answer['run']}" if isinstance(answer, dict) and answer.get("run") else "started")
    return ExitCode.PASSED
