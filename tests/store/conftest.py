"""Reports made by the real fold from real events, and every store that the contract suite runs against."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.store.base import Store, StoreError
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.store import CouchStore
from sequencer.store.sqlite.store import SqliteStore

NOON = 1_700_000_000.0
"""Some moment: 2023-11-14 22:13:20 UTC."""

SERVER = Path(__file__).parents[1] / "couchdb_server"

MakeReport = Callable[..., RunReport]


def _case_events(name: str, status: str, values: list[float], files: list[bytes], limits: Any) -> Iterator[Event]:
    yield events.CaseStarted(name)
    for value in values:
        passed = status == "passed"
        yield events.MeasurementRecorded(name, "seq.yaml:9:9", "Rail", value, "numeric", "V", limits, passed)
    for data in files:
        yield events.FileAttached(name, "photo.png", hashlib.sha256(data).hexdigest(), len(data), "image/png")
    if status in ("failed", "error"):
        yield events.FailureRecorded(name, status, "out of limits", "seq.yaml:9:9", error_code=7)  # type: ignore[arg-type]
    yield events.CaseFinished(name, status)  # type: ignore[arg-type]


def make_events(
    run_id: str | None = None,
    *,
    start: float = NOON,
    seconds: float = 10.0,
    status: str = "passed",
    cases: dict[str, str] | None = None,
    serial_number: str | None = "SN1",
    part_number: str | None = "PN1",
    sequence: str = "Board test",
    stand: str | None = "Stand 1",
    selection: list[str] | None = None,
    simulated: bool = False,
    values: list[float] | None = None,
    limits: Any = None,
    files: list[bytes] | None = None,
    finished: bool = True,
    slot: str | None = None,
    joint_start: str = "0199-start",
) -> list[Stamped]:
    """The events of a run; ``cases`` maps full names to statuses (by default one case with the run's status)."""
    cases = {"main::rail": status} if cases is None else cases
    plan = [
        {
            "id": "main",
            "name": "Main",
            "group": "main",
            "description": None,
            "cases": [
                {
                    "id": name.partition("::")[2],
                    "name": name,
                    "group": "main",
                    "description": None,
                    "place": "seq.yaml:5:5",
                    "critical": False,
                    "tags": [],
                    "attempts": 1,
                    "timeout": None,
                }
                for name in cases
            ],
        }
    ]
    dut = {"serial_number": serial_number, "part_number": part_number}
    record = {
        "dut": {key: value for key, value in dut.items() if value is not None},
        "stand": {} if stand is None else {"name": stand},
    }
    stream: list[Event] = [
        events.RunStarted(
            run=run_id or new_id(start),
            sequence={"name": sequence, "version": "1.0", "description": None, "file": "seq.yaml", "sha256": "0" * 64},
            modules=plan,
            hardseq="0.1.0",
            host={"name": "bench", "id": "1", "os": "Linux", "python": "3.11", "timezone": "UTC"},
            record=record,
            selection=selection,
            simulated=simulated,
            slot=None if slot is None else {"name": slot, "number": 1},
            start=None if slot is None else {"id": joint_start, "slots": [slot]},
        )
    ]
    for name, case_status in cases.items():
        stream += _case_events(name, case_status, values or [5.0], files or [], limits or [4.8, 5.2])
    if finished:
        stream.append(events.RunFinished(status))  # type: ignore[arg-type]
    times = [start] * (len(stream) - 1) + [start + seconds]
    return [Stamped(number, time, event) for number, (time, event) in enumerate(zip(times, stream, strict=True), 1)]


def new_id(start: float) -> str:
    """A UUIDv7 of that moment."""
    random = uuid.uuid4().int
    bits = (int(start * 1000) << 80) | (7 << 76) | (random & ((1 << 76) - 1))
    return str(uuid.UUID(int=(bits & ~(0b11 << 62)) | (0b10 << 62)))


@pytest.fixture
def stream() -> Callable[..., list[Stamped]]:
    """Makes the events of a run."""
    return make_events


@pytest.fixture
def report() -> MakeReport:
    """Makes the report of a run."""
    return lambda run_id=None, *, aborted=False, **about: fold(make_events(run_id, **about), aborted=aborted)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Where attached files wait for the store."""
    folder = tmp_path / "attachments"
    folder.mkdir()
    return folder


@pytest.fixture
def open_sqlite(tmp_path: Path, files: Path) -> Iterator[Callable[[], SqliteStore]]:
    """Opens the embedded database of this test, as often as wanted."""
    opened: list[SqliteStore] = []

    def open_() -> SqliteStore:
        opened.append(SqliteStore(tmp_path / "state" / "hardseq.sqlite3", files))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of a few megabytes; where that takes rights that we lack, the test is left out."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("a small file system can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> None:
    """Uses up what is free on the disk of the folder."""
    with suppress(OSError), (folder / "fill").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@dataclass(frozen=True)
class Server:
    """A CouchDB that tests may use: ``real`` when it is not the suite's own."""

    url: str
    user: str
    password: str
    real: bool = False

    def connect(self, **options: Any) -> CouchClient:
        """A client with the administrator's rights."""
        return CouchClient(self.url, **{"user": self.user, "password": self.password, "timeout": 20.0, **options})


def _installed_modules() -> Path:
    """The server's npm packages: beside it, as `make test` installs them, or in a cache folder named after what is in
    the lock file."""
    # npm writes this file last.
    if (SERVER / "node_modules" / ".package-lock.json").is_file():
        return SERVER / "node_modules"
    lock = (SERVER / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / f"hardseq-test-couchdb-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(SERVER / name, scratch)
            npm = shutil.which("npm")
            assert npm, "the tests of CouchDB need Node with npm, or HARDSEQ_TEST_COUCHDB_URL"
            subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=scratch, check=True)
            Path(scratch, "done").mkdir()
            Path(scratch, "node_modules").rename(Path(scratch, "done", "node_modules"))
            with suppress(OSError):  # another test run was faster
                Path(scratch, "done").rename(folder)
    return folder / "node_modules"


@contextmanager
def run_server(port: int = 0) -> Iterator[Server]:
    """A fresh server on a free port unless one is given: the suite's own, or the CouchDB that is installed in the
    folder ``HARDSEQ_TEST_COUCHDB``."""
    installed = os.environ.get("HARDSEQ_TEST_COUCHDB")
    if installed is not None:
        spec = importlib.util.spec_from_file_location("release", SERVER / "release.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with module.run_release(Path(installed), port, "admin", "secret") as url:
            yield Server(url, "admin", "secret", real=True)
        return
    command = ["node", str(SERVER / "server.js"), str(port), "admin:secret"]
    environment = {**os.environ, "NODE_PATH": str(_installed_modules())}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ready, _, url = process.stdout.readline().strip().partition(" ")
        assert ready == "READY", "the CouchDB server of the tests did not start"
        try:
            yield Server(url, "admin", "secret")
        finally:
            process.stdin.close()
            process.wait(60)


@pytest.fixture(scope="session")
def couchdb_server() -> Iterator[Server]:
    """The CouchDB at HARDSEQ_TEST_COUCHDB_URL, or a server that is started for the tests (see ``run_server``)."""
    url = os.environ.get("HARDSEQ_TEST_COUCHDB_URL")
    if url is None:
        with run_server() as server:
            yield server
        return
    parts = urlsplit(url)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    yield Server(address, unquote(parts.username or ""), unquote(parts.password or ""), real=True)


@pytest.fixture
def start_server() -> Callable[..., AbstractContextManager[Server]]:
    """Starts a server that the test may stop and start again."""
    return run_server


@pytest.fixture
def database(couchdb_server: Server) -> Iterator[str]:
    """A name for the databases of one test, which are gone afterwards."""
    name = f"test{uuid.uuid4().hex[:12]}"
    yield name
    couch = couchdb_server.connect()
    for suffix in ("", "_units", "_live", "_report"):
        with suppress(StoreError):
            couch.delete(name + suffix)
    couch.close()


@pytest.fixture
def open_couchdb(couchdb_server: Server, database: str, files: Path) -> Iterator[Callable[..., CouchStore]]:
    """Opens the CouchDB database of this test, as often as wanted."""
    opened: list[CouchStore] = []

    def open_(**settings: Any) -> CouchStore:
        name = f"{database}_report"
        opened.append(CouchStore(couchdb_server.connect(), database, files, version_1=name, **settings))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.fixture(params=["sqlite", pytest.param("couchdb", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store of every kind."""
    opened: Store = request.getfixturevalue(f"open_{request.param}")()
    return opened


@pytest.fixture
def faulty(couchdb_server: Server) -> Iterator[Any]:
    """A proxy before the CouchDB of the tests that misbehaves as asked (``tests/couchdb_server/faulty.py``)."""
    spec = importlib.util.spec_from_file_location("faulty", SERVER / "faulty.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.FaultyServer(couchdb_server.url) as server:
        yield server
