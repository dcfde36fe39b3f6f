"""``hardseq run``: runs a sequence now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode

if TYPE_CHECKING:
    from sequencer.runner.child import Child


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "-a",
    "--arg",
    "arguments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the sequence; repeatable. SLOT.NAME=VALUE is for one slot.",
)
@click.option("--slot", "slots", multiple=True, metavar="NAME", help="Only this slot of the stand; repeatable.")
@click.option("--only", multiple=True, metavar="MODULE::CASE", help="Only this case, or module; repeatable.")
@click.option("--tag", "tags", multiple=True, help="Only cases with this tag; repeatable.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Also write the report as JSON; - is standard output. With slots a folder.",
)
@click.option("--no-panel", is_flag=True, help="Do not serve the live page.")
@click.option("--open", "open_page", is_flag=True, help="Open the live page in a browser.")
@click.option("--simulate", is_flag=True, help="Use the drivers' `simulate` counterparts instead of instruments.")
@click.option(
    "--answers",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Answer the dialogs from this YAML file: `module::case: [answer, ...]`.",
)
@click.option("--step", is_flag=True, help="For debugging: pause before each step.")
@click.option(
    "--break", "breaks", multiple=True, metavar="MODULE::CASE", help="Pause before each step of this case; repeatable."
)
@click.option("--pdb", is_flag=True, help="For debugging: open Python's debugger at each failure.")
@click.pass_obj
def command(
    warm_child: Child | None,
    path: Path,
    *,
    arguments: tuple[str, ...],
    slots: tuple[str, ...],
    only: tuple[str, ...],
    tags: tuple[str, ...],
    report: Path | None,
    no_panel: bool,
    open_page: bool,
    simulate: bool,
    answers: Path | None,
    step: bool,
    breaks: tuple[str, ...],
    pdb: bool,
) -> ExitCode:
    """Run PATH, a sequence file or a project folder (default: this folder), and keep its report.

    Exits with 0 passed, 1 failed, 2 invalid sequence, configuration or usage, 3 stopped, 4 could not run or store.
    """
    # Imported here: for `--help` it is not needed.
    from sequencer.cli.run_options import RunOptions
    from sequencer.cli.run_params import split_arguments
    from sequencer.cli.run_session import run_once
    from sequencer.protocol.request import StartRequest

    request = StartRequest(
        params=split_arguments(arguments),
        only=only or None,
        tags=tags or None,
        simulate=simulate,
        step=step,
        breaks=breaks,
        pdb=pdb,
    )
    options = RunOptions(
        path=path,
        request=request,
        slots=slots,
        report=report,
        panel=not no_panel,
        open_page=open_page,
        answers=answers,
    )
    return run_once(options, warm_child)
