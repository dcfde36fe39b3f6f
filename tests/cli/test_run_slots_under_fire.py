"""`hardseq run` with several slots while the disk fills, a shared call hangs, or the process of what is shared dies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from sequencer.report.fold import fold, read_journal
from sequencer.runtime.journal import reserve_of, save_reserve
from tests.effort import examples

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, limits and FIFOs are POSIX's")
ROOT = Path(__file__).parents[2]

DRIVER = """\
import errno
import os
import resource
import time
from pathlib import Path


class Board:
    def fill(self):
        size = Path(os.environ["HARDSEQ_JOURNAL"]).stat().st_size + 100
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    def fill_but_for_the_reserve(self, reserve):
        write = os.write

        def full(descriptor, data):
            if os.path.exists(reserve) and data.startswith(b"{"):
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(descriptor, data)

        os.write = full

    def read(self):
        return 5.0

    def off(self, slot):
        Path(f"off.{slot}").touch()


class Meter:
    def __init__(self):
        self.slot = 0

    def connect(self, slot):
        self.slot = slot

    def read(self):
        time.sleep(0.005)
        return self.slot

    def hang(self, slot):
        # Nothing reaches this but the end of the process.
        Path("hangs").write_text(slot)
        os.read(os.open("fifo", os.O_RDONLY), 1)
"""

HEAD = """\
name: Board
drivers:
  board: bench.Board
  meter: {use: bench.Meter, shared: true}
modules:
  end:
    group: teardown
    cases:
      off: {steps: [{call: board.off, with: {slot: "${{ slot.name }}"}}]}
  main:
    cases:
"""

SLOTS = "[slots.left]\n[slots.right]\n[slots.third]\n"


class Bench:
    """A stand with three slots, and `hardseq run` of them in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "drivers").mkdir()
        (folder / "sequences").mkdir()
        (folder / "drivers/bench.py").write_text(DRIVER)
        (folder / "hardseq.toml").write_text(SLOTS)

    def start(self, cases: str) -> subprocess.Popen[str]:
        """Begins a run of these main cases."""
        indented = "".join(f"      {line}\n" for line in cases.strip("\n").splitlines())
        (self.folder / "sequences/board.yaml").write_text(HEAD + indented)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HARDSEQ_")}
        return subprocess.Popen(
            [sys.executable, "-m", "sequencer", "run", "--no-panel", "--report", "out"],
            cwd=self.folder,
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    @property
    def reports(self) -> dict[str, Any]:
        """By slot."""
        return {file.stem: json.loads(file.read_text("utf-8")) for file in (self.folder / "out").glob("*.json")}

    @property
    def journals(self) -> list[Any]:
        """The reports that the journals tell, each of which is whole."""
        found = []
        for path in (self.folder / ".hardseq/journals").glob("*.jsonl"):
            with path.open("rb") as file:
                lines = read_journal(file)
                found.append(fold(lines))
            assert not lines.damaged
        return found

    def is_off(self) -> bool:
        """Whether the teardown of every slot was run."""
        return all((self.folder / f"off.{slot}").exists() for slot in ("left", "right", "third"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """In its folder."""
    return Bench(tmp_path)


def wait_for(what: Callable[[], object]) -> None:
    """Until it is so, which it will be."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def statuses(report: Any) -> dict[str, str]:
    """How the cases ended."""
    return {case["id"]: case["status"] for module in report["modules"] for case in module["cases"]}


FILLS = """
fills: {steps: [{call: board.fill}]}
measures: {steps: [{measure: V, call: board.read, limits: [3, 6]}]}
after: {steps: [{measure: V, call: board.read, limits: [3, 6]}]}
"""


def test_a_disk_that_fills_during_the_run_ends_every_slot_with_4(bench: Bench) -> None:
    """No slot passes, each report says why and knows everything, and every teardown is run."""
    with bench.start(FILLS) as process:
        shown, _ = process.communicate(timeout=120)
    assert process.returncode == 4, shown
    assert bench.is_off()
    assert set(bench.reports) == {"left", "right", "third"}
    for report in bench.reports.values():
        assert report["status"] == "error"
        (failure,) = report["failures"]
        assert failure["message"] == "the journal cannot be written: File too large"
        assert (statuses(report)["after"], statuses(report)["off"]) == ("skipped", "passed")


def test_a_disk_that_fills_but_for_the_reserve_loses_nothing_of_any_slot(bench: Bench) -> None:
    """The reserve is one for all: whoever needs it first gives it up, and all end whole in their journals."""
    reserve = reserve_of(bench.folder / ".hardseq/journals")
    save_reserve(reserve)
    call = f"{{call: board.fill_but_for_the_reserve, with: {{reserve: {json.dumps(str(reserve))}}}}}"
    with bench.start(FILLS.replace("{call: board.fill}", call)) as process:
        shown, _ = process.communicate(timeout=120)
    assert process.returncode == 0, shown
    assert not reserve.exists()
    assert sorted(bench.journals, key=json.dumps) == sorted(bench.reports.values(), key=json.dumps)


HANGS = """
hangs: {steps: [{call: meter.hang, with: {slot: "${{ slot.name }}"}}]}
after: {steps: [{check: true}]}
"""


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
def test_a_stop_while_a_shared_call_hangs(bench: Bench, times: int) -> None:
    """Ctrl-C once, or twice at once: nobody waits for that call, every teardown is run, and no process is left."""
    os.mkfifo(bench.folder / "fifo")
    with bench.start(HANGS) as process:
        wait_for((bench.folder / "hangs").exists)
        wait_for(
            lambda: (
                len(files := list((bench.folder / ".hardseq/journals").glob("*.jsonl"))) == 3
                and sum('"wait_started"' in file.read_text() for file in files) == 2
            )
        )
        children = psutil.Process(process.pid).children(recursive=True)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=120)
    assert process.returncode == 3, shown
    assert "Traceback" not in shown
    assert bench.is_off()
    assert {slot: report["status"] for slot, report in bench.reports.items()} == dict.fromkeys(
        ("left", "right", "third"), "stopped"
    )
    for report in bench.journals:
        assert statuses(report) == {"hangs": "stopped", "after": "skipped", "off": "passed"}
    assert not psutil.wait_procs(children, timeout=60)[1]


SHARES = """
share:
  for_each: {number: [1, 2, 3, 4, 5, 6, 7, 8]}
  steps:
    - hold: meter
      steps:
        - call: meter.connect
          with: {slot: "${{ slot.number }}"}
        - measure: Slot
          call: meter.read
          limits: {eq: "${{ slot.number }}"}
    - sync: met
      once:
        - call: meter.connect
          with: {slot: 7}
        - measure: All
          call: meter.read
          limits: {eq: 7}
"""
MOMENTS = examples(3)


@pytest.mark.slow
def test_whenever_the_process_of_what_is_shared_is_killed(bench: Bench) -> None:
    """At random moments, once or again: no slot passes that did not measure all, no journal is lost, nobody is left."""
    source = random.Random(12)
    for _ in range(MOMENTS):
        for file in [*(bench.folder / "out").glob("*"), *(bench.folder / ".hardseq/journals").glob("*.jsonl")]:
            file.unlink()
        for file in bench.folder.glob("off.*"):
            file.unlink()
        with bench.start(SHARES) as process:
            me = psutil.Process(process.pid)
            wait_for(lambda me=me, process=process: stand_processes(me) or process.poll() is not None)
            children = set(family(me))
            for _ in range(source.choice([1, 1, 2])):
                time.sleep(source.uniform(0.0, 1.2))
                children |= set(family(me))
                for each in stand_processes(me):
                    with suppress(psutil.NoSuchProcess):
                        each.kill()
            shown, _ = process.communicate(timeout=120)
        assert "Traceback" not in shown, shown
        assert not psutil.wait_procs(children, timeout=60)[1]
        reports = bench.reports
        if not reports:
            # Killed before it ever listened: nothing was begun, and that is said.
            assert (process.returncode, "the process that holds what the slots share" in shown) == (4, True), shown
            continue
        assert set(reports) == {"left", "right", "third"}, shown
        assert bench.is_off(), shown
        assert sorted(bench.journals, key=json.dumps) == sorted(reports.values(), key=json.dumps)
        for report in reports.values():
            ended = statuses(report)
            passed = [case for case, status in ended.items() if status == "passed" and case.startswith("share")]
            assert report["status"] in ("passed", "error", "failed"), shown
            assert (report["status"] == "passed") == (len(passed) == 8 and ended["off"] == "passed")
            for case in report["modules"][0]["cases"]:
                if case["id"] in passed:
                    (attempt,) = case["attempts"]
                    own = [each for each in attempt["measurements"] if each["name"] == "Slot"]
                    assert [each["value"] for each in own] == [report["slot"]["number"]]
        assert (process.returncode == 0) == ({report["status"] for report in reports.values()} == {"passed"}), shown


def family(owner: psutil.Process) -> list[psutil.Process]:
    """The processes that it has started and that are there."""
    try:
        return owner.children(recursive=True)
    except psutil.Error:
        return []


def stand_processes(owner: psutil.Process) -> list[psutil.Process]:
    """Those that hold what slots share."""
    found = []
    for each in family(owner):
        with suppress(psutil.Error):
            if any("stand_process" in part for part in each.cmdline()):
                found.append(each)
    return found
