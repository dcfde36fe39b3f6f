"""The runs of several slots from a path to one exit code."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sequencer.app.exit_codes import ExitCode, Refusal, exit_code
from sequencer.app.joint_start import JointRuns, SlotEnd
from sequencer.app.project_report_store import ProjectReportStore, SavedReport
from sequencer.cli.event_relay import EventRelay
from sequencer.cli.report_files import report_files, write_report
from sequencer.cli.run_label import label_line
from sequencer.cli.run_options import STANDARD_OUTPUT, RunOptions
from sequencer.protocol.request import RunNotPossible, RunRefused, Slot
from sequencer.report.exports.json_text import json_parts
from sequencer.terminal.output import is_terminal
from sequencer.terminal.problem_output import show_problems
from sequencer.terminal.slot_verdicts import SlotVerdict
from sequencer.terminal.slots import SlotsTerminal, open_slots_terminal
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.json_text import indented
from sequencer.vocabulary.problem import InvalidInput

if TYPE_CHECKING:
    from sequencer.cli.answers_file import PreparedAnswers
    from sequencer.compiler.project import Compiled
    from sequencer.panel.slots_run import SlotsRunSession
    from sequencer.project.locks import ProcessLock
    from sequencer.project.project_folder import Project
    from sequencer.protocol.request import StartRequest
    from sequencer.report.model import RunReport
    from sequencer.runner.child import Child
    from sequencer.terminal.lines import Line
    from sequencer.vocabulary.data import Scalar

_TOLD_SINGLY = 8
"""Up to so many slots the place of each report has a line of its own."""


def run_slots(
    options: RunOptions,
    project: Project,
    compiled: Compiled,
    slots: Sequence[Slot],
    *,
    kept_drivers: ProcessLock | None = None,
    warm_child: Child | None = None,
) -> ExitCode:
    """Runs the slots together, shows and keeps each; the worst of their exit codes.

    ``kept_drivers`` is what is held so that no panel opens the same drivers.

    Raises ``Refusal``, ``StoreError``, ``OSError``.
    """
    files = {} if options.report in (None, STANDARD_OUTPUT) else report_files(options.report, slots)
    relays, shared = {slot.name: EventRelay() for slot in slots}, EventRelay()
    runs = JointRuns(
        project,
        compiled,
        slots,
        hear=lambda slot, stamped: relays[slot].event(stamped),
        printed=lambda slot, text: relays[slot].output(text),
        shared_printed=shared.output,
        warm_child=warm_child,
    )
    with ExitStack() as opened:
        opened.callback(runs.close)
        runs.prepare()
        try:
            return _SlotsSession(
                options, project, compiled, slots, files, runs, relays, shared, opened, kept_drivers
            ).carry_out()
        except InvalidInput as invalid:
            show_problems(invalid.problems, project.folder)
            return ExitCode.INVALID


@dataclass(frozen=True, slots=True)
class _SlotsSession:
    options: RunOptions
    project: Project
    compiled: Compiled
    slots: Sequence[Slot]
    files: Mapping[str, Path]
    runs: JointRuns
    relays: Mapping[str, EventRelay]
    shared: EventRelay
    opened: ExitStack
    kept_drivers: ProcessLock | None

    def carry_out(self) -> ExitCode:
        """Everything from the parameters to the verdicts."""
        from sequencer.cli.slot_params import params_by_slot
        from sequencer.terminal.failure_source import FailureSource

        values = params_by_slot(
            self.options.request.params,
            self.compiled.params,
            self.slots,
            serial_number=self.compiled.serial_number,
            decimal_comma=self.project.settings.frontend.decimal_comma,
        )
        answers = self._answers()
        terminal = self._terminal()
        report_store = self.opened.enter_context(
            ProjectReportStore(self.project, lambda text: terminal.say([(text, "stopped")]))
        )
        if refusal := report_store.refusal():
            raise Refusal(str(refusal), code=ExitCode.BROKEN)
        self._listen(terminal, report_store)
        page = self._page(report_store, terminal) if self.options.panel else None
        asked_here = answers is None and self._dialogs(terminal, alone=page is None)
        attended = asked_here or page is not None or answers is not None
        request = replace(self.options.request, attended=attended)
        storing = self.opened.enter_context(ThreadPoolExecutor(1, "storing"))
        kept: dict[str, Future[SavedReport]] = {}
        ends: dict[str, SlotVerdict] = {}
        for end in self._run(request, values, page, answers):
            if page is not None:
                page.ended(end.slot, end.problem)
            # Kept as soon as it is there; the verdicts wait for no server.
            if end.report is not None:
                kept[end.slot] = storing.submit(_keep, end.slot, end.report, report_store, page)
            ends[end.slot] = self._verdict(end, terminal)
        verdicts = [ends[slot.name] for slot in self.slots]
        terminal.finish(verdicts, FailureSource(self.project.folder, self.project.state.compiled).lines)
        self._release_drivers()
        if answers is not None:
            reports: dict[str | None, RunReport] = {end.slot: end.report for end in verdicts if end.report is not None}
            show_problems(answers.unused(reports), self.project.folder)
        # While the store takes them.
        unwritten = self._write(verdicts)
        saved = {slot: future.result() for slot, future in kept.items()}
        if page is not None:
            page.refresh_storage()
        self._print_labels(verdicts, report_store, terminal)
        code = self._settle(verdicts, saved, terminal)
        if unwritten:
            raise unwritten[0]
        return code

    def _release_drivers(self) -> None:
        if self.kept_drivers is not None:
            from sequencer.app.kept_drivers import release_once_closed

            release_once_closed(self.kept_drivers, self.runs.close_shared, self.opened)

    def _answers(self) -> PreparedAnswers | None:
        """Those that a file has for the dialogs. Raises ``InvalidInput``."""
        if self.options.answers is None:
            return None
        from sequencer.cli.answers_file import read_answers

        known = [slot.name for slot in self.project.settings.slots.places]
        return read_answers(self.options.answers, self.runs.plan().modules, self.project.folder, known)

    def _run(
        self,
        request: StartRequest,
        values: Mapping[str, Mapping[str, Scalar]],
        page: SlotsRunSession | None,
        answers: PreparedAnswers | None,
    ) -> Iterator[SlotEnd]:
        from sequencer.cli.run_signals import stopping_on_signals

        if page is not None:
            # Before the first question can be asked, as the page of a single run.
            for name, run in self.runs.runs.items():
                page.slots[name].watch(run)
        with stopping_on_signals(self.runs.stop):
            try:
                by_slot = None if answers is None else {slot.name: answers.of(slot.name) for slot in self.slots}
                self.runs.start(request, values, by_slot)
            except RunRefused as refused:
                raise Refusal(str(refused)) from None
            except RunNotPossible as impossible:
                raise Refusal(str(impossible), code=ExitCode.BROKEN) from None
            if page is not None:
                page.live.when_followed(lambda: self._learn(page))
            yield from self.runs.ends()

    def _learn(self, page: SlotsRunSession) -> None:
        from sequencer.cli.run_page import learn

        learn(page.store, self.compiled.name, lambda expected: page.show(expected=expected))

    def _verdict(self, end: SlotEnd, terminal: SlotsTerminal) -> SlotVerdict:
        if end.report is not None:
            return SlotVerdict(end.slot, end.report)
        problem = str(end.problem)
        terminal.lost(end.slot, problem)
        return SlotVerdict(end.slot, None, problem)

    def _print_labels(
        self, verdicts: Sequence[SlotVerdict], report_store: ProjectReportStore, terminal: SlotsTerminal
    ) -> None:
        """Prints the label of each unit that has earned one, in the order of the slots."""
        width = max(len(slot.name) for slot in self.slots)
        for end in verdicts:
            if end.report is not None:
                printer = self.project.settings.label.printer
                if (line := label_line(end.report, report_store, printer, end.slot, width)) is not None:
                    terminal.say(line)

    def _settle(
        self, verdicts: Sequence[SlotVerdict], kept: Mapping[str, SavedReport], terminal: SlotsTerminal
    ) -> ExitCode:
        """Says where the reports are; the worst exit code."""
        reports = {end.slot: end.report for end in verdicts if end.report is not None}
        if self.options.report == STANDARD_OUTPUT:
            sys.stdout.write(indented(list(reports.values())))
        for line in self._places(reports, kept):
            terminal.say(line)
        for start in {report["start"]["id"] for report in reports.values() if "start" in report}:
            terminal.say([("start     ", "dim"), (start, "")])
        codes = [exit_code(report, stored=kept[slot].safe) for slot, report in reports.items()]
        return max([*codes, ExitCode.BROKEN] if len(reports) < len(verdicts) else codes)

    def _write(self, verdicts: Sequence[SlotVerdict]) -> list[Refusal]:
        """Writes the files that ``--report`` asks for, all that can be; what kept it from others."""
        reports = {end.slot: end.report for end in verdicts if end.report is not None}
        refusals = []
        for slot, file in self.files.items():
            try:
                if slot in reports:
                    write_report(file, json_parts(reports[slot]))
            except Refusal as refusal:
                refusals.append(refusal)
        return refusals

    def _places(self, reports: Mapping[str, RunReport], kept: Mapping[str, SavedReport]) -> Iterator[Line]:
        """Where each slot's report is; of many slots how many are where."""
        if len(reports) <= _TOLD_SINGLY:
            width = max(len(slot.name) for slot in self.slots)
            for slot in reports:
                for place in [*kept[slot].places, *([str(self.files[slot])] if slot in self.files else ())]:
                    yield [("report    ", "dim"), (f"{slot:<{width}}  ", ""), (place, "")]
            return
        by_place = Counter(
            place.replace(f"id {report['id']}", "").strip(", ")
            for slot, report in reports.items()
            for place in kept[slot].places
        )
        for place, count in by_place.items():
            yield [("report    ", "dim"), (f"{count} slots  ", ""), (place, "")]
        if self.files:
            yield [("report    ", "dim"), (f"{len(reports)} slots  ", ""), (str(self.options.report), "")]

    def _listen(self, terminal: SlotsTerminal, report_store: ProjectReportStore) -> None:
        self.shared.printed = lambda line: terminal.say([(line, "")])
        live = report_store.listeners_by_slot(list(self.relays))
        for name, relay in self.relays.items():
            relay.listeners += [partial(terminal.event, name), *live[name]]
            relay.printed = partial(terminal.output, name)
            self.runs.runs[name].upload = report_store.deliveries.upload

    @property
    def _stream(self) -> TextIO:
        return sys.stderr if self.options.report == STANDARD_OUTPUT else sys.stdout

    def _terminal(self) -> SlotsTerminal:
        terminal = open_slots_terminal(self._stream, [slot.name for slot in self.slots])
        self.opened.callback(terminal.close)
        return terminal

    def _page(self, report_store: ProjectReportStore, terminal: SlotsTerminal) -> SlotsRunSession | None:
        from sequencer.cli.run_page import served_page
        from sequencer.panel.slots_run import SlotsRunSession

        page = served_page(
            partial(SlotsRunSession, configured=self.project.settings.slots, running=self.slots),
            self.project,
            report_store,
            self.opened,
            relays=self.relays.values(),
            say=terminal.say,
            open_page=self.options.open_page,
        )
        if page is not None:
            page.live.plan({"name": self.compiled.name}, [])
            for name, session in page.slots.items():
                self.relays[name].listeners.append(session.live.listen)
        return page

    def _dialogs(self, terminal: SlotsTerminal, *, alone: bool) -> bool:
        """Whether somebody can answer questions; ``alone``: nobody elsewhere can."""
        if not (is_terminal(sys.stdin) and is_terminal(self._stream)):
            return False
        from sequencer.terminal.dialogs import TerminalDialogs

        decimal_comma = self.project.settings.frontend.decimal_comma
        dialogs = TerminalDialogs(terminal, None, sys.stdin, alone=alone, decimal_comma=decimal_comma)
        for name, run in self.runs.runs.items():
            self.relays[name].listeners.append(dialogs.of_slot(name, run.answer))
        return True


def _keep(slot: str, report: RunReport, report_store: ProjectReportStore, page: SlotsRunSession | None) -> SavedReport:
    saved = report_store.keep(report)
    if page is not None:
        page.slots[slot].over()
    return saved
