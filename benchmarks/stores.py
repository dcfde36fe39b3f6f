"""Saving and listing against a growing history: SQLite and CouchDB, at 1,000, 10,000 and 100,000 stored runs.

    python benchmarks/stores.py                      SQLite to 100,000 runs
    python benchmarks/stores.py --couchdb URL        and a CouchDB, http://user:password@host:5984 (to 10,000)
    python benchmarks/stores.py --couchdb tests      and the server of the test suite (needs Node)

Each figure is the median of several calls in milliseconds. The history grows at 200 runs a day on four stands with
three sequences and twenty part numbers; each run has ten measurements. ``ratio`` is that of the largest history to the
one before.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.store.base import RunFilter, Store

BEGIN = 1_600_000_000.0
SECONDS_BETWEEN_RUNS = 86_400 / 200
MEASUREMENTS = 10
REPEATS = 15


def run_report(number: int, cases: int = MEASUREMENTS, *, start: float | None = None) -> RunReport:
    """The report of run ``number``, made by the fold as a real one is; every case has one limited measurement."""
    dice = random.Random(number)
    begun = BEGIN + number * SECONDS_BETWEEN_RUNS if start is None else start
    failing = dice.randrange(cases) if dice.random() < 0.08 else None
    sequence = f"Sequence {number % 3}"
    plan = [
        {"id": f"case_{index}", "name": f"Case {index}", "group": "main", "place": "s.yaml:9:9"}
        for index in range(cases)
    ]
    stream: list[Event] = [
        events.RunStarted(
            run=_run_id(number, begun),
            sequence={"name": sequence, "version": "1.0", "file": "s.yaml", "sha256": "0" * 64},
            modules=[{"id": "main", "name": "Main", "group": "main", "cases": plan}],
            hardseq="0",
            host={"name": "bench"},
            record={
                "dut": {"serial_number": f"SN{number * 9 // 10:07d}", "part_number": f"PN{number % 20}"},
                "stand": {"name": f"Stand {number % 4}"},
            },
        )
    ]
    for index in range(cases):
        name, passed = f"main::case_{index}", index != failing
        value = dice.gauss(5.0, 0.03) if passed else 6.0
        stream.append(events.CaseStarted(name))
        stream.append(
            events.MeasurementRecorded(name, "s.yaml:9:9", f"Rail {index}", value, "numeric", "V", [4.8, 5.2], passed)
        )
        stream.append(events.CaseFinished(name, "passed" if passed else "failed"))
    stream.append(events.RunFinished("passed" if failing is None else "failed"))
    return fold(Stamped(seq, begun + seq / 100, event) for seq, event in enumerate(stream, 1))


def _run_id(number: int, start: float) -> str:
    bits = (int(start * 1000) << 80) | (7 << 76) | (2 << 62) | number
    return str(uuid.UUID(int=bits))


def timed(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """The median time of a call in milliseconds, the first one left out."""
    call()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def questions(store: Store, stored: int) -> dict[str, float]:
    """What is asked of a history of ``stored`` runs, each with its time."""
    end = BEGIN + stored * SECONDS_BETWEEN_RUNS
    failed = RunFilter(sequence="Sequence 1", verdict="failed")
    middle = store.find(RunFilter(until=BEGIN + stored / 2 * SECONDS_BETWEEN_RUNS)).next
    extra = iter(range(10**9 + stored * 1000, 10**9 + stored * 1000 + 1000))
    reports = [run_report(next(extra), start=end + index) for index in range(REPEATS + 1)]
    large = [run_report(next(extra), 1000, start=end + index) for index in range(REPEATS + 1)]
    return {
        "list: newest 50": timed(store.find),
        "list: 50 from the middle": timed(lambda: store.find(cursor=middle)),
        "list: failed runs of a sequence": timed(lambda: store.find(failed)),
        "list: a serial number": timed(lambda: store.find(RunFilter(serial_number=f"SN{stored // 2:07d}"))),
        "get: the latest report": timed(store.latest),
        "save: 10 cases": timed(lambda: store.save(reports.pop())),
        "save: 1,000 cases": timed(lambda: store.save(large.pop())),
    }


def measure(name: str, store: Store, sizes: list[int]) -> None:
    """Fills the store to each size and prints the table."""
    table: dict[str, list[float]] = {}
    stored = 0
    for size in sizes:
        begun = time.perf_counter()
        for number in range(stored, size):
            store.save(run_report(number))
        rate = (size - stored) / (time.perf_counter() - begun)
        stored = size
        print(f"{name}: {size} runs stored, {rate:.0f} runs/s (making the reports included)", file=sys.stderr)
        store.find()  # builds views
        for question, milliseconds in questions(store, size).items():
            table.setdefault(question, []).append(milliseconds)
    print(f"\n### {name}\n")
    print("| ms (median) | " + " | ".join(f"{size:,} runs" for size in sizes) + " | ratio |")
    print("| --- |" + " ---: |" * (len(sizes) + 1))
    for question, times in table.items():
        ratio = times[-1] / times[-2] if len(times) > 1 else 1.0
        print(f"| {question} | " + " | ".join(f"{one:.2f}" for one in times) + f" | {ratio:.2f} |")


def machine() -> str:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    with_model = Path("/proc/cpuinfo")
    if with_model.exists():
        names = [line.partition(":")[2].strip() for line in with_model.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


@contextmanager
def couchdb(where: str) -> Iterator[Store]:
    """A store in a fresh database of the CouchDB at ``where``."""
    from sequencer.store.couchdb.client import CouchClient
    from sequencer.store.couchdb.store import CouchStore

    server: subprocess.Popen[str] | None = None
    if where == "tests":
        folder = Path(__file__).parents[1] / "tests" / "couchdb_server"
        scratch = Path(tempfile.gettempdir()) / "hardseq-benchmark-couchdb"
        if not (scratch / "node_modules").exists():
            scratch.mkdir(exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                (scratch / name).write_bytes((folder / name).read_bytes())
            subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=scratch, check=True)
        command = ["node", "--max-old-space-size=12000", str(folder / "server.js"), "0", "admin:secret"]
        environment = {**os.environ, "NODE_PATH": str(scratch / "node_modules")}
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        assert server.stdout is not None
        where = server.stdout.readline().split()[1].replace("//", "//admin:secret@")
    parts = urlsplit(where)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    couch = CouchClient(
        address, user=unquote(parts.username or ""), password=unquote(parts.password or ""), timeout=600
    )
    name = f"hardseq-benchmark-{uuid.uuid4().hex[:8]}"
    try:
        yield CouchStore(couch, name, version_1=f"{name}_report")
    finally:
        for database in (name, f"{name}_report"):
            couch.delete(database)
        couch.close()
        if server is not None and server.stdin is not None:
            server.stdin.close()
            server.wait()


def main(arguments: list[str] | None = None) -> None:
    """Measures what was asked for."""
    from sequencer.store.sqlite.store import SqliteStore

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="stored runs (SQLite)")
    parser.add_argument("--couchdb", metavar="URL", help="a CouchDB as well; `tests` starts the test suite's server")
    parser.add_argument("--couchdb-sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--no-sqlite", action="store_true")
    chosen: Any = parser.parse_args(arguments)
    print(machine())
    if not chosen.no_sqlite:
        with tempfile.TemporaryDirectory() as folder:
            store = SqliteStore(Path(folder) / "hardseq.sqlite3")
            measure("SQLite", store, chosen.sizes)
            store.close()
            size = sum(file.stat().st_size for file in Path(folder).iterdir())
            print(f"\nSize of the database: {size / 1e6:.0f} MB for {max(chosen.sizes):,} runs.")
    if chosen.couchdb:
        with couchdb(chosen.couchdb) as remote:
            measure("CouchDB" if chosen.couchdb != "tests" else "Test server", remote, chosen.couchdb_sizes)


if __name__ == "__main__":
    main()
