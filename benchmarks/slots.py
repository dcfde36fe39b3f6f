"""Measures what testing several products at once costs, in ratios within one run.

    python benchmarks/slots.py [--slots 8] [--rounds 3]        about five minutes on an idle machine
    python benchmarks/slots.py --write                         and puts the table into docs/benchmarks.md
    python benchmarks/slots.py --testerkit PYTHON              beside it TesterKit's sites; an interpreter that has it

The work: each slot waits for an instrument of its own (200 cases of 10 ms); all slots want one meter all the time, a
call of which takes 4 ms; and a warm panel that starts all of them. Beside it today's way on the same work: a
`hardseq run` of its own for each product, started by hand, each with a state folder of its own; and, for a shared call,
the standard library's `BaseManager`, which neither queues calls nor knows where they stand in a sequence.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from multiprocessing.managers import BaseManager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

import processes
from machine import describe
from panel import Panel, percentile
from peers.testerkit import TesterKitSites
from tables import Goal, goal_table, write_into

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
MARK = "slots"
CASES = 200
CASE_SECONDS = 0.01
CALLS = 150
"""Of the meter, by each slot."""
CALL_SECONDS = 0.004

DRIVER = f'''"""Instruments that take their time and compute nothing."""

import time


class Nest:
    """One per slot."""

    def read(self):
        """Volts, after {CASE_SECONDS * 1000:g} ms."""
        time.sleep({CASE_SECONDS})
        return 5.0


class Meter:
    """There is one."""

    def read(self):
        """Volts, after {CALL_SECONDS * 1000:g} ms."""
        time.sleep({CALL_SECONDS})
        return 5.0
'''


def own_instrument(cases: int) -> str:
    """``cases`` cases that each wait for the slot's own instrument."""
    lines = ["name: Own", "drivers: {nest: bench.Nest}", "modules:", "  main:", "    cases:"]
    lines += [
        f"      c{number}: {{steps: [{{measure: Rail, call: nest.read, limits: [4.8, 5.2]}}]}}"
        for number in range(cases)
    ]
    return "\n".join(lines) + "\n"


def one_meter(*, shared: bool) -> str:
    """One case with ``CALLS`` calls of a meter, which all slots share or each has."""
    return f"""name: Meter
drivers: {{meter: {{use: bench.Meter, shared: {str(shared).lower()}}}}}
modules:
  main:
    cases:
      calls:
        steps:
          - repeat: {CALLS}
            steps: [{{measure: Rail, call: meter.read, limits: [4.8, 5.2]}}]
"""


def write_project(folder: Path, sequence: str, slots: int) -> Path:
    """A project of its own; without ``slots`` it is a stand with one place."""
    for name, text in {
        "drivers/bench.py": DRIVER,
        "sequences/bench.yaml": sequence,
        "hardseq.toml": "".join(f"[slots.s{number}]\n" for number in range(1, slots + 1)),
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def command(*more: str) -> list[str]:
    """``hardseq run`` of the project in the present folder."""
    return [sys.executable, "-m", "sequencer", "run", "sequences/bench.yaml", "--no-panel", "--report", "out", *more]


def reports(folder: Path) -> list[Any]:
    """Those of the last run. Raises ``RuntimeError`` when not all passed."""
    found = [json.loads(file.read_text("utf-8")) for file in sorted((folder / "out").glob("*.json"))]
    if not found or any(report["status"] != "passed" for report in found):
        raise RuntimeError(f"not every slot passed in {folder}")
    return found


def by_hand(folders: list[Path]) -> float:
    """Seconds that a ``hardseq run`` of its own for each takes, all started at once."""
    words = [sys.executable, "-m", "sequencer", "run", "sequences/bench.yaml", "--no-panel"]
    begun = time.perf_counter()
    running = [
        subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, env=processes.environment())
        for folder in folders
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise RuntimeError("a run by hand did not pass")
    return time.perf_counter() - begun


def delays(report: Any) -> Iterator[float]:
    """Milliseconds from one call's value to the next one's."""
    for attempt in report["modules"][0]["cases"][0]["attempts"]:
        times = [measured["time"] for measured in attempt["measurements"]]
        yield from ((later - earlier) * 1000 for earlier, later in itertools.pairwise(times))


class Meter:
    """The same meter for ``BaseManager``."""

    def read(self) -> float:
        """Volts, after a while."""
        time.sleep(CALL_SECONDS)
        return 5.0


class Manager(BaseManager):
    """Holds a meter in a process of its own."""


Manager.register("meter", Meter)


def manager_delay() -> float:
    """Milliseconds that a call through a ``BaseManager`` adds to a local one, in the median."""

    def delay(meter: Any) -> float:
        times = [time.perf_counter() for _ in range(CALLS) if meter.read()]
        return median(later - earlier for earlier, later in itertools.pairwise(times)) * 1000

    with Manager() as manager:
        return delay(manager.meter()) - delay(Meter())  # type: ignore[attr-defined]  # `register` adds it


def case_seconds(report: Any) -> tuple[float, float]:
    """When the first attempt of a run's first case began, and when its last one ended."""
    cases = [case for module in report["modules"] for case in module["cases"]]
    return min(case["start_time"] for case in cases), max(case["stop_time"] for case in cases)


def start_delay(panel: Panel, slots: int) -> float:
    """Milliseconds from Start until the first case of the last slot has begun."""
    panel.wait_until_ready()
    time.sleep(1.0)
    body = json.dumps({"slots": {f"s{number}": {} for number in range(1, slots + 1)}}).encode()
    headers = {"X-Hardseq-Token": panel.token, "Content-Type": "application/json"}
    asked = time.time()
    with urlopen(Request(f"http://localhost:{panel.port}/api/start", data=body, headers=headers)) as answer:
        json.loads(answer.read())
    begun = {}
    while len(begun) < slots:
        time.sleep(0.05)
        with urlopen(f"http://localhost:{panel.port}/api/state") as answer:
            state = json.loads(answer.read())
        begun = {name: slot["start_time"] for name, slot in state["slots"].items() if slot["status"] != "ready"}
    panel.wait_until_ready()
    with urlopen(f"http://localhost:{panel.port}/api/runs?limit={slots}") as answer:
        runs = [run["id"] for run in json.loads(answer.read())["runs"]]
    first = []
    for run in runs:
        with urlopen(f"http://localhost:{panel.port}/api/runs/{run}") as answer:
            first.append(case_seconds(json.loads(answer.read()))[0])
    return (max(first) - asked) * 1000


def measure(
    slots: int, rounds: int, cases: int, folder: Path, testerkit: Path | None, *, warm_up: bool
) -> Mapping[str, list[float]]:
    """Every figure, round by round; with ``warm_up`` a round comes first that does not count."""
    own_one, own_all = (write_project(folder / f"own_{n}", own_instrument(cases), n) for n in (2, slots))
    hand = [write_project(folder / f"hand_{n}", own_instrument(cases), 0) for n in range(slots)]
    local, shared, all_shared = (
        write_project(folder / name, one_meter(shared=is_shared), n)
        for name, is_shared, n in (("local", False, 2), ("shared", True, 2), ("all_shared", True, slots))
    )
    sites = None if testerkit is None else TesterKitSites(folder / "testerkit", testerkit, slots, cases, CASE_SECONDS)
    found: dict[str, list[float]] = {}
    not_counted = int(warm_up)
    for number in range(rounds + not_counted):
        print(f"round {number + 1 - not_counted} of {rounds}", file=sys.stderr, flush=True)
        now: dict[str, float] = {}
        now["one slot"] = processes.run(command("--slot", "s1"), own_one).seconds
        taken = processes.run(command(), own_all)
        now["all slots"] = taken.seconds
        reports(own_all)
        now["by hand"] = by_hand(hand)
        if sites is not None:
            now["testerkit"] = sites.run()
        processes.run(command("--slot", "s1"), local)
        processes.run(command("--slot", "s1"), shared)
        alone, across = list(delays(reports(local)[0])), list(delays(reports(shared)[0]))
        now["call, median"] = median(across) - median(alone)
        now["call of a manager"] = manager_delay()
        now["call, 99th percentile"] = percentile(across, 0.99) - percentile(alone, 0.99)
        processes.run(command(), all_shared)
        spans = [case_seconds(report) for report in reports(all_shared)]
        now["meter"] = (max(end for _, end in spans) - min(begin for begin, _ in spans)) / (
            slots * CALLS * CALL_SECONDS
        )
        if number == 0:
            few = processes.run(command(), own_one, sample_memory=True).together_bytes
            many = processes.run(command(), own_all, sample_memory=True).together_bytes
            if few is not None and many is not None:
                found["memory"] = [(many - few) / (slots - 2) / 1e6]
        if number < not_counted:
            continue
        for name, figure in now.items():
            found.setdefault(name, []).append(figure)
    panel = Panel(own_all)
    try:
        found["start"] = [start_delay(panel, slots) for _ in range(rounds + not_counted)][not_counted:]
    finally:
        panel.close()
    return found


def goals(found: Mapping[str, list[float]], slots: int, cases: int) -> list[Goal]:
    """What was to be reached."""
    one, many = found["one slot"], found["all slots"]
    return [
        Goal(
            f"{slots} slots, {cases} cases of 10 ms each, whole command, times one slot", 1.15, median_ratio(many, one)
        ),
        Goal("a shared call over a local one, ms, median", 0.3, median(found["call, median"])),
        Goal("a shared call over a local one, ms, 99th percentile", 1.0, median(found["call, 99th percentile"])),
        Goal(f"{slots} slots that want one meter, times the sum of its own time", 1.1, median(found["meter"])),
        Goal(f"Start to the first case of the last of {slots} warm slots, ms", 150.0, median(found["start"])),
        Goal("memory of a further slot, MB", 35.0, median(found["memory"]) if "memory" in found else None),
    ]


def median_ratio(values: list[float], bases: list[float]) -> float:
    """The median of the rounds' ratios."""
    return median(value / base for value, base in zip(values, bases, strict=True))


def markdown(found: Mapping[str, list[float]], slots: int, rounds: int, cases: int) -> str:
    """The tables."""
    names = {
        "one slot": "hardseq, one slot",
        "all slots": f"hardseq, {slots} slots",
        "by hand": f"hardseq, {slots} processes by hand",
        "testerkit": f"TesterKit, {slots} sites",
    }
    lines = [f"Machine: {describe()}. Medians of {rounds} rounds.", "", "| the same work | seconds | times one slot |"]
    lines.append("| --- | ---: | ---: |")
    for key, name in names.items():
        if key in found:
            ratio = median_ratio(found[key], found["one slot"])
            lines.append(f"| {name} | {median(found[key]):.2f} | {ratio:.2f} |")
    lines += [
        "",
        f"With `BaseManager` a shared call takes {median(found['call of a manager']):.2f} ms more than a local one.",
    ]
    return "\n".join([*lines, "", goal_table(goals(found, slots, cases))]) + "\n"


def main() -> None:
    """Measures, prints, and with ``--write`` updates the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", type=int, default=CASES, help="cases of 10 ms that each slot has")
    parser.add_argument("--no-warm-up", action="store_true", help="the first round counts: to try the script itself")
    parser.add_argument("--testerkit", type=Path, metavar="PYTHON", help="an interpreter that has TesterKit")
    parser.add_argument("--write", action="store_true", help="update docs/benchmarks.md")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hardseq-slots-"))
    try:
        found = measure(
            chosen.slots, chosen.rounds, chosen.cases, folder, chosen.testerkit, warm_up=not chosen.no_warm_up
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = markdown(found, chosen.slots, chosen.rounds, chosen.cases)
    print(text)
    if chosen.write:
        write_into(PAGE, text, MARK)


if __name__ == "__main__":
    main()
