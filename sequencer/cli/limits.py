"""``hardseq limits``: what a sequence tests each product for, as a specification to read, print and compare."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.run_choice import choose_sequence
from sequencer.limits.bounds import bounds
from sequencer.project.project_folder import Project, open_project
from sequencer.report.exports.csv_rows import spreadsheet_text
from sequencer.report.exports.words import printable, words_of_limits
from sequencer.terminal.output import say, say_json
from sequencer.terminal.problem_output import show_problems
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.problem import Problem

if TYPE_CHECKING:
    from sequencer.language.specification import SpecifiedLimit
    from sequencer.vocabulary.model import SequenceDefinition


class ListedLimit(TypedDict):
    """The limits of a measurement as JSON. ``place`` is that of the step, ``row`` the line of the table's file.

    One that only warns has no ``limits``.
    """

    variant: str | None
    case: str
    measurement: str
    limits: Data
    unit: str | None
    place: str
    table: str | None
    row: int | None
    warn_limits: Data


class SpecificationPage(NamedTuple):
    """All limits of a sequence, with what it is called."""

    title: str
    sha256: str
    limits: Sequence[ListedLimit]


@click.group("limits")
def command() -> None:
    """Show the limits of a sequence."""


@command.command("list")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path), default=Path())
@click.option("--variant", help="Only this variant; default: all.")
@click.option(
    "--format", "form", type=click.Choice(["text", "csv", "html", "json"]), default="text", help="Default: text."
)
def list_limits(path: Path, variant: str | None, form: str) -> ExitCode:
    """List the limits of every measurement, for each variant: the test specification.

    Limits of tables are shown with table and row; what only a run knows is shown as it is written.
    """
    project = open_project(path)
    sequence, problems = _read(choose_sequence(path, project), project)
    if sequence is None:
        show_problems(problems, project.folder)
        return ExitCode.INVALID
    limits = list(_listed(sequence, _chosen(sequence, variant)))
    title = f"{sequence.name} {sequence.version}" if sequence.version else sequence.name
    page = SpecificationPage(title, sequence.sha256, limits)
    if form == "json":
        say_json(limits)
    elif form == "csv":
        _write_csv(page)
    elif form == "html":
        say(_html(page))
    else:
        _write_text(page)
    return ExitCode.PASSED


def _read(file: Path, project: Project) -> tuple[SequenceDefinition | None, list[Problem]]:
    """The sequence, or what is wrong with it."""
    from sequencer.language import read_sequence

    reading = read_sequence(file, project=project.folder, stand=project.settings.stand.recorded())
    return reading.sequence, [problem for problem in reading.problems if problem.severity == "error"]


def _chosen(sequence: SequenceDefinition, variant: str | None) -> Sequence[str | None]:
    known = [] if sequence.variants is None else list(sequence.variants.values)
    if variant is None:
        return known or [None]
    if variant not in known:
        hint = f"it has {', '.join(known)}" if known else "it has no variants"
        raise Refusal(f"--variant {variant}: the sequence has no such variant", hint=hint)
    return [variant]


def _listed(sequence: SequenceDefinition, variants: Sequence[str | None]) -> Iterator[ListedLimit]:
    from sequencer.language.specification import Specification

    for variant in variants:
        for case in Specification(sequence, variant).cases():
            if case.applies:
                yield from (_document(variant, limit) for limit in case.limits)


def _document(variant: str | None, found: SpecifiedLimit) -> ListedLimit:
    return {
        "variant": variant,
        "case": found.case.full_name,
        "measurement": found.measurement,
        "limits": found.limits,
        "unit": found.unit,
        "place": str(found.step.place),
        "table": None if found.table is None else found.table.name,
        "row": None if found.row is None else found.row.place.line,
        "warn_limits": found.warn_limits,
    }


def _source(limit: ListedLimit) -> str:
    """Where the limits come from."""
    if limit["table"] is None:
        return limit["place"]
    return limit["table"] if limit["row"] is None else f"{limit['table']}, row {limit['row']}"


def _by_variant(page: SpecificationPage) -> dict[str | None, list[ListedLimit]]:
    groups: dict[str | None, list[ListedLimit]] = {}
    for limit in page.limits:
        groups.setdefault(limit["variant"], []).append(limit)
    return groups


def _write_text(page: SpecificationPage) -> None:
    say(page.title, bold=True)
    say(f"SHA-256 {page.sha256}")
    if not page.limits:
        say("no measurement has limits", err=True)
    for variant, limits in _by_variant(page).items():
        say()
        if variant is not None:
            say(printable(variant), bold=True)
        rows = [[printable(each) for each in _cells(limit, page, "warning: ")] for limit in limits]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
        for *cells, source in rows:
            say("  ".join([f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)] + [source]))


def _warns(page: SpecificationPage) -> bool:
    """Whether any measurement has warning limits: only then there is a column of them."""
    return any(limit["warn_limits"] is not None for limit in page.limits)


def _cells(limit: ListedLimit, page: SpecificationPage, said_before: str = "") -> list[str]:
    """What people read of it; ``said_before`` stands before warning limits, where no heading says what they are."""
    warnings = words_of_limits(limit["warn_limits"], limit["unit"])
    limits = words_of_limits(limit["limits"], limit["unit"])
    of_warnings = [said_before + warnings if warnings else ""] if _warns(page) else []
    return [limit["case"], limit["measurement"], limits, *of_warnings, _source(limit)]


def _write_csv(page: SpecificationPage) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = (
        "variant",
        "case",
        "measurement",
        "limits",
        "lower_limit",
        "upper_limit",
        "unit",
        "place",
        "table",
        "row",
        "warn_limits",
    )
    writer.writerow(columns)
    for limit in page.limits:
        lower, upper = bounds(limit["limits"], limit["unit"])
        words = {key: words_of_limits(limit[key], limit["unit"]) for key in ("limits", "warn_limits")}
        cells = {**limit, **words, "lower_limit": lower, "upper_limit": upper}
        writer.writerow([_csv_cell(cells[column]) for column in columns])


def _csv_cell(value: object) -> object:
    return spreadsheet_text(printable(value)) if isinstance(value, str) else value


_STYLE = (
    "body{font:14px/1.4 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3em .6em;border-bottom:1px solid #8888}"
    "thead{display:table-header-group}tr{break-inside:avoid}code{overflow-wrap:anywhere}"
)


def _html(page: SpecificationPage) -> str:
    """A page that loads nothing and runs nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    title = escape(printable(page.title))
    lines = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}: limits</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{title}</h1>\n<p>SHA-256 <code>{page.sha256}</code></p>",
    ]
    for variant, limits in _by_variant(page).items():
        if variant is not None:
            lines.append(f"<h2>{escape(printable(variant))}</h2>")
        columns = ["Case", "Measurement", "Limits", *(["Warning limits"] if _warns(page) else []), "From"]
        head = "".join(f"<th>{column}</th>" for column in columns)
        lines.append(f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>")
        for limit in limits:
            cells = "".join(f"<td>{escape(printable(cell))}</td>" for cell in _cells(limit, page))
            lines.append(f"<tr>{cells}</tr>")
        lines.append("</tbody>\n</table>")
    return "\n".join([*lines, "</body>\n</html>"])
