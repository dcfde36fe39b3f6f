"""One run from a path to its exit code: the test process comes up first, everything else while it does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sequencer.app.compiled import compile_for_stand
from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import usable_project
from sequencer.app.run_choice import choose_sequence
from sequencer.cli.event_relay import EventRelay
from sequencer.cli.run_options import STANDARD_OUTPUT, RunOptions
from sequencer.compiler.project import Compiled
from sequencer.project.project_folder import Project
from sequencer.report.model import RunReport
from sequencer.runner.run import Run
from sequencer.terminal.output import is_terminal
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import InvalidInput, Problem

if TYPE_CHECKING:
    from sequencer.app.project_report_store import ProjectReportStore
    from sequencer.cli.answers_file import PreparedAnswers
    from sequencer.panel.session import Session
    from sequencer.project.locks import ProcessLock
    from sequencer.protocol.request import Slot, StartRequest
    from sequencer.runner.child import Child
    from sequencer.runner.stand_process import StandProcess
    from sequencer.store.base import Store
    from sequencer.terminal.display import Terminal
    from sequencer.vocabulary.data import Scalar


def run_once(options: RunOptions, warm_child: Child | None = None) -> ExitCode:
    """Runs, shows, keeps; the exit code. ``warm_child`` is a test process that is loading already.

    Raises ``Refusal``, ``StoreError``, ``OSError``.
    """
    project = usable_project(options.path)
    slots: Sequence[Slot] = ()
    if options.slots or project.settings.slots.places:
        from sequencer.cli.slot_params import chosen_slots

        slots = chosen_slots(project.settings.slots, options.slots)
    if options.answers is not None and options.request.stepping:
        raise Refusal("--answers answers the dialogs of a run that does not pause")
    if len(slots) > 1 and options.request.debugged:
        raise Refusal("--step, --break and --pdb debug one slot", hint=f"--slot {slots[0].name}")
    compiled = compiled_sequence(choose_sequence(options.path, project), project, stepping=options.request.stepping)
    if compiled is None:
        return ExitCode.INVALID
    with ExitStack() as opened:
        kept = _kept_drivers(project, compiled, options.request, opened)
        if len(slots) > 1:
            from sequencer.cli.slots_session import run_slots

            return run_slots(options, project, compiled, slots, kept_drivers=kept, warm_child=warm_child)
        if options.report is not None:
            # Imported here, as what is of slots: most runs are in none, and write no second report.
            from sequencer.cli.report_files import report_file

            options = replace(options, report=report_file(options.report, slots))
        slot = next(iter(slots), None)
        return _run_alone(options, project, compiled, opened, slot=slot, kept=kept, warm_child=warm_child)


def _kept_drivers(project: Project, compiled: Compiled, request: StartRequest, opened: ExitStack) -> ProcessLock | None:
    """What is held, until ``opened`` ends at the latest, so that no panel opens them too. Raises ``Refusal``."""
    if not compiled.kept:
        return None
    # Imported here: most sequences have none.
    from sequencer.app.kept_drivers import hold_kept_drivers

    kept = hold_kept_drivers(project, compiled, simulate=request.simulate)
    if kept is not None:
        opened.callback(kept.release)
    return kept


def _run_alone(
    options: RunOptions,
    project: Project,
    compiled: Compiled,
    opened: ExitStack,
    *,
    slot: Slot | None,
    kept: ProcessLock | None,
    warm_child: Child | None,
) -> ExitCode:
    """In one slot, or where there are none."""
    relay = EventRelay()
    run = Run(
        compiled.folder,
        project.state,
        listeners=[relay.event],
        output=relay.output,
        project=project.folder,
        warm_child=warm_child,
        manifest=compiled.manifest,
        secrets=project.secrets,
    )
    stand = None if slot is None else _stand_process(project, compiled, relay, opened)
    opened.callback(run.close)
    run.prepare()
    try:
        return _RunSession(options, project, compiled, run, relay, opened, slot, stand, kept).carry_out()
    except InvalidInput as invalid:
        _show(invalid.problems, project)
        return ExitCode.INVALID


def _stand_process(project: Project, compiled: Compiled, relay: EventRelay, opened: ExitStack) -> StandProcess | None:
    """What the slot shares with others, until ``opened`` ends."""
    from sequencer.app.shared_stand import stand_process

    stand = stand_process(project, compiled, relay.output)
    if stand is not None:
        opened.callback(stand.close)
        stand.prepare()
    return stand


def compiled_sequence(file: Path, project: Project, *, stepping: bool = False) -> Compiled | None:
    """The generated project of a sequence; ``None`` when it has errors, which were shown, as are its warnings."""
    try:
        compiled = compile_for_stand(project, file, stepping=stepping)
    except InvalidInput as invalid:
        _show(invalid.problems, project)
        return None
    if compiled.fresh and (warnings := [problem for problem in compiled.problems if problem.severity == "warning"]):
        _show(warnings, project)
    return compiled


def _show(problems: Iterable[Problem], project: Project) -> None:
    from sequencer.terminal.problem_output import show_problems

    show_problems(problems, project.folder)


@dataclass(frozen=True, slots=True)
class _RunSession:
    options: RunOptions
    project: Project
    compiled: Compiled
    run: Run
    relay: EventRelay
    opened: ExitStack
    slot: Slot | None
    stand: StandProcess | None
    kept: ProcessLock | None

    def carry_out(self) -> ExitCode:
        """Everything from the parameters to the verdict."""
        # Imported here, while the test process loads.
        from sequencer.app.exit_codes import exit_code
        from sequencer.app.project_report_store import ProjectReportStore
        from sequencer.app.start_request import for_stand
        from sequencer.cli.run_label import label_line
        from sequencer.terminal.failure_source import FailureSource
        from sequencer.terminal.summary import place_lines

        asked = self._asked()
        answers = self._answers()
        if answers is not None:
            asked = replace(asked, answers=answers.of(self._slot_name))
        terminal = self._terminal()
        report_store = self.opened.enter_context(
            ProjectReportStore(self.project, lambda text: terminal.say([(text, "stopped")]))
        )
        if refusal := report_store.refusal():
            raise Refusal(str(refusal), code=ExitCode.BROKEN)
        self.relay.listeners += report_store.listeners()
        self.run.upload = report_store.deliveries.upload
        page = self._page(report_store, terminal) if self.options.panel else None
        asked_here = answers is None and self._dialogs(terminal, alone=page is None)
        attended = asked_here or page is not None or answers is not None
        request = for_stand(self.project, replace(asked, attended=attended))
        report = self._run(request, page, lambda: self._learn(report_store.store, terminal, page))
        if page is not None:
            page.saving()
        # The verdict first: it waits for no server.
        terminal.finish(report, FailureSource(self.project.folder, self.project.state.compiled).lines)
        if self.kept is not None and self.stand is not None:
            from sequencer.app.kept_drivers import release_once_closed

            release_once_closed(self.kept, self.stand.close, self.opened)
        if answers is not None:
            _show(answers.unused({self._slot_name: report}), self.project)
        kept = report_store.keep(report)
        if page is not None:
            page.finished()
        if (label := label_line(report, report_store, self.project.settings.label.printer)) is not None:
            terminal.say(label)
        for line in place_lines([*kept.places, *self._written(report)]):
            terminal.say(line)
        return ExitCode(exit_code(report, stored=kept.safe))

    def _answers(self) -> PreparedAnswers | None:
        """Those that a file has for the dialogs. Raises ``InvalidInput``."""
        if self.options.answers is None:
            return None
        from sequencer.cli.answers_file import read_answers

        slots = self.project.settings.slots.places
        modules = self.run.plan().modules
        return read_answers(self.options.answers, modules, self.project.folder, [slot.name for slot in slots])

    @property
    def _slot_name(self) -> str | None:
        return None if self.slot is None else self.slot.name

    def _asked(self) -> StartRequest:
        """What the command line asks for, with a value for each parameter."""
        from sequencer.cli.run_params import params_from

        request, slot = self.options.request, self.slot
        given: Mapping[str, Scalar] = request.params
        if slot is not None:
            from sequencer.cli.slot_params import split_by_slot
            from sequencer.protocol.request import JointStart
            from sequencer.report.run_id import new_run_id

            given = split_by_slot(given, [slot])[slot.name]
            request = replace(request, slot=slot, start=JointStart(id=new_run_id(), slots=[slot.name]))
        decimal_comma = self.project.settings.frontend.decimal_comma
        return replace(request, params=params_from(given, self.compiled.params, decimal_comma=decimal_comma))

    def _run(self, request: StartRequest, page: Session | None, begun: Callable[[], None]) -> RunReport:
        from sequencer.cli.run_signals import stopping_on_signals
        from sequencer.protocol.request import RunNotPossible, RunRefused

        if page is not None:
            # Before the first question can be asked. The page of a single run only stops and answers it.
            page.watch(self.run)
        with stopping_on_signals(self.run.stop):
            try:
                self.run.start(replace(request, stand=None if self.stand is None else self.stand.address()))
            except RunRefused as refused:
                raise Refusal(str(refused)) from None
            except RunNotPossible as impossible:
                raise Refusal(str(impossible), code=ExitCode.BROKEN) from None
            begun()
            report = self.run.wait()
        if self.kept is not None and self.stand is None:
            self.kept.release()
        assert report is not None  # without a time limit it waits for one
        return report

    def _learn(self, store: Store, terminal: Terminal, page: Session | None) -> None:
        """Tells the displays how long the cases took in earlier runs."""
        from sequencer.terminal.display import PlainTerminal

        def tell(expected: Mapping[str, float]) -> None:
            terminal.expect(expected)
            if page is not None:
                page.live.set(expected=expected)

        def look() -> None:
            from sequencer.cli.run_page import learn

            learn(store, self.compiled.name, tell)

        if not isinstance(terminal, PlainTerminal):
            look()
        elif page is not None:  # most pages of a run nobody looks at, and it reads whole reports
            page.live.when_followed(look)

    def _page(self, report_store: ProjectReportStore, terminal: Terminal) -> Session | None:
        from sequencer.cli.run_page import served_page
        from sequencer.panel.session import Session

        page = served_page(
            Session,
            self.project,
            report_store,
            self.opened,
            relays=[self.relay],
            say=terminal.say,
            open_page=self.options.open_page,
        )
        if page is not None:
            self.relay.listeners.append(page.live.listen)
        return page

    @property
    def _stream(self) -> TextIO:
        return sys.stderr if self.options.report == STANDARD_OUTPUT else sys.stdout

    def _terminal(self) -> Terminal:
        from sequencer.terminal.display import open_terminal

        terminal = open_terminal(self._stream)
        self.opened.callback(terminal.close)
        self.relay.listeners.append(terminal.event)
        self.relay.printed = terminal.output
        return terminal

    def _dialogs(self, terminal: Terminal, *, alone: bool) -> bool:
        """Whether somebody can answer questions; ``alone``: nobody elsewhere can."""
        at_keyboard = is_terminal(sys.stdin)
        if not self.options.request.debugged and not (at_keyboard and is_terminal(self._stream)):
            return False
        from sequencer.terminal.dialogs import TerminalDialogs

        dialogs = TerminalDialogs(
            terminal,  # type: ignore[arg-type]  # both kinds of terminal are displays
            self.run.answer,
            sys.stdin,
            script=not at_keyboard,
            alone=alone,
            decimal_comma=self.project.settings.frontend.decimal_comma,
        )
        self.relay.listeners.append(dialogs.event)
        if self.options.request.pdb:
            from sequencer.terminal.debugger import TerminalDebugger

            self.run.debugger = TerminalDebugger(dialogs, terminal.say, self.run.debug).hear
        return True

    def _written(self, report: RunReport) -> list[str]:
        """Writes the report where ``--report`` says; its place."""
        file = self.options.report
        if file is None:
            return []
        from sequencer.report.exports.json_text import json_parts

        parts = json_parts(report)
        if file == STANDARD_OUTPUT:
            sys.stdout.writelines(parts)
            return []
        from sequencer.cli.report_files import write_report

        write_report(file, parts)
        return [str(file)]
