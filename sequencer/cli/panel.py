"""``hardseq panel``: the operator panel, which waits for Start."""

from __future__ import annotations

from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode


@click.command()
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(path_type=Path))
@click.option("--host", help="The address to listen on instead of the configured one.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port to listen on instead of the configured one; 0 is a free one.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@click.option("--simulate", is_flag=True, help="Use the drivers' `simulate` counterparts instead of instruments.")
def command(path: Path, host: str | None, port: int | None, open_page: bool, simulate: bool) -> ExitCode:
    """Serve the operator panel of PATH, a sequence file or a project folder, until Ctrl-C.

    A run is started by the page's button or the space bar, by `hardseq start`, or over HTTP.
    """
    from sequencer.cli.panel_service import serve_panel

    return serve_panel(path, host=host, port=port, open_page=open_page, simulate=simulate)
