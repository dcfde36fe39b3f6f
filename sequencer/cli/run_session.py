"""One run from a path to its exit code: the test process comes up first, everything else while it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sequencer.cli.exit_codes import ExitCode, Refusal
from sequencer.cli.output import is_terminal
from sequencer.cli.project_store import usable_project
from sequencer.cli.run_choice import choose_sequence
from sequencer.compiler.project import Compiled, ensure_compiled
from sequencer.runner.request import RunNotPossible, RunRefused, StartRequest
from sequencer.runner.run import Run
from sequencer.store.project_folder import Project
from sequencer.vocabulary.event import Stamped
from sequencer.vocabulary.problem import InvalidInput
from sequencer.vocabulary.report import RunReport

if TYPE_CHECKING:
    from sequencer.cli.terminal import Terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line says; ``only`` and ``tags`` are ``None`` when all cases are meant."""

    path: Path
    arguments: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    report: Path | None = None
    panel: bool = True
    open_page: bool = False
    simulate: bool = False


class Relay:
    """Stands between the run, which begins first, and the displays, which come up while it does."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Stamped], None]] = []
        self.printed: Callable[[str], None] = lambda text: None

    def event(self, stamped: Stamped) -> None:
        """Passes an event on."""
        for listener in self.listeners:
            listener(stamped)

    def output(self, text: str) -> None:
        """Passes on what a driver printed."""
        self.printed(text)


def run_once(options: RunOptions) -> ExitCode:
    """Runs, shows, keeps; the exit code. Raises ``Refusal``, ``StoreError``, ``OSError``."""
    project = usable_project(options.path)
    compiled = compiled_sequence(choose_sequence(options.path, project), project)
    if compiled is None:
        return ExitCode.INVALID
    relay = Relay()
    run = Run(compiled.folder, project.state, listeners=[relay.event], output=relay.output)
    with ExitStack() as opened:
        opened.callback(run.close)
        run.prepare()
        return _RunSession(options, project, compiled, run, relay, opened).carry_out()


def compiled_sequence(file: Path, project: Project) -> Compiled | None:
    """The generated project of a sequence; ``None`` when it has errors, which were shown, as its warnings are."""
    try:
        compiled = ensure_compiled(file, project=project.folder, compiled=project.state.compiled)
    except InvalidInput as invalid:
        _show(invalid.problems, project)
        return None
    if compiled.fresh and compiled.problems:
        _show(compiled.problems, project)
    return compiled


def _show(problems: Any, project: Project) -> None:
    from sequencer.cli.problem_output import show_problems

    show_problems(problems, project.folder)


class _RunSession:
    def __init__(
        self, options: RunOptions, project: Project, compiled: Compiled, run: Run, relay: Relay, opened: ExitStack
    ) -> None:
        self.options = options
        self.project = project
        self.compiled = compiled
        self.run = run
        self.relay = relay
        self.opened = opened

    def carry_out(self) -> ExitCode:
        from sequencer.cli.run_keeping import Keeping
        from sequencer.cli.run_params import params_from
        from sequencer.cli.run_signals import stopping_on_signals
        from sequencer.runner.exit_code import exit_code

        params = params_from(self.options.arguments, self.compiled.params)
        terminal = self._terminal()
        keeping = self.opened.enter_context(Keeping(self.project, lambda text: terminal.say([(text, "stopped")])))
        keeping.refuse_if_unreachable()
        request = StartRequest(
            params=params,
            only=None if self.options.only is None else list(self.options.only),
            tags=None if self.options.tags is None else list(self.options.tags),
            record={"stand": stand} if (stand := self.project.settings.stand.recorded()) else {},
            simulate=self.options.simulate,
            drivers=self.project.settings.drivers,
            attended=self._dialogs(terminal),
        )
        with stopping_on_signals(self.run.stop):
            try:
                self.run.start(request)
            except RunRefused as refused:
                raise Refusal(str(refused)) from None
            except RunNotPossible as impossible:
                raise Refusal(str(impossible), code=ExitCode.BROKEN) from None
            report = self.run.wait()
        kept = keeping.keep(report)
        places = list(kept.places)
        if self.options.report is not None:
            places.append(self._write(report, self.options.report))
        terminal.finish(report, places)
        return ExitCode(exit_code(report, stored=kept.safe))

    def _terminal(self) -> Terminal:
        from sequencer.cli.terminal import open_terminal

        report_to_stdout = self.options.report == Path("-")
        terminal = open_terminal(sys.stderr if report_to_stdout else sys.stdout)
        self.opened.callback(terminal.close)
        self.relay.listeners.append(terminal.event)
        self.relay.printed = terminal.output
        return terminal

    def _dialogs(self, terminal: Terminal) -> bool:
        """Whether somebody can answer questions."""
        from sequencer.cli.terminal import PlainTerminal

        if isinstance(terminal, PlainTerminal) or not is_terminal(sys.stdin):
            return False
        from sequencer.cli.terminal_dialogs import TerminalDialogs

        self.relay.listeners.append(TerminalDialogs(terminal, self.run.answer, sys.stdin).event)  # type: ignore[arg-type]
        return True

    def _write(self, report: RunReport, file: Path) -> str:
        import json

        text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
        if file == Path("-"):
            sys.stdout.write(text)
            return "standard output"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise Refusal(f"--report {file}: {error.strerror}", code=ExitCode.BROKEN) from None
        return str(file)
