"""Many waiting reports go out of a panel while it has a run going on: nothing lost, memory flat, the run unharmed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from sequencer.app.exit_codes import Refusal
from sequencer.cli.panel_client import PanelClient
from sequencer.project.settings import Secret
from sequencer.report.model import RunReport
from sequencer.standcloud.delivery import STAND_CLOUD
from sequencer.standcloud.outbox import Outbox

pytestmark = pytest.mark.slow

QUEUED = int(os.environ.get("HARDSEQ_TEST_QUEUED", "300"))
"""How many reports wait; the project's promise is 10,000."""

FLAT = 16_000
"""Kilobytes that a panel may grow between the first tenth and the end: 10,000 of these reports would be 100 MB."""

SEQUENCE = """\
name: Long
drivers:
  bench: long_bench.Bench
modules:
  main:
    cases:
      soak:
        steps:
          - until: over
            timeout: 30 min
            steps:
              - {call: bench.over, save: over}
          - measure: Rounds
            call: bench.rounds
            limits: {ge: 10}
          - measure: Longest pause
            call: bench.longest
            unit: s
"""
DRIVER = '''"""A bench that measures until it is told to stop."""

import time
from pathlib import Path


class Bench:
    """Counts rounds and remembers the longest time between two."""

    def __init__(self):
        self.count, self.worst, self.last = 0, 0.0, None

    def over(self):
        """Whether the file ``over`` is there."""
        now = time.monotonic()
        self.worst = max(self.worst, now - (self.last or now))
        self.count, self.last = self.count + 1, now
        time.sleep(0.05)
        return (Path(__file__).parents[1] / "over").exists()

    def rounds(self):
        return self.count

    def longest(self):
        return self.worst
'''


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """What ``condition`` gives once that is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(Refusal):
            if found := condition():
                return found
        time.sleep(0.1)
    raise AssertionError("it never came to that")


@pytest.fixture
def project(tmp_path: Path, standin: Any, key: Secret) -> Path:
    """A stand that sends by itself, with a long sequence."""
    for name, text in {
        "hardseq.toml": f'[stand_cloud]\naddress = "{standin.address}"\nautosync = true\n',
        ".env": f"HARDSEQ_SC_API_KEY={key.reveal()}\n",
        "sequences/long.yaml": SEQUENCE,
        "drivers/long_bench.py": DRIVER,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def start_panel(project: Path) -> subprocess.Popen[bytes]:
    """``hardseq panel``, as a person starts it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HARDSEQ_")}
    environment = {**kept, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-m", "sequencer", "panel", "--port", "0"],
        cwd=project,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def panels(project: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The panels that a test starts."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    (project / "over").touch()
    for process in started:
        process.terminate()
        process.wait(30)


def resident(process: subprocess.Popen[bytes]) -> int:
    """Kilobytes that the process has in memory; 0 where that cannot be read."""
    with suppress(OSError):
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
    return 0


def drained(project: Path, client: PanelClient, panel: subprocess.Popen[bytes]) -> list[tuple[int, int]]:
    """Asks the panel to send until nothing waits; reports delivered and kilobytes in memory, again and again."""
    seen = []
    deadline = time.monotonic() + 60 + QUEUED / 10
    while time.monotonic() < deadline:
        [target] = client.get("/api/outbox")["targets"]
        seen.append((target["delivered"], resident(panel)))
        if not target["waiting"]:
            return seen
        with suppress(Refusal):  # it is at it already
            client.post("/api/sync", {})
        time.sleep(0.2)
    raise AssertionError(f"reports still wait: {seen[-1]}")


def test_what_waits_goes_while_a_run_is_going_on(
    project: Path, standin: Any, report: Callable[..., RunReport], panels: list[subprocess.Popen[bytes]]
) -> None:
    """Through drops, lost answers, 500 and 429 and a panel that is killed, every report arrives during one run."""
    outbox = Outbox(project / ".hardseq" / "hardseq.sqlite3")
    run = report(cases=5)
    names = {f"{number:08d}" for number in range(QUEUED)}
    for name in sorted(names):
        outbox.put(name, STAND_CLOUD, {**run, "id": name})
    standin.fail(drop="before", every=19)
    standin.fail(drop="after", every=23)
    standin.fail(status=500, every=29)
    standin.fail(status=429, retry_after=1, every=QUEUED // 4)

    panels.append(start_panel(project))
    until(lambda: PanelClient(project).get("/api/state")["session"]["state"] == "ready")
    PanelClient(project).post("/api/sync", {})
    until(lambda: outbox.counts(STAND_CLOUD).delivered >= QUEUED // 10, 60 + QUEUED / 20)
    panels[0].kill()
    panels[0].wait()
    (project / ".hardseq" / "panel.json").unlink()
    with closing(sqlite3.connect(project / ".hardseq" / "hardseq.sqlite3")) as database, database:
        database.execute("UPDATE outbox SET lease = 0")  # two minutes later: what the dead process held is free

    panels.append(start_panel(project))
    until(lambda: PanelClient(project).get("/api/state")["session"]["state"] == "ready")
    client = PanelClient(project)
    identity = client.post("/api/start", {"params": {}, "only": None})["run"]
    seen = drained(project, client, panels[1])
    assert client.get("/api/state")["session"]["state"] == "running"
    (project / "over").touch()
    until(lambda: standin.copies.get(identity))

    assert set(standin.copies) == names | {identity}
    sent = standin.control("GET", f"reports/{identity}")
    soak = sent["modules"]["main"]["cases"]["soak"]
    assert (sent["status"], soak["status"]) == ("passed", "passed")
    settled = [memory for delivered, memory in seen if delivered > QUEUED // 5] or [0]
    print(f"{QUEUED} reports; panel {settled[0]} kB, at most {max(settled)} kB; {soak['measurements']}")
    assert max(settled) - settled[0] < FLAT
    outbox.close()
