"""Reports made by the real fold from real events, and every store that the contract suite runs against."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sequencer.domain.fold import fold
from sequencer.store.base import Store
from sequencer.store.sqlite import SqliteStore
from sequencer.vocabulary import event as events
from sequencer.vocabulary.event import Event, Stamped
from sequencer.vocabulary.report import RunReport

NOON = 1_700_000_000.0
"""Some moment: 2023-11-14 22:13:20 UTC."""

MakeReport = Callable[..., RunReport]


def _case_events(name: str, status: str, values: list[float], files: list[bytes], limits: Any) -> Iterator[Event]:
    yield events.CaseStarted(name)
    for value in values:
        passed = status == "passed"
        yield events.Measurement(name, "seq.yaml:9:9", "Rail", value, "numeric", "V", limits, passed)
    for data in files:
        yield events.Attachment(name, "photo.png", hashlib.sha256(data).hexdigest(), len(data), "image/png")
    if status in ("failed", "error"):
        yield events.Failure(name, status, "out of limits", "seq.yaml:9:9", error_code=7)  # type: ignore[arg-type]
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


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store of every kind."""
    opened: Store = request.getfixturevalue(f"open_{request.param}")()
    return opened
