"""The live page of ``hardseq run``, and what its displays learn from earlier runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, TypeVar

from sequencer.report.event import DialogAsked, OperatorMessageShown, Stamped

if TYPE_CHECKING:
    from sequencer.app.project_report_store import ProjectReportStore
    from sequencer.cli.event_relay import EventRelay
    from sequencer.panel.session import Session
    from sequencer.project.project_folder import Project
    from sequencer.store.base import Store
    from sequencer.terminal.lines import Line

LEARNED_FROM = 3
"""Earlier runs that the expected times are made from."""

PageOfRun = TypeVar("PageOfRun", bound="Session")


class PageAddress:
    """Says where a run's page is while there is something to see: not of a run that is over before one can look.

    ``say`` is called once: when the run has lasted a while, or at the first question.
    """

    def __init__(self, say: Callable[[], object], seconds: float = 1.0) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._done = False
        self._timer = threading.Timer(seconds, self.tell)
        self._timer.daemon = True
        self._timer.start()

    def event(self, stamped: Stamped) -> None:
        """Takes notice of questions."""
        if isinstance(stamped.event, DialogAsked | OperatorMessageShown):
            self.tell()

    def tell(self) -> None:
        """Says it, unless it was said."""
        with self._lock:
            if not self._done:
                self._done = True
                self._say()

    def cancel(self) -> None:
        """There is nothing to see any more."""
        with self._lock:
            self._done = True
        self._timer.cancel()


def served_page(
    make: Callable[..., PageOfRun],
    project: Project,
    report_store: ProjectReportStore,
    opened: ExitStack,
    *,
    relays: Iterable[EventRelay],
    say: Callable[[Line], None],
    open_page: bool,
) -> PageOfRun | None:
    """Serves the session that ``make`` makes, and says where; ``None`` (told) when it cannot be served.

    ``relays`` have the events of what is shown: a question tells the address before anything shows it.
    """
    from sequencer.cli.panel_service import run_page
    from sequencer.terminal.browser import open_in_browser

    served = run_page(make, project, report_store, opened)
    if served is None:
        return None
    session, address = served
    told = PageAddress(lambda: say([("live page ", "dim"), (address, "")]))
    opened.callback(told.cancel)
    for relay in relays:
        # Before whoever shows a question, as the page can answer it.
        relay.listeners.insert(0, told.event)
    if open_page:
        told.tell()
        open_in_browser(address)
    return session


def learn(store: Store, sequence: str, tell: Callable[[Mapping[str, float]], None]) -> None:
    """Tells, in the background, how long the sequence's cases took in earlier runs."""

    def look() -> None:
        from sequencer.panel.plan import expected_seconds, past_seconds
        from sequencer.store.base import StoreError

        with suppress(StoreError):  # without history there is only less to show
            tell(expected_seconds(past_seconds(store, sequence, LEARNED_FROM)))

    threading.Thread(target=look, name="history", daemon=True).start()
