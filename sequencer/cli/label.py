"""``hardseq label``: the label of the unit of a stored run."""

from __future__ import annotations

from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import kept_report, opened_deliveries
from sequencer.cli.project_option import project_option
from sequencer.terminal.output import say


@click.command()
@click.argument("run_id", metavar="ID")
@project_option
def command(run_id: str, project: Path) -> ExitCode:
    """Print the label of the unit that the run with this ID (`latest` is the newest) tested.

    Exits with 1 when there is no such run, 2 when there is nothing to print, 4 when the printer did not take it.
    """
    from sequencer.app.labels import print_unit
    from sequencer.project.label_printer import LabelNotPrinted
    from sequencer.project.project_folder import open_project
    from sequencer.report.label import NoLabel

    opened = open_project(project).checked()
    with opened_deliveries(project) as deliveries:
        report = kept_report(deliveries, run_id)
    try:
        print_unit(opened, report)
    except NoLabel as none:
        raise Refusal(str(none)) from none
    except LabelNotPrinted as none:
        raise Refusal(str(none), code=ExitCode.BROKEN) from none
    say(f"printed on {opened.settings.label.printer}", err=True)
    return ExitCode.PASSED
