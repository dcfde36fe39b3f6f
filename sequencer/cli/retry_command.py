"""``hardseq runs retry-after-run`` from the stored report to the exit code."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_report_store import ProjectReportStore
from sequencer.app.project_store import tell, usable_project
from sequencer.app.retry import AfterRunRetry
from sequencer.cli.run_signals import stopping_on_signals
from sequencer.protocol.request import RunNotPossible, RunRefused
from sequencer.report.after_run import left_to_do
from sequencer.report.event import AfterRunFinished, RetryFinished, Stamped
from sequencer.report.model import RunReport
from sequencer.standcloud.delivery import OutboxUnavailable
from sequencer.store.base import StoreError
from sequencer.terminal.lines import clean, joined
from sequencer.terminal.output import say, wants_colour
from sequencer.terminal.problem_output import show_problems
from sequencer.terminal.summary import after_run_lines
from sequencer.vocabulary.problem import InvalidInput
from sequencer.vocabulary.reason import code_of


class _RetryDisplay:
    """What happens, for the terminal."""

    def __init__(self) -> None:
        self.stopped = False

    def event(self, stamped: Stamped) -> None:
        match stamped.event:
            case AfterRunFinished(number, True):
                say(f"step {number} after the run: done")
            case RetryFinished(reason):
                self.stopped = reason is not None


def retry(path: Path, run_id: str) -> ExitCode:
    """Tries again what is left to do after the run, and keeps the report. Raises ``Refusal``, ``StoreError``."""
    project = usable_project(path)
    told = _RetryDisplay()
    with ExitStack() as opened:
        report_store = opened.enter_context(ProjectReportStore(project, tell))
        if refusal := report_store.refusal():
            raise Refusal(str(refusal), code=ExitCode.BROKEN)
        if run_id == "latest":
            newest = report_store.store.latest()
            if newest is None:
                raise Refusal("nothing has run yet", code=ExitCode.FAILED)
            run_id = newest["id"]
        again = AfterRunRetry(
            run_id,
            project,
            report_store.store,
            report_store.deliveries,
            listeners=[told.event],
            output=lambda line: say(clean(line), err=True),
        )
        opened.callback(again.close)
        try:
            with stopping_on_signals(again.stop):
                again.start()
                report = again.wait()
        except InvalidInput as invalid:
            show_problems(invalid.problems, project.folder)
            return ExitCode.INVALID
        except RunRefused as refused:
            if code_of(refused.reason) == "nothing_left":
                say(str(refused))
                return ExitCode.PASSED
            raise Refusal(f"it cannot be tried again: {refused}") from None
        except RunNotPossible as impossible:
            raise Refusal(str(impossible), code=ExitCode.BROKEN) from None
        return _kept(report, report_store, told.stopped)


def _kept(report: RunReport, report_store: ProjectReportStore, stopped: bool) -> ExitCode:
    click.echo(joined(after_run_lines(report), colour=wants_colour(sys.stdout)), nl=False)
    try:
        acceptance = report_store.accept(report)
    except (StoreError, OutboxUnavailable) as error:
        tell(f"what was done could not be stored: {error}; the run's journal has it, to be stored at the next start")
        return ExitCode.BROKEN
    if not acceptance.stored:
        tell(f"{report_store.store.place} could not take the report, which waits for it: {acceptance.problem}")
    if stopped:
        return ExitCode.STOPPED
    return ExitCode.FAILED if left_to_do(report) else ExitCode.PASSED
