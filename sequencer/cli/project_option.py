"""The option that says which project a command is about."""

from __future__ import annotations

from pathlib import Path

import click

project_option = click.option(
    "--project",
    type=click.Path(exists=True, path_type=Path),
    default=".",
    help="The project folder, or a file in it; default: this folder.",
)
