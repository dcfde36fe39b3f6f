"""How soon a browser that never saw the panel shows the live page. Run by ``panel.py --paint``."""

from __future__ import annotations

import shutil
import statistics

ROUNDS = 15
# When the verdict was first drawn, in milliseconds since the navigation began: the frame after it came is over.
WATCH = """() => {
  const drawn = () => requestAnimationFrame(() => setTimeout(() => { window.shownAt = performance.now(); }));
  const look = () => document.querySelector(".verdict-word")?.textContent && (drawn(), true);
  const changed = (_, watcher) => look() && watcher.disconnect();
  new MutationObserver(changed).observe(document, { childList: true, subtree: true, characterData: true });
}"""
PAINTED = """new Promise((done) => {
  const look = () => {
    const [first] = performance.getEntriesByName("first-contentful-paint");
    if (first) done(first.startTime);
    else setTimeout(look, 5);
  };
  look();
})"""
SHOWN = """new Promise((done) => {
  const look = () => (window.shownAt ? done(window.shownAt) : setTimeout(look, 5));
  look();
})"""
LOADED = "performance.getEntriesByType('resource').map((one) => one.transferSize)"


def paint(port: int) -> dict[str, float]:
    """Medians in milliseconds, a new browser context each time, in turns with ``/healthz``, a page of one line.

    That one is what the browser itself takes on this machine. Nothing without Playwright and chromium.
    """
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        return {}
    line: list[float] = []
    first: list[float] = []
    verdict: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for _ in range(ROUNDS):
            for address, watched in (("/healthz", False), ("/", True)):
                context = browser.new_context()
                page = context.new_page()
                if watched:
                    page.add_init_script(f"({WATCH})()")
                page.goto(f"http://localhost:{port}{address}")
                (first if watched else line).append(page.evaluate(PAINTED))
                if watched:
                    verdict.append(page.evaluate(SHOWN))
                    loaded = page.evaluate(LOADED)
                context.close()
        browser.close()
    return {
        "one line of text, first paint": statistics.median(line),
        "live page, first paint": statistics.median(first),
        "live page, verdict shown": statistics.median(verdict),
        "requests": 1 + len(loaded),
        "kB": sum(loaded) / 1000,
    }
