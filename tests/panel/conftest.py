"""A stand with an operator panel, all of it real: sequences, test processes, store, server, and a browser."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from sequencer.app.panel_session import panel_session
from sequencer.app.project_bench import ProjectBench
from sequencer.app.project_report_store import ProjectReportStore
from sequencer.panel import start_session
from sequencer.panel.server import PanelServer
from sequencer.project.project_folder import open_project
from sequencer.report.model import RunReport
from tests.conftest import is_free, ports
from tests.figures.line import SHIFTS, copied, line, made
from tests.made_once import made_once
from tests.panel.pages import Pages
from tests.panel.routing import compile_once
from tests.panel.sequences import BENCH, SIMPLE


class Answer:
    """An answer over HTTP, errors included."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Panel:
    """A panel that is being served."""

    def __init__(self, folder: Path, target: Path, port: int, host: str | None) -> None:
        self.project = open_project(target).checked()
        settings = self.project.settings
        self._opened = ExitStack()
        self.told: list[str] = []
        self.report_store = self._opened.enter_context(ProjectReportStore(self.project, self.told.append))
        self.session = panel_session(
            ProjectBench(target, self.project, report_store=self.report_store),
            self.project,
            self.report_store,
            title=settings.tests_name or "",
            output=lambda text: None,
        )
        self.server = PanelServer(
            self.session,
            host or settings.frontend.host,
            port,
            login=settings.frontend.token,
            note=self.project.state.panel,
            users=self.project.users_file(),
        )
        self._opened.callback(self.server.close)
        self._opened.callback(self.session.close)
        self.session.open()
        self.server.start()
        self.port = self.server.port
        self.url = f"http://localhost:{self.port}"

    def close(self) -> None:
        self._opened.close()

    def wait_for(self, *states: str, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while self.session.state not in states:
            assert time.monotonic() < deadline, f"{self.session.state} and not {states}"
            time.sleep(0.005)

    def wait_for_runs(self, count: int) -> None:
        """Until so many reports are stored."""
        self.wait_until(lambda: len(self.report_store.store.find().runs) >= count)
        assert len(self.report_store.store.find().runs) == count

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Waits until something is so, which it will be."""
        deadline = time.monotonic() + 60
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def ask(
        self, method: str, path: str, body: Any = None, *, token: bool = True, headers: dict[str, str] | None = None
    ) -> Answer:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **({"X-Hardseq-Token": self.session.token} if token else {})}
        request = Request(self.url + path, data=data, method=method, headers={**sent, **(headers or {})})
        try:
            with urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def run(self, **start: Any) -> RunReport:
        """Starts over HTTP, waits for the end, returns the stored report."""
        self.wait_for("ready")
        answer = self.ask("POST", "/api/start", start)
        assert answer.status == 200, answer.body
        self.wait_for("saving", "ready", "blocked", "loading")
        self.wait_for("ready")
        report = self.report_store.store.get(answer.json["run"])
        assert report is not None
        return report

    def last(self) -> RunReport:
        """The report of the run that ended last."""
        self.wait_for("ready")
        report = self.report_store.store.latest()
        assert report is not None
        return report

    def go(self) -> None:
        """Lets a run go on that waits in ``bench.wait``."""
        (self.project.folder / "go").touch()


class Stand:
    """A project folder to fill, and panels of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.target = folder
        self.panels: list[Panel] = []
        self.write("drivers/bench.py", BENCH)
        self.sequence("board", SIMPLE)

    def write(self, name: str, text: str | bytes) -> Path:
        """In one go: a panel that looks at its files never sees a half of one."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return new.replace(path)

    def sequence(self, name: str, text: str) -> Path:
        if name != "board":
            (self.folder / "sequences/board.yaml").unlink(missing_ok=True)
        return self.write(f"sequences/{name}.yaml", text.replace("HERE", json.dumps(str(self.folder))))

    def steps(self, steps: str) -> None:
        """A sequence of one case with these steps."""
        indented = textwrap.indent(textwrap.dedent(steps).strip(), " " * 10)
        head = ["name: Asking", "modules:", "  main:", "    name: Main", "    cases:", "      ask:"]
        self.sequence("asking", "\n".join([*head, "        name: Ask", "        steps:", indented, ""]))

    def configure(self, text: str) -> None:
        self.write("hardseq.toml", text)

    def open(self, port: int = 0, host: str | None = None) -> Panel:
        panel = Panel(self.folder, self.target, port or _usual_port(), host)
        self.panels.append(panel)
        return panel


_PORT: list[int] = []


def _usual_port() -> int:
    """The same for each test, where it is free: a browser knows most of a panel then, and has compiled it."""
    if not _PORT:
        _PORT.append(next(filter(is_free, ports())))
    return _PORT[0] if is_free(_PORT[0]) else 0


@pytest.fixture(scope="module")
def shared_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A stand that the tests of a module share; they only look."""
    yield from _stand(tmp_path_factory.mktemp("stand"))


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A stand with one simple sequence, to be changed before ``open``."""
    yield from _stand(tmp_path)


def _stand(folder: Path) -> Iterator[Stand]:
    with pytest.MonkeyPatch.context() as environment:
        for name in ("HARDSEQ_STATE_DIR", "HARDSEQ_PANEL_TOKEN", "HARDSEQ_SC_API_KEY"):
            environment.delenv(name, raising=False)
        stand = Stand(folder)
        yield stand
        for panel in stand.panels:
            panel.close()


@pytest.fixture(scope="session")
def line_kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with store and index of the 20,000 runs of ``tests/figures/line.py``, to be copied."""
    return made_once(tmp_path_factory, "line", lambda folder: made(folder, list(line())))


@pytest.fixture(scope="session")
def line_panel(line_kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A panel with these runs; tests only look. ``browse(..., now=END)`` is its time.

    The index has all runs, the store the reports of the newest hundred: the index goes on from there.
    """
    for stand in _stand(tmp_path_factory.mktemp("line")):
        stand.configure(f"[frontend]\nshifts = {json.dumps(SHIFTS)}\n")
        copied(line_kept, stand.folder / ".hardseq")
        yield stand.open()


@pytest.fixture
def staffed(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """A stand with users of each role, whose PINs and tokens are known. Their hashes are cheap ones."""
    from sequencer.project import users
    from tests.panel.staff import add_staff

    monkeypatch.setattr(users, "COST", (4, 1, 1))
    add_staff(stand.folder)
    return stand


@pytest.fixture(scope="session", autouse=True)
def garbage() -> Iterator[None]:
    """Stays where it is: in a process with all tests to look for it, as a panel does before each run, takes as long as
    the run. ``test_garbage_collection.py`` shows that a panel does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(start_session, "collect", lambda: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def routes() -> Iterator[None]:
    """Compiled once, not for each panel."""
    with pytest.MonkeyPatch.context() as patch:
        compile_once(patch)
        yield


@pytest.fixture(scope="session")
def pages_of() -> Callable[[Any], Pages]:
    """The pages of a browser."""
    known: dict[Any, Pages] = {}
    return lambda browser: known.setdefault(browser, Pages(browser))


@pytest.fixture
def browse(chromium: Any, pages_of: Callable[[Any], Pages]) -> Iterator[Callable[..., Any]]:
    """Opens a page of a panel: ``browse(panel, "/runs", locale="de")``. No page may have an error in its console.

    It is as a new one, though another test may have had it (``pages.py``), unless ``new`` says that it is one.

    Nothing turns or slides on it: each frame of that would be drawn without a graphics card. ``MOVING`` are the options
    of a page where it does. With ``clock``, what it does after some seconds comes when ``page.clock`` says so, or then.
    ``now``: what time it is for the page (Unix seconds).
    """
    pages = pages_of(chromium)

    def open_page(
        panel: Panel | str,
        path: str = "/",
        *,
        strict: bool = True,
        clock: bool = False,
        now: float | None = None,
        new: bool = False,
        **options: Any,
    ) -> Any:
        wanted = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        opened = pages.take(wanted, now, new=new)
        opened.strict = strict
        page = opened.page
        if clock:
            page.clock.install()
        page.goto((panel if isinstance(panel, str) else panel.url) + path)
        return page

    yield open_page
    wrong = pages.put_back()
    assert not wrong


@pytest.fixture
def spawn() -> Iterator[Callable[..., Any]]:
    """Starts ``python -m sequencer ...``, its output in a pipe; none outlives the test, whatever that ends with."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "sequencer", *map(str, arguments)]
        root = Path(__file__).parents[2]
        started.append(subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
