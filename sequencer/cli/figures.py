"""``hardseq figures``: what is asked of all runs together."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli.runs import project_option
from sequencer.cli.time_option import point_in_time
from sequencer.figures.failures import CAUSES
from sequencer.figures.scope import COLUMNS, SPANS, Scope, Span
from sequencer.terminal.output import is_terminal, say, say_json, wants_colour

if TYPE_CHECKING:
    from sequencer.app.project_figures import Figures
    from sequencer.terminal.lines import Style

Row = Mapping[str, object]
Columns = Sequence[tuple[str, str, Callable[[object], str]]]
"""Of a table: the name in a row, the heading, and how a value is written."""

_PATIENCE = 1.0
"""Seconds after which a person is told how far it is."""


class Figure(Protocol):
    """What a question is answered with."""

    def document(self) -> dict[str, object]:
        """As JSON."""
        ...


class Asked(NamedTuple):
    """What every question is asked with."""

    project: Path
    form: str
    scope: Scope


def _asked(question: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """The command of a question, which is given what its options say."""

    @wraps(question)
    def command(
        *,
        project: Path,
        form: str,
        by: tuple[str, ...],
        span: Span | None,
        since: float | None,
        until: float | None,
        sequence: str | None,
        part_number: str | None,
        stand: str | None,
        slot: str | None,
        **more: str,
    ) -> ExitCode:
        return question(Asked(project, form, Scope(sequence, part_number, stand, slot, since, until, by, span)), **more)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--since",
        callback=point_in_time,
        help="Runs that began at this time or later: 2026-11-22, 2026-11-22T13:00, 7d.",
    ),
    click.option("--until", callback=point_in_time, help="Runs that began before this time."),
    click.option("--sequence", help="Runs of the sequence with this name."),
    click.option("--part-number", help="Runs of DUTs with this part number."),
    click.option("--stand", help="Runs on the stand with this name."),
    click.option("--slot", help="Runs in the slot with this name."),
    click.option("--span", type=click.Choice(SPANS), help="A row for each hour, shift, ... in the time of the stand."),
    click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", help="Default: text."),
    project_option,
)


def _by(*more: str) -> Callable[[Callable[..., ExitCode]], Callable[..., ExitCode]]:
    names = [*more, *COLUMNS]
    return click.option(
        "--by", multiple=True, type=click.Choice(names), help=f"Rows apart by {', '.join(names)}; repeatable."
    )


@click.group()
def command() -> None:
    """Show what all runs together say: yield, failures, capability, time, the runs of a unit."""


@command.command("yield")
@_by()
@_asked
def show_yield(asked: Asked) -> ExitCode:
    """Show yield, first-pass yield and final yield."""
    from sequencer.figures.yields import yields

    columns: Columns = [
        *_numbers("runs", "passed", "failed", "error"),
        ("yield", "yield", _percent),
        *_numbers("units"),
        ("first_pass_yield", "first pass", _percent),
        ("second_pass_yield", "second pass", _percent),
        ("final_yield", "final", _percent),
    ]
    return _show(asked, lambda figures, scope: yields(figures.ask, scope), columns)


@command.command("failures")
@_by(*CAUSES)
@_asked
def show_failures(asked: Asked) -> ExitCode:
    """Show what failed, the most frequent first: cases, or measurements or error codes."""
    from sequencer.figures.failures import failures

    cause, *others = [name for name in asked.scope.by if name in CAUSES] or ["case"]
    if others:
        raise Refusal("failures are told apart by one of them", hint=f"--by {' or --by '.join(CAUSES)}")
    by = tuple(dict.fromkeys((*asked.scope.by, cause)))
    asked = asked._replace(scope=asked.scope._replace(by=by))
    columns: Columns = [
        ("name", cause.replace("_", " "), _text),
        ("title", "title", _text),
        *_numbers("runs", "units"),
        ("share", "share", _percent),
        ("cumulative", "cumulative", _percent),
    ]
    return _show(asked, lambda figures, scope: failures(figures.ask, scope, cause), columns)


@command.command("capability")
@_by()
@_asked
def show_capability(asked: Asked) -> ExitCode:
    """Show how measured values fit their limits, the worst first: Cp, Cpk, Pp, Ppk."""
    from sequencer.figures.capability import capabilities

    columns: Columns = [
        *((name, name, _text) for name in ("sequence", "case", "measurement", "unit")),
        *_numbers("n"),
        *((name, name, _shown) for name in ("mean", "sigma", "lower", "upper", "cp", "cpk", "pp", "ppk")),
        *_numbers("below", "above"),
    ]
    return _show(asked, lambda figures, scope: capabilities(figures.ask, scope), columns)


@command.command("time")
@_by()
@_asked
def show_time(asked: Asked) -> ExitCode:
    """Show where the time goes: the seconds of each case."""
    from sequencer.figures.times import times

    columns: Columns = [
        ("case", "case", _text),
        *_numbers("n"),
        *((name, name, _shown) for name in ("mean", "median", "p95")),
        ("share", "share", _percent),
    ]
    return _show(asked, lambda figures, scope: times(figures.ask, scope), columns)


@command.command("unit")
@click.argument("serial_number", metavar="SERIAL")
@_by()
@_asked
def show_unit(asked: Asked, serial_number: str) -> ExitCode:
    """Show all runs of the unit with this serial number, its sub-units, and the units that it is built into.

    Each run says its stand, slot and sequence: --by and --span change nothing.
    """
    from sequencer.figures.units import units

    columns: Columns = [
        ("part_number", "part number", _text),
        ("start_time", "started", _moment),
        ("status", "verdict", _text),
        *((name, name, _text) for name in ("sequence", "stand", "slot")),
        ("caused_dut_failure_id", "first failure", _text),
        ("id", "id", _text),
    ]
    asked = asked._replace(scope=asked.scope._replace(by=(), span=None))
    return _show(asked, lambda figures, scope: units(figures.ask, scope, serial_number), columns)


@command.command("rebuild")
@project_option
def rebuild_figures(project: Path) -> ExitCode:
    """Throw the index of the figures away and make it from the stored reports."""
    from sequencer.app.project_figures import opened_figures

    begun = time.monotonic()
    with opened_figures(project, FiguresProgress(), anew=True) as figures:
        ((runs,),) = figures.ask("SELECT count(*) FROM runs", [])
    say(f"{runs} runs in {time.monotonic() - begun:.1f} s")
    return ExitCode.PASSED


class FiguresProgress:
    """Says how far it is to a person who waits."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._live = is_terminal(sys.stderr)

    def __call__(self, done: int, left: int) -> None:
        """``done`` runs were read, about ``left`` follow."""
        if self._live and time.monotonic() - self._begun > _PATIENCE:
            say(f"\r\x1b[K{f'{done:,} of {done + left:,} runs' if left else ''}", err=True, end="")


def _show(asked: Asked, answer: Callable[[Figures, Scope], Sequence[Figure]], columns: Columns) -> ExitCode:
    """Asks, and writes what comes in the form that is wanted."""
    from sequencer.app.project_figures import opened_figures

    with opened_figures(asked.project, FiguresProgress()) as figures:
        found = answer(figures, asked.scope._replace(shifts=figures.shifts))
    rows = [row.document() for row in found]
    if asked.form == "json":
        say_json(rows)
    elif asked.form == "csv":
        from sequencer.panel.tables import csv

        click.echo("".join(csv(_cells(rows))), nl=False)
    elif not rows:
        say("nothing to show", err=True)
    else:
        more = [{name: getattr(row, name) for name, _, _ in columns if hasattr(row, name)} for row in found]
        _show_table([{**one, **row} for one, row in zip(more, rows, strict=True)], asked.scope.by, columns)
    return ExitCode.PASSED


def _flat(row: Row) -> Iterator[dict[str, object]]:
    """A row as lines: splits as columns, each run of a unit in a line of its own."""
    by = row.get("by")
    plain = {name: value for name, value in row.items() if name not in ("by", "runs") or isinstance(value, int)}
    plain = {**(by if isinstance(by, dict) else {}), **plain}
    runs = row.get("runs")
    if isinstance(runs, list):
        yield from ({**plain, **run} for run in runs or [{}])
    else:
        yield plain


def _cells(rows: Sequence[Row]) -> Iterator[Sequence[object]]:
    from sequencer.vocabulary.times import moment

    lines = [line for row in rows for line in _flat(row)]
    names = list(dict.fromkeys(name for line in lines for name in line))
    if names:
        yield names
    for line in lines:
        if isinstance(began := line.get("start_time"), float):
            line["start_time"] = moment(began)
        yield [line.get(name) for name in names]


def _show_table(rows: Sequence[Row], by: Sequence[str], columns: Columns) -> None:
    from sequencer.terminal.lines import joined
    from sequencer.terminal.output import Column, table

    lines = [line for row in rows for line in _flat(row)]
    splits = [name for name in by if name not in CAUSES]
    span = ["span"] if any(line.get("span") is not None for line in lines) else []
    shown: Columns = [*((name, name.replace("_", " "), _text) for name in (*span, *splits)), *columns]
    cells: list[list[tuple[str, Style]]] = [[(write(line.get(name)), "") for name, _, write in shown] for line in lines]
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    colour = wants_colour(sys.stdout)
    heads = [Column(heading, at) for at, (_, heading, _) in enumerate(shown)]
    click.echo(joined(table(heads, cells, width), colour=colour), nl=False, color=colour)
    for row in rows:
        for name, words in (("sub_units", "its parts"), ("built_into", "built into")):
            parts = row.get(name)
            if isinstance(parts, list) and parts:
                say(f"{words}: {', '.join(_part(part) for part in parts)}")


def _part(part: Row) -> str:
    return str(part["serial_number"]) + (f" ({part['part_number']})" if part["part_number"] else "")


def _numbers(*names: str) -> Columns:
    return [(name, name, _text) for name in names]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _percent(value: object) -> str:
    return f"{value:.1%}".replace("%", " %") if isinstance(value, float) else "–"


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "–"


def _moment(value: object) -> str:
    from sequencer.vocabulary.times import shown_time

    return shown_time(value if isinstance(value, float) else None)
