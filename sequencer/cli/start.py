"""``hardseq start``: has the running panel start a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode
from sequencer.cli.panel_client import PanelClient
from sequencer.cli.run_params import split_arguments
from sequencer.project.project_folder import open_project
from sequencer.terminal.output import say

if TYPE_CHECKING:
    from sequencer.vocabulary.data import Scalar


@click.command()
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-a",
    "--arg",
    "arguments",
    multiple=True,
    metavar="[SLOT.]NAME=VALUE",
    help="A parameter of the sequence, for all slots or for one; repeatable.",
)
@click.option("--only", multiple=True, metavar="MODULE::CASE", help="Only this case, or module; repeatable.")
@click.option("--slot", "slots", multiple=True, metavar="NAME", help="Only this slot of the stand; repeatable.")
def command(path: Path, arguments: tuple[str, ...], only: tuple[str, ...], slots: tuple[str, ...]) -> ExitCode:
    """Start a run in the panel of this project; where it has slots, in all of them or in those of --slot.

    Without arguments and --slot, the slots that are filled start. Exits with 0 when all were started, with 1 when one
    was not: no panel, a run in progress, a wrong parameter.
    """
    given = split_arguments(arguments)
    request = {**_wanted(path, given, slots), "only": list(only) or None}
    answer = PanelClient(path).post("/api/start", request)
    if not isinstance(answer, dict):
        return ExitCode.PASSED
    if "slots" not in answer:
        say(f"started {answer['run']}" if answer.get("run") else "started")
        return ExitCode.PASSED
    for name, begun in answer["slots"].items():
        say(f"{name}: started {begun['run']}" if "run" in begun else f"{name}: {begun['error']['message']}")
    return ExitCode.PASSED if all("run" in begun for begun in answer["slots"].values()) else ExitCode.FAILED


def _wanted(path: Path, given: Mapping[str, Scalar], names: tuple[str, ...]) -> dict[str, object]:
    """What is to be started. Raises ``Refusal`` for a slot that there is not."""
    settings = open_project(path).settings.slots
    if not settings.places and not names:
        return {"params": given}
    # Imported here: most stands have no slots.
    from sequencer.cli.slot_params import chosen_slots, split_by_slot

    slots = chosen_slots(settings, names)
    if not names and not given:
        return {}
    return {"slots": {name: {"params": params} for name, params in split_by_slot(given, slots).items()}}
