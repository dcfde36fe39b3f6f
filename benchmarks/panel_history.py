"""How fast the panel's history is: its calls over HTTP, and its pages in a browser. Run by ``panel.py --history``."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

from stores import BEGIN, SECONDS_BETWEEN_RUNS, run_report

from sequencer.project.state_folder import StateFolder
from sequencer.store.sqlite.store import SqliteStore

ROUNDS = 15
CALLS = {
    "first page of runs": "/api/runs",
    "runs of a serial number": "/api/runs?serial_number=SN0000009",
    "failed runs of a stand": "/api/runs?status=failed&stand=Stand+1",
    "yield, everything": "/api/statistics",
    "yield of 30 days": "/api/statistics?since={since}",
    "a measurement's values": "/api/series?case=main::case_3&measurement=Rail+3",
    "a whole report": "/api/runs/latest",
}
PAGES = {
    "runs": ("/runs", ".runs tbody tr"),
    "yield": ("/yield?span=all", ".tile-figure"),
    "measurements": ("/measurements", ".tile-figure"),
    "a run": ("/runs/latest", ".case"),
}
# When what is looked for was first drawn, in milliseconds since the navigation began: the frame after it came is over.
WATCH = """(selector) => {
  const drawn = () => requestAnimationFrame(() => setTimeout(() => { window.shownAt = performance.now(); }));
  const look = () => document.querySelector(selector) && (drawn(), true);
  const changed = (_, watcher) => look() && watcher.disconnect();
  look() || new MutationObserver(changed).observe(document, { childList: true, subtree: true });
}"""
SHOWN = """new Promise((done) => {
  const look = () => (window.shownAt ? done(window.shownAt) : setTimeout(look, 5));
  look();
})"""


def fill(folder: Path, runs: int) -> None:
    """Puts ``runs`` runs into the store of the project in ``folder``."""
    state = StateFolder(folder / ".hardseq")
    store = SqliteStore(state.database, state.attachments)
    for number in range(runs):
        store.save(run_report(number))
    store.close()


def calls(port: int, runs: int) -> dict[str, float]:
    """The median time of each call in milliseconds."""
    figures = {}
    since = BEGIN + runs * SECONDS_BETWEEN_RUNS - 30 * 86_400
    for name, path in CALLS.items():
        taken = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            with urlopen(f"http://localhost:{port}{path.format(since=since)}") as answer:
                answer.read()
            taken.append(time.perf_counter() - begun)
        figures[f"call: {name}"] = statistics.median(taken) * 1000
    return figures


def pages(port: int) -> dict[str, float]:
    """Milliseconds from navigation to what was asked for being drawn; nothing without Playwright and chromium.

    ``first``: a browser that never saw the panel; else the median of one tab that goes there again, as people do. The
    page ``/healthz``, which shows nothing, is what the browser itself takes on this machine.
    """
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        return {}
    figures = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, (address, selector) in {"nothing": ("/healthz", "body"), **PAGES}.items():
            context = browser.new_context()
            page = context.new_page()
            page.add_init_script(f"({WATCH})({selector!r})")
            times = list(_visits(page, f"http://localhost:{port}{address}"))
            figures[f"page: {name}"] = statistics.median(times[1:])
            figures[f"page: {name}, first"] = times[0]
            context.close()
        browser.close()
    return figures


def _visits(page: object, address: str) -> Iterator[float]:
    for _ in range(ROUNDS):
        page.goto(address)  # type: ignore[attr-defined]  # Playwright is no dependency of the benchmarks
        yield page.evaluate(SHOWN)  # type: ignore[attr-defined]  # nor has it types here
