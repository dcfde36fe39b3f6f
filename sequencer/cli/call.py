"""``hardseq call``: one call of a driver by hand."""

from __future__ import annotations

from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode
from sequencer.cli.project_option import project_option
from sequencer.terminal.output import say, say_json


@click.command()
@click.argument("called", metavar="DRIVER.METHOD")
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
@click.option(
    "--sequence",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The sequence that declares the driver, where several do so differently.",
)
@click.option("--slot", help="The slot whose arguments the driver gets.")
@click.option("--arg", "params", multiple=True, metavar="NAME=VALUE", help="A parameter that its arguments use.")
@click.option("--simulate", is_flag=True, help="Call what takes its place in a simulated run.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
@project_option
def command(
    *,
    called: str,
    arguments: tuple[str, ...],
    sequence: Path | None,
    slot: str | None,
    params: tuple[str, ...],
    simulate: bool,
    form: str,
    project: Path,
) -> ExitCode:
    """Open a driver as the project configures it, call a method of it (or read a property), print the result, close it.

    Values are JSON where they can be (5, true, [1, 2]), else texts: `hardseq call meter.read_voltage channel=1`.

    Exits with 1 when the call fails, 2 when there is no such call, 4 when the driver cannot be opened or is in use.
    """
    from sequencer.app.instruments import InstrumentBench
    from sequencer.cli.panel_instruments import panel_instruments
    from sequencer.cli.run_params import split_arguments

    given = split_arguments(arguments, "")
    own = {"--slot": slot is not None, "--arg": bool(params)}
    at = project if sequence is None else sequence
    with InstrumentBench(
        at,
        sequence=sequence,
        slot=slot,
        simulate=simulate,
        params=split_arguments(params),
        panel=panel_instruments(at, sequence=sequence, simulate=simulate, own=own),
    ) as bench:
        result = bench.call(called, given)
    if form == "json":
        say_json({"call": called, "value": result.document, "seconds": round(result.seconds, 6)})
    else:
        say(result.text)
    return ExitCode.PASSED
