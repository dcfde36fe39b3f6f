"""A stand process with clients as the test processes of slots have them, and the drivers that they share."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sequencer.protocol.stand import SaidKind
from sequencer.runner.stand_process import StandProcess
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.stand_client import SharedDriverSource, StandClient
from sequencer.vocabulary.status import WaitKind

Result = TypeVar("Result")

BENCH = """
import os, threading, time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy

from sequencer.vocabulary.failure import StepFailed


class Range(Enum):
    LOW = "low"


class Pair(NamedTuple):
    low: float
    high: float


@dataclass
class Reading:
    volts: float
    range: Range = Range.LOW


class Trace(Sequence):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return [1.5, 2.5][index]


class OddError(Exception):
    error_code = 42

    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")
        self.lock = threading.Lock()


class Channel:
    def __init__(self, meter, number):
        self.meter = meter
        self.number = number
        self.lock = threading.Lock()

    def read(self):
        return self.meter.add(self.number)

    def __del__(self):
        self.meter.freed += 1


class Meter:
    opened = 0

    def __init__(self, port="A", log=None):
        type(self).opened += 1
        if port == "broken":
            raise OSError("no such port")
        self.port = port
        self.log = log
        self.total = 0
        self.freed = 0
        self.inside = 0
        self.level = 3
        self.pid = os.getpid()

    def add(self, number):
        self.total += number
        return self.total

    def overlap(self):
        self.inside += 1
        most = self.inside
        time.sleep(0.002)
        most = max(most, self.inside)
        self.inside -= 1
        return most

    def thread(self):
        return threading.get_ident()

    def generation(self):
        return type(self).opened

    def echo(self, value=None, *more, **named):
        return value

    def channel(self, number):
        return Channel(self, number)

    def number_of(self, channel):
        return channel.number

    def itself(self):
        return self

    def unpicklable(self):
        return [1, threading.Lock()]

    def function(self):
        return lambda x: x + 1

    def values(self):
        return {
            "enum": Range.LOW,
            "pair": Pair(1.0, 2.0),
            "reading": Reading(1.5),
            "array": numpy.array([1.5, 2.5]),
            "trace": Trace(),
        }

    def steps(self):
        yield 1

    async def later(self):
        return 1

    def fail(self):
        raise OddError("no answer", "no echo")

    def judge(self):
        raise StepFailed("too low", 7)

    def say(self, text):
        print(text)

    def poll(self, path):
        # As many drivers wait: in Python, and what was switched on is switched off whatever happens.
        try:
            self.write(path, "on")
            while True:
                time.sleep(0.01)
        finally:
            self.write(path, "off")

    def wait_for(self, path, gate):
        self.write(path, "waiting")
        while not os.path.exists(gate):
            time.sleep(0.005)

    def hang(self, path, fifo):
        # Nothing reaches this but the end of the process.
        self.write(path, "hanging")
        os.read(os.open(fifo, os.O_RDONLY), 1)

    def crash(self):
        os._exit(9)

    def fork_and_crash(self):
        # The copy has all that the process had, the socket on which it listens too.
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(9)

    @staticmethod
    def write(path, text):
        with open(path, "a") as file:
            file.write(text + "\\n")

    def close(self):
        if self.log:
            self.write(self.log, f"closed {self.port}")


def volts(scale=1.0):
    return 2.5 * scale
"""


class Listener:
    """What a client tells of its waiting."""

    place = "seq.yaml:1:1"

    def __init__(self) -> None:
        self.started: list[tuple[WaitKind, list[str]]] = []
        self.finished: list[tuple[WaitKind, list[str], float]] = []
        self.heard: list[tuple[SaidKind, tuple[Any, ...]]] = []

    def wait_started(self, kind: WaitKind, names: Sequence[str]) -> None:
        """Keeps it."""
        self.started.append((kind, list(names)))

    def wait_finished(self, kind: WaitKind, names: Sequence[str], seconds: float) -> None:
        """Keeps it."""
        self.finished.append((kind, list(names), seconds))

    def said(self, what: SaidKind, arguments: Sequence[Any]) -> None:
        """Keeps it."""
        self.heard.append((what, tuple(arguments)))


class Stand:
    """A stand process, and slots: ``client`` gives one, ``apart`` does something in a thread, where another is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: list[str] = []
        self.process = StandProcess(self.printed.append, folder, grace=0.3)
        self.clients: list[StandClient] = []
        self._pool = ThreadPoolExecutor(80)

    def client(
        self,
        slot: str = "left",
        slots: Sequence[str] = ("left",),
        interrupts: Interrupts | None = None,
        listener: Listener | None = None,
    ) -> StandClient:
        """A slot's connection. In the main thread it needs ``interrupts`` to be interrupted."""
        client = StandClient(
            self.process.address(),
            # Made in another thread it leaves the signal of the main thread to the one that is given.
            interrupts or self.apart(Interrupts).result(),
            listener or Listener(),
            start="1",
            slot=slot,
            slots=slots,
        )
        self.clients.append(client)
        return client

    def source(
        self, name: str = "meter", target: str = "Meter", *, reopens: bool = True, **arguments: object
    ) -> SharedDriverSource:
        """A driver of the bench."""
        origin = {"file": "bench.py", "module": None, "target": target}
        return SharedDriverSource(name, str(self.folder), ["."], origin, arguments, reopens)  # type: ignore[arg-type]  # the keys are those of DriverOrigin

    def meter(self, client: StandClient, **arguments: object) -> Any:
        """The shared meter, as that slot has it."""
        return client.open(self.source(**arguments))  # type: ignore[arg-type]  # of the driver

    def apart(self, function: Callable[[], Result]) -> Future[Result]:
        """Does something at the same time."""
        return self._pool.submit(function)

    def close(self) -> None:
        """All slots end, then the process."""
        for client in self.clients:
            client.close()
        self.process.close()
        self._pool.shutdown()


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """With nothing open yet."""
    (tmp_path / "bench.py").write_text(textwrap.dedent(BENCH))
    made = Stand(tmp_path)
    yield made
    made.close()


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    """Those of the main thread."""
    made = Interrupts()
    yield made
    made.close()


def wait_for(condition: Callable[[], object]) -> None:
    """Until it is so; a test that waits in vain is ended by its timeout."""
    while not condition():
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
