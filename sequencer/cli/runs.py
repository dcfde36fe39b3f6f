"""``hardseq runs``: what ran before."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import kept_report, opened_deliveries, opened_history
from sequencer.cli import runs_prune
from sequencer.cli.default_command import group_with_default
from sequencer.cli.project_option import project_option
from sequencer.cli.time_option import point_in_time
from sequencer.report.model import Disposition, ImportedReport, RunReport
from sequencer.report.note import DISPOSITIONS, disposition_of, with_notes
from sequencer.report.outcome import outcome_of, outcome_text
from sequencer.store.base import RunFilter, RunSummary, Store, StoreError
from sequencer.store.facts import summary, was_changed
from sequencer.terminal.output import is_terminal, say, say_json, wants_colour
from sequencer.vocabulary.status import FINAL_STATUSES
from sequencer.vocabulary.times import shown_time

if TYPE_CHECKING:
    from sequencer.terminal.lines import Line

_READ_AT_ONCE = 50
"""Reports that are looked at together."""


@click.group(cls=group_with_default("list"))
def command() -> None:
    """Show what ran before: list, show, export, comment; try again after one; import, copy, back up, prune."""


command.add_command(runs_prune.command)


@command.command("list")
@click.option("--serial-number", help="Runs of the DUT with this serial number.")
@click.option("--part-number", help="Runs of DUTs with this part number.")
@click.option("--sequence", help="Runs of the sequence with this name.")
@click.option("--verdict", type=click.Choice(FINAL_STATUSES), help="Runs with this verdict.")
@click.option("--stand", help="Runs on the stand with this name.")
@click.option("--slot", help="Runs in the slot with this name.")
@click.option("--start", help="Runs that were started together, by the start's id.")
@click.option(
    "--since", callback=point_in_time, help="Runs that began at this time or later: 2026-11-22, 2026-11-22T13:00, 7d."
)
@click.option("--until", callback=point_in_time, help="Runs that began before this time.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, help="The maximum number of runs; default: 20.")
@click.option("--cursor", help="Continue after an earlier page, with the cursor that it printed.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
@project_option
def list_runs(
    *, limit: int, cursor: str | None, form: str, project: Path, since: float | None, until: float | None, **wanted: Any
) -> ExitCode:
    """List runs, newest first."""
    with opened_history(project) as (store, deliveries):
        try:
            page = store.find(RunFilter(since=since, until=until, **wanted), limit=limit, cursor=cursor)
        except ValueError as error:
            raise Refusal(f"--cursor: {error}") from None
        notes = deliveries.notes([run.id for run in page.runs])
        changed, imported = _looked_into(store, [run.id for run in page.runs])
    runs = [changed.get(run.id, run) for run in page.runs]
    said = [disposition_of(notes.get(run.id, ())) for run in page.runs]
    if form == "json":
        found = [
            {**run._asdict(), "changed": run.id in changed, "imported": imported.get(run.id), "disposition": one}
            for run, one in zip(runs, said, strict=True)
        ]
        say_json({"runs": found, "next": page.next})
        return ExitCode.PASSED
    if not runs:
        say("no runs", err=True)
        return ExitCode.PASSED
    words = [
        " ".join(
            filter(
                None,
                (marks(run), "changed" * (run.id in changed), "imported" * (run.id in imported), one),
            )
        )
        for run, one in zip(runs, said, strict=True)
    ]
    _show_table(runs, words)
    if page.next:
        say(f"more: --cursor {page.next}", err=True)
    return ExitCode.PASSED


def _looked_into(store: Store, runs: Sequence[str]) -> tuple[dict[str, RunSummary], dict[str, ImportedReport]]:
    """What only whole reports say: those of these runs that were changed in the store, as they are read now, and where
    those come from that were imported."""
    changed: dict[str, RunSummary] = {}
    imported: dict[str, ImportedReport] = {}
    for start in range(0, len(runs), _READ_AT_ONCE):
        for run in store.stored(runs[start : start + _READ_AT_ONCE]):
            with suppress(StoreError):  # what cannot be read at all says so when it is shown
                if was_changed(report := run.read()):
                    changed[run.id] = summary(report)
                if "imported" in report:
                    imported[run.id] = report["imported"]
    return changed, imported


@command.command("show")
@click.argument("run_id", metavar="ID")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
@project_option
def show_run(run_id: str, form: str, project: Path) -> ExitCode:
    """Show the run with this ID; `latest` is the newest. The ID of a start shows its slots side by side."""
    reports = _of_start(project, run_id) or [_stored(project, run_id)]
    if form == "json":
        say_json({"runs": reports} if _is_start(run_id, reports) else reports[0])
        return ExitCode.PASSED
    from sequencer.terminal.lines import joined
    from sequencer.terminal.report_lines import report_lines

    lines = _timeline(run_id, reports) if _is_start(run_id, reports) else report_lines(reports[0])
    click.echo(joined(lines, colour=wants_colour(sys.stdout)), nl=False, color=wants_colour(sys.stdout))
    return ExitCode.PASSED


def _is_start(identity: str, reports: Sequence[RunReport]) -> bool:
    return "start" in reports[0] and reports[0]["start"]["id"] == identity


def _of_start(project: Path, start: str) -> list[RunReport]:
    """The runs of the start with this id, none where it is no start's. For a run that waits here no store is needed."""
    if start == "latest":
        return []
    with opened_deliveries(project) as deliveries:
        return [] if deliveries.report(start) is not None else deliveries.of_start(start)


def _timeline(start: str, reports: Sequence[RunReport]) -> Iterable[Line]:
    from sequencer.report.start_timeline import start_timeline
    from sequencer.terminal.timeline_lines import timeline_lines

    return timeline_lines(start_timeline(start, reports), shutil.get_terminal_size().columns)


class FormatOption(click.Option):
    """An option whose help names the formats that there are, those of other packages included."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """As click does, once it is asked for: the formats take their time to load."""
        from sequencer.report.exports import exports

        self.help = f"{', '.join(exports())}; default: {self.default}."
        return super().get_help_record(ctx)


@command.command("export")
@click.argument("run_id", metavar="ID")
@click.option("--format", "form", default="json", cls=FormatOption)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; default: standard output.",
)
@project_option
def export_run(run_id: str, form: str, output: Path | None, project: Path) -> ExitCode:
    """Write the report of the run with this ID (`latest` is the newest) in another format."""
    from sequencer.report.exports import exports
    from sequencer.vocabulary.extension import UnusableExtension

    if form == "pdf" and form not in exports():
        raise Refusal("PDF needs another package", hint="pip install 'hardseq[pdf]'")
    if form not in exports():
        raise Refusal(f"there is no format {form!r}", hint=f"formats: {', '.join(exports())}")
    try:
        export = exports()[form]
        written = export.parts_of(_stored(project, run_id), _logo(project) if export.sheet else None)
    except UnusableExtension as unusable:
        raise Refusal(str(unusable)) from unusable
    if output is None:
        for part in written:
            click.echo(part, nl=False)
        return ExitCode.PASSED
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("wb") as file:
        file.writelines(written)
    say(f"wrote {output}", err=True)
    return ExitCode.PASSED


def _logo(folder: Path) -> str | None:
    """The logo of the project; one that cannot be shown is told and left out."""
    from sequencer.project.logo import read_logo
    from sequencer.project.pictures import NoPicture
    from sequencer.project.project_folder import open_project

    project = open_project(folder)
    try:
        return read_logo(project.folder, project.settings.frontend.logo) if project.settings.frontend.logo else None
    except NoPicture as none:
        say(f"without the logo: {none}", err=True)
        return None


@command.command("comment")
@click.argument("run_id", metavar="ID")
@click.argument("comment", metavar="[TEXT]", default="")
@click.option("--disposition", type=click.Choice(DISPOSITIONS), help="What is to become of the unit.")
@click.option("--user", metavar="NAME", help="Who does it; where people log in, the PIN is asked for.")
@project_option
def comment_run(
    run_id: str, comment: str, disposition: Disposition | None, user: str | None, project: Path
) -> ExitCode:
    """Add a comment, or what is to become of the unit, to the run with this ID (`latest` is the newest).

    The report stays as it is. Only a manager waives.
    """
    from sequencer.cli.comment_command import add_comment

    return add_comment(project, run_id, comment, disposition, user)


@command.command("retry-after-run")
@click.argument("run_id", metavar="ID")
@project_option
def retry_after_run(run_id: str, project: Path) -> ExitCode:
    """Try again the steps after the run with this ID (`latest` is the newest) that failed or were not reached.

    The verdict stays. Exits with 0 when all are done, 1 when some are not, 2 when they cannot be tried, 3 when it was
    stopped, 4 when it could not be carried out or stored.
    """
    from sequencer.cli.retry_command import retry

    return retry(project, run_id)


@command.command("copy")
@click.option("--to", "to", metavar="STORE", required=True, help="Where to: embedded, couchdb, a project or a file.")
@click.option("--from", "source", metavar="STORE", help="Where from; default: the store of this project.")
@project_option
def copy_runs(to: str, source: str | None, project: Path) -> ExitCode:
    """Copy all runs with their files, comments and the log to another store; what is there already stays.

    STORE is `embedded` or `couchdb` as [database] of this project describes them, the folder of another project, or a
    database file such as a backup. Exits with 1 when a run could not be copied.
    """
    from sequencer.cli.copy_command import copy

    return copy(project, to, source)


@command.command("import")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--stand", metavar="NAME", help="The stand of the runs whose records name none.")
@click.option("--timezone", metavar="ZONE", help="Its time zone: Europe/Berlin; default: this computer's.")
@click.option("--database", metavar="NAME", help="The database, where the URL of a CouchDB names none.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, and store nothing.")
@project_option
def import_runs(
    sources: tuple[str, ...],
    *,
    stand: str | None,
    timezone: str | None,
    database: str | None,
    dry_run: bool,
    project: Path,
) -> ExitCode:
    """Import runs that HardPy, OpenHTF or another hardseq recorded; what is there already stays.

    SOURCE is a file, a folder with files, or the URL of a database in CouchDB, whose password is in
    HARDSEQ_IMPORT_PASSWORD. Exits with 1 when a record could not be imported.
    """
    from sequencer.cli.import_command import GivenOrigin, import_sources

    return import_sources(project, sources, GivenOrigin(stand, timezone), database, dry_run=dry_run)


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@project_option
def back_up(file: Path, project: Path) -> ExitCode:
    """Write all runs with their files, comments and the log into FILE, a new database of one file.

    `hardseq runs copy --from FILE --to embedded` brings them back.
    """
    from sequencer.cli import copy_command

    return copy_command.back_up(project, file)


def _stored(project: Path, run_id: str) -> RunReport:
    with opened_deliveries(project) as deliveries:
        report = kept_report(deliveries, run_id)
        return with_notes(report, deliveries.notes([report["id"]]).get(report["id"], []))


def _show_table(runs: Sequence[RunSummary], words: Sequence[str]) -> None:
    from sequencer.terminal.lines import joined, status_style
    from sequencer.terminal.output import Column, table
    from sequencer.vocabulary.times import shown_seconds

    heads = [
        Column("started"),
        Column("verdict"),
        Column("sequence", 3),
        Column("serial number", 1),
        Column("part number", 5),
        Column("stand", 7),
        Column("slot", 8),
        Column("took", 6),
        Column("first failure", 4),
        Column("", 2),
        Column("id"),
    ]
    rows = [
        [
            (shown_time(run.start_time), ""),
            (outcome_text(outcome_of(run.status, run.untested)), status_style(run.status)),
            (run.sequence, ""),
            (run.serial_number or "", "bold"),
            (run.part_number or "", ""),
            (run.stand or "", ""),
            (run.slot or "", ""),
            ("" if run.stop_time is None else shown_seconds(run.stop_time - run.start_time), "dim"),
            (run.caused_dut_failure_id or "", "failed"),
            (said, "stopped"),
            (run.id, "dim"),
        ]
        for run, said in zip(runs, words, strict=True)
    ]
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    colour = wants_colour(sys.stdout)
    click.echo(joined(table(heads, rows, width), colour=colour), nl=False, color=colour)


def marks(run: RunSummary) -> str:
    marks = {"partial": run.partial, "simulated": run.simulated, "aborted": run.aborted}
    return " ".join(name for name, on in marks.items() if on)
