"""A panel over a scripted run: real server, real session, real live state; only the test process is played."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sequencer.domain.dialog import describe
from sequencer.domain.fold import Fold
from sequencer.domain.settings import Settings, StandCloudSettings
from sequencer.domain.state_folder import StateFolder
from sequencer.panel.bench import Choice, Listener, Loaded, Wish
from sequencer.panel.server import PanelServer
from sequencer.panel.waiting import WaitingSession
from sequencer.runtime.dialogs import Dialogs
from sequencer.steps.base import Answer
from sequencer.store.sqlite import SqliteStore
from sequencer.sync.deliveries import Deliveries
from sequencer.vocabulary import event as events
from sequencer.vocabulary.event import Event, Stamped
from sequencer.vocabulary.failure import Stopped
from sequencer.vocabulary.model import Param
from sequencer.vocabulary.report import RunReport
from sequencer.vocabulary.status import Status, verdict

Script = Callable[["Played"], None]


class Played:
    """What a script uses to play a run: the events of the test process, in its words."""

    def __init__(self, run: ScriptedRun, wish: Wish) -> None:
        self.run = run
        self.params = wish.params
        self.only = wish.only
        self.statuses: dict[str, Status] = {}
        self._seq = 0
        self.dialogs = Dialogs(self.emit, self.sleep)

    def emit(self, event: Event) -> None:
        self._seq += 1
        self.run.happened(Stamped(self._seq, time.time(), event))

    def sleep(self, seconds: float) -> None:
        if self.run.stopping.wait(seconds):
            raise Stopped(self.run.reason)

    def ask(self, case: str, **dialog: Any) -> Answer:
        return self.dialogs.ask(case, describe(dialog))

    def measure(
        self, case: str, name: str, value: Any, unit: str | None = None, limits: Any = None, result: bool | None = None
    ) -> None:
        kind = "numeric" if isinstance(value, int | float) else "string"
        reason = f"{value} is outside {limits}" if result is False else None
        place = f"{self.run.file}:{self._seq + 10}:9"
        self.emit(events.Measurement(case, place, name, value, kind, unit, limits, result, reason))  # type: ignore[arg-type]

    def case(self, name: str, body: Callable[[], object] | None = None, attempt: int = 1, final: bool = True) -> None:
        """One attempt: passed unless ``body`` raises ``AssertionError`` (failed) or ``Stopped``."""
        if self.only is not None and name not in self.only:
            self.emit(events.CaseFinished(name, "skipped", 1, True, "not selected"))
            self.statuses[name] = "skipped"
            return
        self.emit(events.CaseStarted(name, attempt))
        status: Status = "passed"
        place = f"{self.run.file}:{self._seq + 10}:9"
        try:
            if body is not None:
                body()
        except AssertionError as error:
            status = "failed"
            self.emit(events.Failure(name, "failed", str(error), place, "check", None, 1))
        except Stopped as error:
            status = "stopped"
            self.emit(events.Failure(name, "stopped", error.reason, place))
        self.emit(events.CaseFinished(name, status, attempt, final))
        self.statuses[name] = status


class ScriptedRun:
    """Plays a script in a thread, as the test process of a run."""

    file = "sequences/board.yaml"

    def __init__(self, bench: ScriptedBench, listener: Listener) -> None:
        self._bench = bench
        self._listener = listener
        self._fold = Fold()
        self.stopping = threading.Event()
        self.reason = ""
        self.alive = True
        self.played: Played | None = None
        self._thread: threading.Thread | None = None

    def prepare(self) -> None:
        self._bench.prepared += 1

    def happened(self, stamped: Stamped) -> None:
        self._fold.apply(stamped)
        self._listener(stamped)

    def start(self, wish: Wish) -> str:
        identity = str(uuid.uuid4())
        self.played = Played(self, wish)
        started = events.RunStarted(
            identity,
            dict(self._bench.sequence),
            self._bench.modules,
            "0",
            {"name": "stand-7", "timezone": "UTC"},
            {"stand": {"name": "Stand 7", "location": "Line 2"}},
            dict(wish.params),
            None if wish.only is None else list(wish.only),
        )
        self.played.emit(started)
        self._thread = threading.Thread(target=self._play, args=(self.played,), daemon=True)
        self._thread.start()
        return identity

    def _play(self, played: Played) -> None:
        try:
            self._bench.script(played)
        except Stopped:
            pass
        stopped = self.stopping.is_set()
        for module in self._bench.modules:
            for case in module["cases"]:
                name = f"{module['id']}::{case['id']}"
                if name not in played.statuses:
                    played.emit(events.CaseFinished(name, "skipped", 1, True, "the run was stopped"))
                    played.statuses[name] = "skipped"
        status = verdict(played.statuses.values(), stopped=stopped)
        played.emit(events.RunFinished(status, self.reason or None))

    def stop(self, reason: str) -> None:
        self.reason = reason
        self.stopping.set()

    def answer(self, identity: str, result: str, value: Any, by: str | None) -> bool:
        return self.played is not None and self.played.dialogs.deliver(identity, result, value, by)

    def wait(self) -> RunReport:
        assert self._thread is not None
        self._thread.join()
        return self._fold.finish()

    def close(self) -> None:
        self.alive = False


class ScriptedBench:
    """A stand whose sequence is ``modules`` and whose runs are ``script``."""

    choices = (Choice("Board", "The whole board"), Choice("Quick", "Only what matters"))
    first = "Board"

    def __init__(self) -> None:
        self.sequence: dict[str, Any] = {"name": "Board test", "version": "1.4.0", "file": ScriptedRun.file}
        self.modules: list[dict[str, Any]] = []
        self.params: tuple[Param, ...] = ()
        self.script: Script = lambda played: None
        self.prepared = 0
        self.version = 0

    def plan(self, **modules: Mapping[str, str]) -> None:
        """Modules with their cases: ``plan(main={"one": "First"})``."""
        self.modules = [
            {"id": name, "name": name.title(), "group": "main", "cases": [_case(*case) for case in cases.items()]}
            for name, cases in modules.items()
        ]

    def load(self, choice: str) -> Loaded:
        return Loaded(
            sequence={**self.sequence, "name": f"{self.sequence['name']}" if choice == "Board" else choice},
            modules=self.modules,
            params=self.params,
            launch=lambda listener, output: ScriptedRun(self, listener),
        )

    def mark(self, choice: str) -> object:
        return (choice, self.version)


def _case(identity: str, name: str) -> dict[str, Any]:
    return {"id": identity, "name": name, "group": "main", "place": "sequences/board.yaml:12:7"}


class Panel:
    """A panel that is being served, with everything a test wants to look at."""

    def __init__(self, folder: Path, settings: Settings, bench: ScriptedBench, port: int = 0) -> None:
        self.state = StateFolder(folder / ".hardseq")
        self.store = SqliteStore(self.state.database, self.state.attachments)
        self.deliveries = Deliveries(settings, self.state, self.store, folder=folder)
        self.bench = bench
        self.session = WaitingSession(
            bench=bench,
            store=self.store,
            keeper=self.deliveries,
            folder=folder,
            settings=settings.frontend,
            title="Board line",
            stand={"name": "Stand 7"},
        )
        self.server = PanelServer(
            self.session, settings.frontend.host, port, login=settings.frontend.token, note=self.state.panel
        )
        self.session.open()
        self.server.start()
        self.url = self.server.address.rstrip("/")

    def close(self) -> None:
        self.session.close()
        self.server.close()
        self.deliveries.close()
        self.store.close()

    def wait_for(self, state: str, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while self.session.state != state:
            assert time.monotonic() < deadline, f"{self.session.state} and not {state}"
            time.sleep(0.005)


@pytest.fixture
def bench() -> ScriptedBench:
    bench = ScriptedBench()
    bench.plan(main={"one": "First case", "two": "Second case"})
    bench.script = lambda played: [played.case(name) for name in ("main::one", "main::two")]  # type: ignore[assignment,return-value]
    return bench


@pytest.fixture
def serve(tmp_path: Path, bench: ScriptedBench) -> Iterator[Callable[..., Panel]]:
    """Serves a panel: ``serve(frontend={...}, stand_cloud={...})``."""
    panels: list[Panel] = []

    def start(port: int = 0, folder: Path | None = None, **sections: Any) -> Panel:
        from sequencer.domain.settings import FrontendSettings

        settings = Settings(
            frontend=FrontendSettings(**sections.get("frontend", {})),
            stand_cloud=StandCloudSettings(**sections.get("stand_cloud", {})),
        )
        panel = Panel(folder or tmp_path, settings, bench, port)
        panels.append(panel)
        return panel

    yield start
    for panel in panels:
        panel.close()
