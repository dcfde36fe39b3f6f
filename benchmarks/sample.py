"""Measures what looking at a live `sample` costs the run: browsers that draw it, in turns with nobody looking.

    python benchmarks/sample.py [--browsers 10] [--values 1000] [--rounds 7] [--realtime]

A real panel in a process of its own runs a case that takes 100 values a second until it has so many. A round that comes
too late is left out and made up for at the end: whatever keeps the test process from its work makes the case longer.
Each browser is a chromium of its own, with the chart in sight; it notes how many points each of its pictures has, and
when. ``--realtime`` gives the stand (panel and test process) real-time priority, where the machine has other work; the
browsers, which at a real stand are elsewhere, get none.
"""

from __future__ import annotations

import argparse
import operator
import os
import platform
import shutil
import statistics
import sys
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from panel import Panel, percentile

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--in-process-gpu"]
PERIOD = 0.01
DRIVER = """\
import math


class Meter:
    def __init__(self):
        self.taken = 0

    def volts(self):
        self.taken += 1
        return 5 + math.sin(self.taken / 50)

    def count(self):
        return self.taken
"""
SEQUENCE = """\
name: Sample
drivers: {meter: meter.Meter}
modules:
  main:
    cases:
      curve:
        steps:
          - sample: {v: {call: meter.volts, unit: V}, n: meter.count}
            every: 10 ms
            until: n >= VALUES
            timeout: 10 min
            limits: {v: {mean: [0, 10]}}
"""
NOTE = """() => {
  const noted = (window.noted = []);
  const look = () => {
    const points = Number(document.querySelector(".chart-area[data-points]")?.dataset.points ?? 0);
    if (points !== (noted.at(-1)?.[1] ?? 0)) noted.push([Date.now() / 1000, points]);
  };
  new MutationObserver(look).observe(document, { attributes: true, attributeFilter: ["data-points"], subtree: true });
}"""


def write_project(folder: Path, values: int) -> None:
    """A case that samples ``values`` values."""
    (folder / "sequences").mkdir()
    (folder / "drivers").mkdir()
    (folder / "sequences" / "sample.yaml").write_text(SEQUENCE.replace("VALUES", str(values)), encoding="utf-8")
    (folder / "drivers" / "meter.py").write_text(DRIVER, encoding="utf-8")


@contextmanager
def looking(port: int, number: int) -> Iterator[list[Any]]:
    """The live page in so many browsers, each a process of its own."""
    if not number:
        yield []
        return
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path is not None, f"there is no {' or '.join(BROWSERS)}"
    with sync_playwright() as playwright:
        browsers = [playwright.chromium.launch(executable_path=path, args=ARGUMENTS) for _ in range(number)]
        pages = []
        for browser in browsers:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"http://localhost:{port}/")
            page.wait_for_selector(".case")
            page.evaluate(NOTE)
            pages.append(page)
        yield pages
        for browser in browsers:
            browser.close()


def case_of(report: dict[str, Any]) -> dict[str, Any]:
    """The one that sampled."""
    found: dict[str, Any] = report["modules"][0]["cases"][0]
    assert found["status"] == "passed", found
    return found


def taken_at(case: dict[str, Any]) -> list[float]:
    """When each value was taken, by the clock of the machine."""
    attempt = case["attempts"][-1]
    (chart,) = (each for each in attempt["charts"] if "sampled" in each)
    return [case["start_time"] + seconds for seconds in chart["x_data"][0]]


def delays(noted: Sequence[tuple[float, int]], taken: Sequence[float]) -> Iterator[float]:
    """From each value to the picture that has it first."""
    points = [each[1] for each in noted]
    for number, moment in enumerate(taken, 1):
        shown = bisect_left(points, number)
        assert shown < len(noted), f"a browser drew {points[-1] if points else 0} of {len(taken)} values"
        yield noted[shown][0] - moment


def measure(browsers: int, values: int, rounds: int, prefix: Sequence[str]) -> dict[str, float]:
    """All figures."""
    alone: list[float] = []
    watched: list[float] = []
    late: list[float] = []
    pictures: list[int] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder, values)
        panel = Panel(folder, prefix)
        try:
            panel.run()  # what is slow the first time is no part of this
            for number in range(rounds * 2):
                with looking(panel.port, browsers if number % 2 else 0) as pages:
                    case = case_of(panel.run()[1])
                    taken = taken_at(case)
                    for page in pages:
                        page.wait_for_function(f"window.noted.at(-1)?.[1] === {len(taken)}", timeout=120_000)
                        noted = page.evaluate("window.noted")
                        late += delays(noted, taken)
                        pictures.append(len(noted))
                (watched if number % 2 else alone).append(case["stop_time"] - case["start_time"])
                if number % 2:
                    print(
                        f"pair {number // 2 + 1}: {alone[-1]:.3f} s, with browsers {watched[-1]:.3f} s", file=sys.stderr
                    )
        finally:
            panel.close()
    return {
        "case without a browser, s": statistics.median(alone),
        f"case with {browsers} browsers, s": statistics.median(watched),
        # Of neighbours in time, so that what else the machine does weighs on both alike.
        "slowdown, median of pairs, %": (statistics.median(map(operator.truediv, watched, alone)) - 1) * 100,
        "slowdown, worst pair, %": (max(map(operator.truediv, watched, alone)) - 1) * 100,
        "pictures in each browser, least": float(min(pictures)),
        "value to picture, median, ms": statistics.median(late) * 1000,
        "value to picture, 99 %, ms": percentile(late, 0.99) * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browsers", type=int, default=10)
    parser.add_argument("--values", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--realtime", action="store_true", help="the stand with `chrt -f 10`")
    chosen = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    prefix = ["chrt", "-f", "10"] if chosen.realtime else []
    figures = measure(chosen.browsers, chosen.values, chosen.rounds, prefix)
    print(f"{chosen.values} values, one each {PERIOD * 1000:g} ms, {chosen.browsers} browsers, {chosen.rounds} rounds")
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors, load {load:.1f}")
    for name, figure in figures.items():
        print(f"{name:36}{figure:12.2f}")


if __name__ == "__main__":
    main()
