"""``hardseq figures``: what is asked of all runs together, by the running panel or else here."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli import figures_export
from sequencer.cli.figures_panel import FiguresProgress, figures_panel, followed
from sequencer.cli.panel_client import PanelClient
from sequencer.cli.project_option import project_option
from sequencer.cli.time_option import point_in_time
from sequencer.figures.catalogue import QUESTIONS, Kind, Question, QuestionParameter, QuestionRefused, RowKey
from sequencer.figures.scope import COLUMNS, FILTERS, SPANS, Scope, Span
from sequencer.terminal.output import is_terminal, say, say_json, wants_colour

if TYPE_CHECKING:
    from sequencer.terminal.lines import Style

Row = Mapping[str, object]


class Asked(NamedTuple):
    """A question of a project, and what it is asked with."""

    project: Path
    question: Question
    scope: Scope
    given: Mapping[str, str]


@click.group()
def command() -> None:
    """Show what all runs together say: yield, failures, capability, time, the runs of a unit."""


def _command(question: Question) -> click.Command:
    """The command of a question."""
    of_runs = [click.Option([_option(name)], help=f"Only these runs: {words}.") for name, words in FILTERS.items()]
    by = f"Rows apart by {', '.join(question.splits_by)}; repeatable."
    params = [
        *(_parameter(parameter) for parameter in question.parameters),
        click.Option(["--by"], multiple=True, type=click.Choice(question.splits_by), help=by),
        click.Option(
            ["--since"], callback=point_in_time, help="Began then or later: 2026-11-22, 2026-11-22T13:00, 7d."
        ),
        click.Option(["--until"], callback=point_in_time, help="Began before then."),
        *of_runs,
        click.Option(["--span"], type=click.Choice(SPANS), help="A row for each hour, shift, ... at the stand."),
        click.Option(
            ["--format", "form"], type=click.Choice(["text", "json", "csv"]), default="text", help="Default: text."
        ),
    ]
    text = "\n\n".join(filter(None, (question.summary, question.more)))
    return project_option(click.Command(question.name, params=params, callback=partial(_show, question), help=text))


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _parameter(parameter: QuestionParameter) -> click.Parameter:
    kind = click.Choice(parameter.choices) if parameter.choices else None
    if parameter.required:
        return click.Argument([parameter.name], metavar=parameter.name.partition("_")[0].upper(), type=kind)
    return click.Option([_option(parameter.name)], type=kind, help=f"{parameter.description.capitalize()}.")


def _show(
    question: Question,
    /,
    *,
    project: Path,
    form: str,
    by: tuple[str, ...],
    span: Span | None,
    since: float | None,
    until: float | None,
    **chosen: str | None,
) -> ExitCode:
    """Asks, and writes what comes in the form that is wanted."""
    scope = Scope(since=since, until=until, by=tuple(dict.fromkeys(by)), span=span).of_runs(chosen)
    given = {name: value for name, value in chosen.items() if name not in FILTERS and value is not None}
    rows = _answer(Asked(project, question, scope, given))
    if form == "json":
        say_json(rows)
    elif form == "csv":
        from sequencer.panel.tables import csv, figure_rows

        click.echo("".join(csv(figure_rows(rows, question.fields))), nl=False)
    elif not rows:
        say("nothing to show", err=True)
    else:
        _show_table(rows, [name for name in scope.by if question.splits and name in COLUMNS], question.fields)
    return ExitCode.PASSED


for _question in QUESTIONS.values():
    command.add_command(_command(_question))
command.add_command(figures_export.command)


@command.command("rebuild")
@project_option
def rebuild_figures(project: Path) -> ExitCode:
    """Throw the index of the figures away and make it from the stored reports."""
    begun = time.monotonic()
    panel = figures_panel(project)
    if panel is not None:
        panel.post("/api/figures/rebuild", {})
        runs, _ = followed(panel)
    else:
        from sequencer.app.project_figures import opened_figures

        with opened_figures(project, FiguresProgress(), anew=True) as figures:
            runs, _ = figures.index.counts()
    say(f"{runs} runs in {time.monotonic() - begun:.1f} s")
    return ExitCode.PASSED


def _answer(asked: Asked) -> Sequence[Row]:
    """The rows, of all runs that the store has. Raises ``Refusal``."""
    panel = figures_panel(asked.project)
    if panel is not None:
        return _asked_of(panel, asked)
    from sequencer.app.project_figures import opened_figures

    try:
        with opened_figures(asked.project, FiguresProgress()) as figures:
            return figures.answer(asked.question, asked.scope, asked.given).rows
    except QuestionRefused as refused:
        raise Refusal(str(refused), hint=refused.hint) from None


def _asked_of(panel: PanelClient, asked: Asked) -> Sequence[Row]:
    from urllib.parse import urlencode

    from sequencer.app.project_figures import tell_behind, tell_unreadable

    scope = {name: value for name, value in asked.scope._asdict().items() if value is not None and name != "shifts"}
    query = urlencode({**scope, **asked.given}, doseq=True)
    while True:
        _, unreadable = followed(panel)
        tell_unreadable(unreadable)
        answer = panel.get(f"/api/figures/{asked.question.name}?{query}")
        if answer["left"] == 0 or answer["problem"] is not None:  # of what came meanwhile, too
            break
    if answer["problem"] is not None:
        tell_behind(answer["problem"])
    rows: list[Row] = answer["rows"]
    return rows


def _show_table(rows: Sequence[Row], splits: Sequence[str], fields: Sequence[RowKey]) -> None:
    from sequencer.panel.tables import figure_lines
    from sequencer.terminal.lines import joined
    from sequencer.terminal.output import Column, table

    lines = figure_lines(rows, fields)
    span = ["span"] if any(line.get("span") is not None for line in lines) else []
    shown = [*(RowKey(name, heading=name.replace("_", " ")) for name in (*span, *splits)), *_in_columns(fields)]
    cells: list[list[tuple[str, Style]]] = [
        [(_WRITTEN[field.kind](line.get(field.name)), "") for field in shown] for line in lines
    ]
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    colour = wants_colour(sys.stdout)
    heads = [Column(field.heading or field.name, at) for at, field in enumerate(shown)]
    click.echo(joined(table(heads, cells, width), colour=colour), nl=False, color=colour)
    for row in rows:
        for name, words in (("sub_units", "its sub-units"), ("built_into", "built into")):
            parts = row.get(name)
            if isinstance(parts, list) and parts:
                say(f"{words}: {', '.join(_part(part) for part in parts)}")


def _in_columns(fields: Sequence[RowKey]) -> Iterator[RowKey]:
    """Those that have a column; of objects each of which has a line, theirs."""
    for field in fields:
        if field.has_lines:
            yield from _in_columns(field.of)
        elif field.heading is not None:
            yield field


def _part(part: Row) -> str:
    return str(part["serial_number"]) + (f" ({part['part_number']})" if part["part_number"] else "")


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _in_one(value: object) -> object:
    from sequencer.panel.tables import in_one_cell

    return in_one_cell(value)


def _percent(value: object) -> str:
    return f"{value:.1%}".replace("%", " %") if isinstance(value, float) else "–"


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "–"


def _moment(value: object) -> str:
    from sequencer.vocabulary.times import shown_time

    return shown_time(value if isinstance(value, float) else None)


_WRITTEN: Mapping[Kind, Callable[[object], str]] = {
    "text": _text,
    "texts": lambda value: _text(_in_one(value)),
    "numbers": lambda value: _text(_in_one(value)),
    "count": _text,
    "flag": _text,
    "number": _shown,
    "share": _percent,
    "moment": _moment,
}
