"""``hardseq log``: who did what that is not every operator's to do."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import opened_store, tell, usable_project
from sequencer.cli.project_option import project_option
from sequencer.cli.time_option import point_in_time
from sequencer.terminal.output import is_terminal, say, say_json, wants_colour
from sequencer.vocabulary.times import shown_time

if TYPE_CHECKING:
    from sequencer.project.action_log import LogEntry
    from sequencer.store.base import LogFilter, Store
    from sequencer.terminal.lines import Style

_PAGE = 500
_SHOWN = 20


@click.command()
@click.option(
    "--since", callback=point_in_time, help="Actions at this time or later: 2026-11-22, 2026-11-22T13:00, 7d."
)
@click.option("--until", callback=point_in_time, help="Actions before this time.")
@click.option("--user", help="Whose actions, in capitals or not.")
@click.option("--action", help="Which actions, as the log calls them: sync, start, 'users add'.")
@click.option("--limit", type=click.IntRange(1), help=f"At most so many; default: {_SHOWN} in a table, else all.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", help="Default: table.")
@project_option
def command(
    *,
    since: float | None,
    until: float | None,
    user: str | None,
    action: str | None,
    limit: int | None,
    form: str,
    project: Path,
) -> ExitCode:
    """Show who did what that is not every operator's to do, newest first: when, what, why, and what came of it."""
    from sequencer.store.base import LogFilter
    from sequencer.store.log_delivery import deliver_log

    state = usable_project(project).state
    most = limit or (_SHOWN if form == "table" else sys.maxsize)
    with opened_store(project) as store:
        try:
            damaged = deliver_log(state, store)
        except OSError as error:
            raise Refusal(f"{state.actions} cannot be read: {error.strerror}", code=ExitCode.FAILED) from None
        entries = list(_entries(store, LogFilter(since, until, user, action), most))
    if damaged:
        tell(f"{damaged} of the latest lines of {state.actions} cannot be read")
    if form == "json":
        say_json({"actions": [entry.document() for entry in entries]})
    elif form == "csv":
        from sequencer.panel.tables import csv, log_rows

        click.echo("".join(csv(log_rows(entries))), nl=False)
    elif not entries:
        say("nothing is logged", err=True)
    else:
        _show(entries)
    return ExitCode.PASSED


def _entries(store: Store, actions: LogFilter, most: int) -> Iterator[LogEntry]:
    cursor: str | None = None
    while most > 0:
        page = store.log(actions, limit=min(most, _PAGE), cursor=cursor)
        yield from page.entries
        most -= _PAGE
        cursor = page.next
        if cursor is None:
            return


def _show(entries: list[LogEntry]) -> None:
    from sequencer.terminal.lines import joined
    from sequencer.terminal.output import Column, table

    heads = [
        Column("when"),
        Column("who"),
        Column("role", 3),
        Column("what"),
        Column("of", 2),
        Column("why", 1),
        Column("became"),
        Column("from", 4),
        Column("stand", 5),
    ]
    rows: list[list[tuple[str, Style]]] = [
        [
            (shown_time(entry.time), ""),
            (entry.user or "–", "bold"),
            (entry.role or "", ""),
            (entry.action, ""),
            (", ".join(f"{name}: {_shown(value)}" for name, value in entry.details.items()), ""),
            (entry.why or "", ""),
            (" ".join(filter(None, (entry.outcome, entry.result))), _style(entry)),
            (entry.source, "dim"),
            (entry.stand or "", "dim"),
        ]
        for entry in entries
    ]
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    colour = wants_colour(sys.stdout)
    click.echo(joined(table(heads, rows, width), colour=colour), nl=False, color=colour)


def _style(entry: LogEntry) -> Style:
    return "" if entry.outcome == "done" else "failed"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
