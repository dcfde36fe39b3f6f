"""``hardseq schema``: the JSON Schemas of sequence, configuration and report."""

from __future__ import annotations

from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode
from sequencer.terminal.output import say, say_json
from sequencer.vocabulary.json_text import indented

NAMES = ("sequence", "config", "report")


@click.command()
@click.argument("name", type=click.Choice(NAMES), default="sequence", metavar="[sequence|config|report]")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write all schemas as NAME.schema.json into this folder instead.",
)
def command(name: str, folder: Path | None) -> ExitCode:
    """Print the JSON Schema of a sequence, of hardseq.toml or of a report (default: sequence)."""
    if folder is None:
        say_json(schema(name))
        return ExitCode.PASSED
    folder.mkdir(parents=True, exist_ok=True)
    for each in NAMES:
        file = folder / f"{each}.schema.json"
        file.write_text(schema_text(each), encoding="utf-8", newline="\n")
        say(f"wrote {file}")
    return ExitCode.PASSED


def schema(name: str) -> dict[str, object]:
    """The schema of one of ``NAMES``; that of a sequence knows the steps of installed packages too."""
    if name == "sequence":
        from sequencer.language.shapes.schema import sequence_schema
        from sequencer.steps import step_types

        usable, reasons = step_types().all_usable()
        for reason in reasons:
            say(f"left out: {reason}", err=True)
        return dict(sequence_schema(usable))
    if name == "config":
        from sequencer.project.settings_schema import settings_schema

        return settings_schema()
    from sequencer.report.schema import report_schema

    return dict(report_schema())


def schema_text(name: str) -> str:
    """The schema as the text of its file in ``schemas/``."""
    return indented(schema(name))
