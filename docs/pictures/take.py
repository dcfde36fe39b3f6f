"""Takes the pictures of the documentation: real runs of the power board on a simulated bench, in a real browser.

    python docs/pictures/take.py

Needs playwright (in the development requirements) and Debian's chromium. The board is that of
``sequences/power_supply.yaml`` with an inspection by the operator and a slow step in between, to have time to look.
"""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

INSPECTION = """\
  inspection:
    name: Inspection
    cases:
      polarity:
        name: Polarity of the capacitors
        steps:
          - dialog:
              type: radio
              title: How does C12 stand?
              text: The white stripe marks the negative pole.
              choices:
                - {label: Stripe to the left, value: left, image: images/left.svg}
                - {label: Stripe to the right, value: right, image: images/right.svg}
            save: stripe
          - check: stripe == "left"
            message: C12 is the wrong way round
      burn_in:
        name: Burn-in at full load
        steps:
          - for_each: {second: "${{ range(0, 40) }}"}
            steps:
              - progress: {value: "${{ second }}", max: 40, label: Burn-in}
              - wait: ${{ '60 ms' }}

"""
CAPACITOR = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 130">
<rect width="200" height="130" rx="8" fill="#0d5c3f"/><circle cx="100" cy="65" r="46" fill="#20262e"/>
<path d="{stripe}" fill="#e9edf2"/><circle cx="100" cy="65" r="46" fill="none" stroke="#9aa4b2" stroke-width="4"/>
<text x="18" y="118" fill="#cfe8dc" font-family="sans-serif" font-size="16">C12</text></svg>"""
LEFT = "M100 19a46 46 0 0 0-46 46 46 46 0 0 0 46 46 62 62 0 0 1-24-46 62 62 0 0 1 24-46z"
RIGHT = "M100 19a46 46 0 0 1 46 46 46 46 0 0 1-46 46 62 62 0 0 0 24-46 62 62 0 0 0-24-46z"
CONFIGURATION = """\
tests_name = "Line 2"
[frontend]
port = {port}
[frontend.modal_result]
enable = true
auto_dismiss_pass = true
auto_dismiss_timeout = 30
[stand]
name = "Power bench 1"
location = "Hall B"
"""


def make_project(folder: Path, port: int) -> None:
    """The project whose panel is photographed."""
    (folder / "sequences").mkdir()
    write_sequence(folder, inspection=False)
    shutil.copytree(ROOT / "drivers", folder / "drivers")
    (folder / "images").mkdir()
    for name, stripe in (("left", LEFT), ("right", RIGHT)):
        (folder / f"images/{name}.svg").write_text(CAPACITOR.format(stripe=stripe), "utf-8")
    (folder / "hardseq.toml").write_text(CONFIGURATION.format(port=port), "utf-8")


def write_sequence(folder: Path, *, inspection: bool) -> None:
    """The board's sequence, with or without what needs an operator."""
    sequence = (ROOT / "sequences/power_supply.yaml").read_text("utf-8")
    sequence = sequence.replace("stand: {name: Power bench, location: Desk, number: 1}\n", "")
    before, mark, after = sequence.partition("  console:\n")
    whole = before + (INSPECTION if inspection else "") + mark + after
    (folder / "sequences/power_supply.yaml").write_text(whole, "utf-8")


@contextmanager
def serving(folder: Path, port: int) -> Iterator[str]:
    """``hardseq panel`` for as long as the context lasts; its address."""
    process = subprocess.Popen([sys.executable, "-m", "sequencer", "panel", str(folder)], cwd=ROOT)
    address = f"http://localhost:{port}"
    try:
        wait_for(address, "ready")
        yield address
    finally:
        process.terminate()
        process.wait()


def state(address: str) -> str:
    """What the panel does now."""
    try:
        with urlopen(f"{address}/healthz") as answer:
            return str(json.loads(answer.read())["state"])
    except OSError:
        return ""


def wait_for(address: str, *wanted: str) -> None:
    """Waits until the panel is in one of these states."""
    while state(address) not in wanted:
        time.sleep(0.05)


def fill_history(folder: Path, address: str, runs: int) -> None:
    """Runs boards without an operator, so that there is a history, then brings the operator in."""
    token = json.loads((folder / ".hardseq/panel.json").read_text())["token"]
    chance = random.Random(7)
    for number in range(runs):
        fault = chance.choices(["none", "low_5v", "ripple", "hot", "firmware"], [30, 2, 2, 1, 1])[0]
        body = {
            "params": {"serial": f"PSB{100 + number:06}", "fault": fault},
            "user": chance.choice(["Ann", "Jiří", "Mei"]),
        }
        request = Request(f"{address}/api/start", json.dumps(body).encode())
        request.add_header("X-Hardseq-Token", token)
        request.add_header("Content-Type", "application/json")
        with urlopen(request):
            pass
        wait_for(address, "ready")
    write_sequence(folder, inspection=True)
    while b"Burn-in" not in urlopen(f"{address}/api/state").read():
        time.sleep(0.2)
    wait_for(address, "ready")


def shoot(page: Page, name: str) -> None:
    """One picture; lines that grow and fade have come to rest."""
    page.wait_for_timeout(450)
    page.screenshot(path=str(HERE / f"{name}.png"))
    print(name)


def scan(page: Page, serial: str, fault: str = "none") -> None:
    """What the operator does: chooses, scans, Enter."""
    page.get_by_label("Fault to put into the board").select_option(json.dumps(fault))
    field = page.get_by_label("Scan the board")
    field.fill(serial)
    field.press("Enter")


def pass_one(page: Page, address: str, serial: str) -> None:
    """A board that passes, its result taken away."""
    scan(page, serial)
    page.locator("dialog.dialog img").last.wait_for()
    page.wait_for_timeout(500)
    page.get_by_label("Stripe to the left").check()
    page.get_by_role("button", name="Confirm").click()
    page.locator("dialog.result").wait_for()
    page.wait_for_timeout(500)
    page.locator(".result-dismiss").click()
    wait_for(address, "ready")


def take(browser: Any, address: str) -> None:
    """All pictures."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    phone = browser.new_page(viewport={"width": 360, "height": 740}, device_scale_factor=2, is_mobile=True)
    large = browser.new_page(viewport={"width": 1920, "height": 1080})
    wall = browser.new_page(viewport={"width": 3840, "height": 2160})
    for one in (page, phone, large, wall):
        one.add_init_script("localStorage.setItem('hardseq.operator', 'Ann')")
        one.goto(address)
        one.locator(".start:enabled").wait_for()
    scan(page, "PSB004711", "low_5v")
    page.locator("dialog.dialog img").last.wait_for()
    page.wait_for_timeout(500)
    page.get_by_label("Stripe to the left").check()
    shoot(page, "dialog")
    page.get_by_role("button", name="Confirm").click()
    page.locator(".case-progress:visible").wait_for()
    page.wait_for_timeout(900)
    shoot(page, "live")
    page.locator("dialog.result .again:enabled").wait_for()
    shoot(page, "result")
    for one in (page, phone, large, wall):
        one.locator(".result-dismiss").click(delay=50)
        for note in one.locator(".toast").all():
            note.click()
    wait_for(address, "ready")
    shoot(page, "failed")
    shoot(phone, "phone")
    shoot(large, "large")
    shoot(wall, "wall")
    pass_one(page, address, "PSB004712")
    page.locator("figure.chart").scroll_into_view_if_needed()
    page.locator("figure.chart .u-over").hover(position={"x": 300, "y": 90})
    shoot(page, "chart")
    page.evaluate("dispatchEvent(new CustomEvent('hardseq-theme', {detail: 'dark'}))")
    pass_one(page, address, "PSB004713")
    shoot(page, "dark")
    page.evaluate("dispatchEvent(new CustomEvent('hardseq-theme', {detail: null}))")
    for name, path in (("history", "/runs"), ("run", "/runs/latest")):
        page.goto(address + path)
        page.locator("main h1").wait_for()
        shoot(page, name)


def main() -> None:
    """Makes the project, runs boards, takes the pictures."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, port)
        with serving(folder, port) as address, sync_playwright() as playwright:
            fill_history(folder, address, 60)
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            take(browser, address)
            browser.close()


if __name__ == "__main__":
    main()
