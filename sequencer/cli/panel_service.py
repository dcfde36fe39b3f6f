"""Serves the operator panel: for a single run, or as a service that waits for Start."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.kept_drivers import hold_for_panel
from sequencer.app.project_alarms import watch_alarms
from sequencer.app.project_report_store import ProjectReportStore
from sequencer.app.project_store import tell, usable_project
from sequencer.panel.listening import CannotListen
from sequencer.panel.refusals import ActionRefused
from sequencer.panel.server import PanelRefused, PanelServer
from sequencer.panel.session import Session
from sequencer.project.locks import ProcessLock, described
from sequencer.project.project_folder import Project
from sequencer.report.after_run import was_retried
from sequencer.report.model import RunReport
from sequencer.terminal.browser import open_in_browser
from sequencer.terminal.display import PlainTerminal, Terminal
from sequencer.terminal.output import say
from sequencer.terminal.summary import verdict_line
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.slots_session import SlotsSession
    from sequencer.panel.start_session import WaitingSession
    from sequencer.standcloud.deliveries import Acceptance

PageOfRun = TypeVar("PageOfRun", bound=Session)


class PanelReportStore(ProjectReportStore):
    """Also says on the terminal how each run ended."""

    def __init__(self, project: Project, terminal: Terminal) -> None:
        super().__init__(project, tell)
        self._terminal = terminal

    def accept(self, report: RunReport) -> Acceptance:
        """As ``ProjectReportStore`` does, with a line for the verdict."""
        again = was_retried(report)
        told = f"the steps after run {report['id']} were tried again"
        self._terminal.say([(told, "dim")] if again else verdict_line(report))
        return super().accept(report)


def serve_panel(path: Path, *, host: str | None, port: int | None, open_page: bool, simulate: bool) -> ExitCode:
    """Serves until Ctrl-C or a kill. Raises ``Refusal``, ``StoreError``."""
    if not path.exists():
        raise Refusal(f"{path} does not exist")
    project = usable_project(path)
    terminal = PlainTerminal(sys.stdout)
    with ExitStack() as opened:
        take_page(project, opened)
        opened.callback(hold_for_panel(project).release)
        report_store = opened.enter_context(PanelReportStore(project, terminal))
        session = _waiting_session(path, project, terminal, report_store, simulate=simulate)
        server = page_server(session, project, host, port)
        # Left only once the session is closed.
        ended = _until_signal(session, opened)
        opened.callback(server.close)
        opened.callback(session.close)
        report_store.deliveries.start()
        session.open()
        tell_factory(session, project, report_store, opened)
        watch_alarms(session, project, server.address)
        server.start()
        say(f"panel at {server.address}", bold=True)
        attend(server, ended, open_page=open_page)
    return ExitCode.PASSED


def _until_signal(session: WaitingSession | SlotsSession, opened: ExitStack) -> threading.Event:
    """What is set by a signal that ends the panel."""
    from sequencer.cli.run_signals import stopping_on_signals

    ended = threading.Event()
    opened.enter_context(stopping_on_signals(partial(_end, session, ended)))
    return ended


def tell_factory(session: Session, project: Project, report_store: ProjectReportStore, opened: ExitStack) -> None:
    """Whoever watches all stands hears of this one, while nothing runs, too."""
    from sequencer.panel.heartbeat import heartbeat
    from sequencer.store.open import open_heartbeat

    read = partial(heartbeat, session, project.settings.stand.recorded())
    beating = open_heartbeat(project.settings, report_store.store, read)
    if beating is not None:
        opened.callback(beating.close)
        beating.start()


def take_page(project: Project, opened: ExitStack) -> None:
    """Takes the project's place for the page that commands talk to. Raises ``Refusal``: another process has it."""
    if (holder := _hold_page(project, opened)) is not None:
        raise _served_already(project, holder)


def page_server(session: Session, project: Project, host: str | None, port: int | None) -> PanelServer:
    """What serves the pages of ``session`` where the configuration or, before it, the command line wants them."""
    frontend = project.settings.frontend
    where = host or frontend.host, frontend.port if port is None else port
    return _server(session, project, *where, project.state.panel)


def attend(server: PanelServer, ended: threading.Event, *, open_page: bool) -> None:
    """Waits until it is ``ended``."""
    say("Ctrl-C ends it")
    if open_page:
        open_in_browser(server.address)
    while not ended.wait(0.5):  # in pieces, as Windows looks at Ctrl-C only in between
        pass
    say("ending ...")


def _end(session: WaitingSession | SlotsSession, ended: threading.Event, reason: Reason) -> None:
    """A signal ends the panel; another one stops its run again, as `hardseq stop` does."""

    def stop_again() -> None:
        with suppress(ActionRefused):
            session.stop(reason)

    if ended.is_set():
        # In a thread, as the session may be at work right where the signal came.
        threading.Thread(target=stop_again, daemon=True).start()
    ended.set()


def _waiting_session(
    path: Path, project: Project, terminal: Terminal, report_store: ProjectReportStore, *, simulate: bool
) -> WaitingSession | SlotsSession:
    from sequencer.app.panel_session import panel_session
    from sequencer.app.project_bench import ProjectBench

    slots = [place.name for place in project.settings.slots.places]
    listeners = report_store.listeners_by_slot(slots or [""])
    if not slots:
        listeners[""].append(terminal.event)  # of slots only the verdicts are told
    bench = ProjectBench(path, project, simulate=simulate, listeners=listeners, report_store=report_store)
    title = project.settings.tests_name or project.folder.name
    return panel_session(bench, project, report_store, title=title, output=terminal.output)


def run_page(
    make: Callable[..., PageOfRun], project: Project, report_store: ProjectReportStore, opened: ExitStack
) -> tuple[PageOfRun, str] | None:
    """Serves the live page of a run, which is the session that ``make`` makes; and its address.

    ``None`` (told) when the port is taken.
    """
    from sequencer.app.panel_session import project_figures

    frontend = project.settings.frontend
    session = make(
        store=report_store.store,
        report_store=report_store,
        folder=project.folder,
        settings=frontend,
        figures=partial(project_figures, project, report_store.store),
        title=project.settings.tests_name or "",
        stand=project.settings.stand.recorded(),
    )
    opened.callback(session.close)
    # The note of a panel that waits beside this run stays: `hardseq start` is meant for that.
    note = project.state.panel if _hold_page(project, opened) is None else None
    try:
        server = _server(session, project, frontend.host, frontend.port, note, on_demand=True)
    except Refusal as refusal:
        tell(f"no live page: {refusal}")
        return None
    opened.callback(server.close)
    server.start()
    return session, server.address


def _hold_page(project: Project, opened: ExitStack) -> dict[str, object] | None:
    """Takes the project's place for the page that commands talk to, or says who has it."""
    lock = ProcessLock(project.state.panel_lock)
    opened.callback(lock.release)
    return lock.take()


def _served_already(project: Project, holder: Mapping[str, object]) -> Refusal:
    import json

    try:
        address = f" at {json.loads(project.state.panel.read_bytes())['address']}"
    except (OSError, ValueError, KeyError, TypeError):
        address = ""
    message = f"the page of this project is already served{address}, by {described(holder)}"
    hint = "two stands on one machine need a state folder each: HARDSEQ_STATE_DIR"
    return Refusal(message, hint=hint, code=ExitCode.BROKEN)


def _server(
    session: Session, project: Project, host: str, port: int, note: Path | None, *, on_demand: bool = False
) -> PanelServer:
    try:
        return PanelServer(
            session,
            host,
            port,
            login=project.settings.frontend.token,
            note=note,
            users=project.users_file(),
            on_demand=on_demand,
        )
    except CannotListen as refused:
        raise Refusal(str(refused), code=ExitCode.BROKEN) from None
    except PanelRefused as refused:
        raise Refusal(str(refused)) from None
