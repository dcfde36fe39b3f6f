"""The figures at the centre: how fast an index is made again from CouchDB, and how far it is behind forty stands.

``benchmarks/figures.py --couchdb`` calls it. The stands are a process of its own, this file: it stores forty runs a
second and writes down when each of them was safe. Meanwhile somebody asks what the pages ask, without a pause.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from sequencer.figures.catalogue import QUESTIONS
from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex
from sequencer.figures.scope import Scope
from sequencer.figures.service import FiguresService
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.store import CouchStore
from tests.figures.line import line, whole_report
from tests.store.conftest import run_server

STANDS = 40
"""Each of them stores a run every second."""
STORED = 2_000
"""Runs of the database that an index is made again from."""
Asked = Sequence[tuple[str, Scope, Mapping[str, str]]]


@contextmanager
def server(where: str) -> Iterator[str]:
    """The address of the CouchDB, with user and password; ``tests``: that of the test suite, which is started."""
    if where != "tests":
        yield where
        return
    with run_server() as started:
        yield started.url.replace("//", f"//{started.user}:{started.password}@")


def connect(address: str) -> CouchClient:
    """A client for an address with user and password."""
    parts = urlsplit(address)
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return CouchClient(plain, user=unquote(parts.username or ""), password=unquote(parts.password or ""), timeout=60)


def at_the_centre(where: str, index: Path, pages: Mapping[str, Asked], seconds: int) -> Iterator[str]:
    """Lines and rows: rates of making an index again, then the lag behind the stands and how long pages took."""
    name = f"hardseq-benchmark-{uuid.uuid4().hex[:8]}"
    with server(where) as address, ExitStack() as ending:
        couch = connect(address)
        ending.callback(couch.close)
        store = CouchStore(couch, name, version_1=f"{name}_report")
        for database in (name, f"{name}_report"):
            ending.callback(couch.delete, database)
        for rows in line(STORED, measurements=20):
            store.save(whole_report(rows))
        store.prepare()
        _await_indexes(couch)
        yield f"`_all_docs` gives {_rate(lambda: _read_all(couch, name)):,.0f} runs/s"
        yield f"`_changes`, which says what is new, gives {_rate(lambda: _end(store)):,.0f} runs/s"
        yield f"made again from CouchDB: {_rate(lambda: _made_again(store, index)):,.0f} runs/s"
        yield from _behind(store, address, name, index, pages=pages, seconds=seconds)


def _await_indexes(couch: CouchClient) -> None:
    """Until CouchDB has long built none: it builds the indexes of a new database in the background, with all there is
    of two processors."""
    idle = 0.0
    while idle < 5:
        idle = 0.0 if couch.get("_active_tasks") else idle + 0.5
        time.sleep(0.5)


def _rate(read: Callable[[], object]) -> float:
    """Runs a second, the best of three."""
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        read()
        taken.append(time.perf_counter() - begun)
    return STORED / min(taken)


def _made_again(store: CouchStore, index: Path) -> None:
    with TemporaryDirectory(dir=index.parent) as scratch, FiguresIndex(Path(scratch, "centre.duckdb")) as made:
        follow(made, store)


def _read_all(couch: CouchClient, name: str) -> None:
    last = ""
    while True:
        rows = couch.get(name, "_all_docs", include_docs="true", limit=500, startkey=json.dumps(last))["rows"]
        if len(rows) < 500:
            return
        last = rows[-1]["key"] + "\0"


def _behind(
    store: CouchStore, address: str, name: str, index: Path, *, pages: Mapping[str, Asked], seconds: int
) -> Iterator[str]:
    with FiguresIndex(index) as copied:
        copied.add(store.place, _end(store), [])  # what is there already is not its business
        before, _ = copied.counts()
    service = FiguresService(store, index, index.with_suffix(".lock"))
    command = [sys.executable, __file__, address, name, str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as stands:
        assert stands.stdin is not None and stands.stdout is not None
        try:
            service.follow()
            assert stands.stdout.readline() == "ready\n"
            ended = threading.Event()
            with ThreadPoolExecutor(2) as watching:
                counted = watching.submit(_counted, service, before, ended)
                asked = watching.submit(_asked, service, pages, ended)
                stands.stdin.write("go\n")
                stands.stdin.flush()
                safe = sorted(float(said) for said in stands.stdout)
                while service.state().runs < before + len(safe):
                    time.sleep(0.05)
                ended.set()
                yield from _told(safe, counted.result(), asked.result())
        finally:
            service.close()


def _end(store: CouchStore) -> str:
    place: str | None = None
    while (found := store.changes(place)).left:
        place = found.next
    return found.next


def _counted(service: FiguresService, before: int, ended: threading.Event) -> list[float]:
    """When each run was in the index."""
    times: list[float] = []
    while not ended.wait(0.02):
        times += [time.time()] * (service.state().runs - before - len(times))
    return times


def _asked(service: FiguresService, pages: Mapping[str, Asked], ended: threading.Event) -> dict[str, list[float]]:
    """How long each page took, in milliseconds, from the waiting for the newest run to the last answer."""
    taken: dict[str, list[float]] = {name: [] for name in pages}
    while not ended.is_set():
        for name, questions in pages.items():
            begun = time.perf_counter()
            for question, scope, given in questions:
                service.ask(QUESTIONS[question], scope, given)
            taken[name].append((time.perf_counter() - begun) * 1000)
    return taken


def _told(safe: list[float], counted: list[float], asked: dict[str, list[float]]) -> Iterator[str]:
    lags = [done - stored for stored, done in zip(safe, counted, strict=False)]
    rate = (len(safe) - 1) / (safe[-1] - safe[0])
    yield f"{len(safe):,} runs of {STANDS} stands, {rate:.0f} a second"
    yield "\n| seconds, ms | median | 95th percentile | slowest |\n| --- | ---: | ---: | ---: |"
    yield f"| a run is counted after, seconds | {_spread(lags, 2)} |"
    for name, taken in asked.items():
        yield f"| page {name} meanwhile, ms | {_spread(taken, 0)} |"


def _spread(values: list[float], digits: int) -> str:
    return " | ".join(
        f"{one:.{digits}f}" for one in (median(values), quantiles(values, n=20, method="inclusive")[-1], max(values))
    )


def stands(address: str, name: str, seconds: int, told: Callable[[str], None]) -> None:
    """Stores ``STANDS`` runs a second, evenly, and tells when each was safe (Unix seconds)."""
    reports = [whole_report(rows) for rows in line(STANDS * seconds, measurements=20, seed=1, days=3)]
    stores = [CouchStore(connect(address), name, version_1=f"{name}_report") for _ in range(4)]
    told("ready")
    sys.stdin.readline()
    begun = time.time()

    def store(place: int) -> float:
        time.sleep(max(0.0, begun + place / STANDS - time.time()))
        stores[place % len(stores)].save(reports[place])
        return time.time()

    with ThreadPoolExecutor(len(stores)) as saving:
        for moment in saving.map(store, range(len(reports))):
            told(repr(moment))


if __name__ == "__main__":
    stands(sys.argv[1], sys.argv[2], int(sys.argv[3]), lambda text: print(text, flush=True))
