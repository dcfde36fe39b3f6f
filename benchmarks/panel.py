"""Measures the operator panel: how late a browser is, what ten of them cost the run, how soon the first case begins.

    python benchmarks/panel.py [--cases 1000] [--clients 10] [--rounds 7]
    python benchmarks/panel.py --paint               instead: how soon a new browser shows the live page
    python benchmarks/panel.py --history 100000      instead: how fast the history is, calls and pages in a browser

A real panel in a process of its own serves a sequence of cases with one limited measurement each and nothing to wait
for: the fastest run there is, and so the hardest to follow. The clients read server-sent events over sockets, each
in a process of its own as browsers are, and note when each measurement's event arrives; the event carries the time at
which the test process made it, on the same clock. Runs with and without clients take turns.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import operator
import os
import platform
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def write_sequence(folder: Path, cases: int) -> None:
    """``cases`` cases, each with one measurement between limits."""
    lines = ["name: Benchmark", "modules:", "  main:", "    name: Main", "    cases:"]
    for number in range(cases):
        lines += [
            f"      case_{number}:",
            f"        name: Case {number}",
            "        steps:",
            f"          - {{measure: Value, value: {number}, limits: [0, {cases}]}}",
        ]
    (folder / "sequences").mkdir()
    (folder / "sequences/benchmark.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


class Panel:
    """``hardseq panel`` in a process of its own, its command behind ``prefix``."""

    def __init__(self, folder: Path, prefix: Sequence[str] = ()) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "sequencer", "panel", str(folder), "--port", str(self.port)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        note = folder / ".hardseq/panel.json"
        while not note.exists():
            time.sleep(0.02)
        self.token = json.loads(note.read_text())["token"]
        self.wait_until_ready()

    def state(self) -> str:
        with urlopen(f"http://localhost:{self.port}/healthz") as answer:
            return str(json.loads(answer.read())["state"])

    def wait_until_ready(self) -> None:
        while self.state() != "ready":
            time.sleep(0.05)

    def run(self) -> tuple[float, dict[str, Any]]:
        """Starts a run, waits for its end; the time of the Start and the report."""
        # What the last run left to do is over: the next test process has come up.
        self.wait_until_ready()
        time.sleep(0.5)
        request = Request(
            f"http://localhost:{self.port}/api/start",
            data=b"{}",
            headers={"X-Hardseq-Token": self.token, "Content-Type": "application/json"},
        )
        asked = time.time()
        with urlopen(request) as answer:
            run = json.loads(answer.read())["run"]
        while self.state() in ("running", "saving"):
            time.sleep(0.1)  # seldom: answering is work for the panel that no page gives it
        self.wait_until_ready()
        with urlopen(f"http://localhost:{self.port}/api/runs/{run}") as answer:
            return asked, json.loads(answer.read())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def follow(port: int, number: int, results: Any, following: Any, stop: Any) -> None:
    """``number`` clients: puts the delay in seconds of every measurement that arrives at each."""
    waiting = selectors.DefaultSelector()
    received: list[list[tuple[float, bytes]]] = []
    for _ in range(number):
        reader = socket.create_connection(("localhost", port))
        # HTTP/1.0: the stream comes as it is, not in chunks.
        reader.sendall(b"GET /api/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
        reader.setblocking(False)
        received.append([])
        waiting.register(reader, selectors.EVENT_READ, received[-1])
    following.release()
    while not stop.is_set():
        for key, _ in waiting.select(0.2):
            chunk = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]  # only sockets are registered
            # Looked into later: ten browsers would not do their reading on the stand's processor.
            key.data.append((time.time(), chunk))
    results.put([delay for chunks in received for delay in _delays(chunks)])


def _delays(chunks: list[tuple[float, bytes]]) -> Iterator[float]:
    waiting = b""
    for arrived, chunk in chunks:
        *events, waiting = (waiting + chunk).split(b"\n\n")
        for event in events:
            document = next((json.loads(line[6:]) for line in event.split(b"\n") if line.startswith(b"data: {")), {})
            for change in document.get("cases", {}).values():
                for attempt in change.get("attempts", {}).values():
                    for found in attempt.get("add", {}).get("measurements", ()):
                        yield arrived - found["time"]


class Clients:
    """Readers in a process beside, for as long as the context lasts; ``delays`` is there afterwards."""

    def __init__(self, panel: Panel, number: int) -> None:
        self.delays: list[float] = []
        self._results: Any = multiprocessing.Queue()
        self._following = multiprocessing.Semaphore(0)
        self._stop = multiprocessing.Event()
        arguments = (panel.port, number, self._results, self._following, self._stop)
        self._process = multiprocessing.Process(target=follow, args=arguments) if number else None

    def __enter__(self) -> Clients:
        if self._process is not None:
            self._process.start()
            self._following.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._stop.set()
            self.delays += self._results.get()
            self._process.join()


def seconds(report: dict[str, Any]) -> float:
    return float(report["stop_time"] - report["start_time"])


def first_case(report: dict[str, Any]) -> float:
    return float(report["modules"][0]["cases"][0]["start_time"])


def percentile(values: list[float], fraction: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))]


def measure(cases: int, clients: int, rounds: int) -> dict[str, float]:
    """All figures, times in milliseconds."""
    alone: list[float] = []
    watched: list[float] = []
    delays: list[float] = []
    begun: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sequence(folder, cases)
        panel = Panel(folder)
        try:
            panel.run()  # what is slow the first time is no part of this
            for number in range(rounds * 2):
                with Clients(panel, clients if number % 2 else 0) as readers:
                    asked, report = panel.run()
                (watched if number % 2 else alone).append(seconds(report))
                delays += readers.delays
                begun.append(first_case(report) - asked)
        finally:
            panel.close()
    return {
        "latency, median": statistics.median(delays) * 1000,
        "latency, 99th percentile": percentile(delays, 0.99) * 1000,
        "latency, worst": max(delays) * 1000,
        "events measured": float(len(delays)),
        "run without a client": statistics.median(alone) * 1000,
        f"run with {clients} clients": statistics.median(watched) * 1000,
        # Of neighbours in time, so that what else the machine does weighs on both alike.
        "slowdown, percent": (statistics.median(map(operator.truediv, watched, alone)) - 1) * 100,
        "Start to first case, median": statistics.median(begun) * 1000,
        "Start to first case, worst": max(begun) * 1000,
    }


def measure_history(runs: int) -> dict[str, float]:
    """Milliseconds of calls and pages, with ``runs`` stored runs."""
    import panel_history

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sequence(folder, 10)
        panel_history.fill(folder, runs)
        panel = Panel(folder)
        try:
            return {**panel_history.calls(panel.port, runs), **panel_history.pages(panel.port)}
        finally:
            panel.close()


def measure_paint() -> dict[str, float]:
    """Milliseconds until a browser that never saw the panel shows the live page, and what it asks for."""
    import panel_paint

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sequence(folder, 12)
        panel = Panel(folder)
        try:
            return panel_paint.paint(panel.port)
        finally:
            panel.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--history", type=int, metavar="RUNS", help="measure the history with so many stored runs")
    parser.add_argument("--paint", action="store_true", help="measure the first paint of the live page")
    chosen = parser.parse_args()
    if chosen.paint:
        figures = measure_paint()
        print("12 cases, milliseconds")
    elif chosen.history:
        figures = measure_history(chosen.history)
        print(f"{chosen.history} stored runs, milliseconds")
    else:
        figures = measure(chosen.cases, chosen.clients, chosen.rounds)
        print(f"{chosen.cases} cases, {chosen.clients} clients, {chosen.rounds} rounds, milliseconds")
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors")
    for name, figure in figures.items():
        print(f"{name:32}{figure:12.1f}")


if __name__ == "__main__":
    main()
