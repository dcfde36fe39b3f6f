"""Takes the pictures of the pages of figures: the line of ``tests/figures/line.py``, whose truths are planted.

    python docs/pictures/figures.py

Needs what ``take.py`` needs, and numpy (in the development requirements).
"""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from take import serving  # noqa: E402 - found by the path above

from tests.figures.line import END, SHIFTS, copied, line, made  # noqa: E402 - found by the path above

PAGES: Mapping[str, str] = {
    "overview": "/overview?by=stand&by=slot",
    "failures": "/failures?since=7d",
    "measurements": "/measurements",
    "measurement": "/measurements/one?case=main::voltage&measurement=Voltage&unit=V&by=stand",
    "time": "/time",
}
"""Name of the picture, and address of the page."""
SEQUENCE = "name: Board test\nmodules: {main: {name: Main, cases: {one: {name: One, steps: [{check: 1 == 1}]}}}}\n"
CONFIGURATION = """\
tests_name = "Line 2"
[frontend]
port = {port}
shifts = {shifts}
"""


def main() -> None:
    """Makes the project, takes the pictures."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        (folder / "sequences").mkdir(parents=True)
        (folder / "sequences/board.yaml").write_text(SEQUENCE, "utf-8")
        text = CONFIGURATION.format(port=port, shifts=json.dumps(SHIFTS))
        (folder / "hardseq.toml").write_text(text, "utf-8")
        kept = Path(name, "line")
        kept.mkdir()
        made(kept, list(line()))
        copied(kept, folder / ".hardseq")
        with serving(folder, port) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1366, "height": 1000}, timezone_id="UTC", locale="en-GB")
            page.clock.set_system_time(END)
            for picture, path in PAGES.items():
                page.goto(address + path)
                page.locator(".figures-body:not([aria-busy]) .card").first.wait_for()
                page.wait_for_timeout(1_000)  # charts come after the rest
                page.screenshot(path=HERE / f"{picture}.png")
            browser.close()


if __name__ == "__main__":
    main()
