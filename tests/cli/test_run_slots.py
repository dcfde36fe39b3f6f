"""`hardseq run` on a stand with slots: the same sequence in each at the same time."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result

from sequencer.app.compiled import compile_for_stand
from sequencer.app.joint_start import JointRuns
from sequencer.cli.main import command_line
from sequencer.project.locks import ProcessLock
from sequencer.project.project_folder import open_project
from sequencer.protocol.joint_start import configured_slots
from sequencer.protocol.request import StartRequest
from sequencer.report.fold import Fold, read_journal
from sequencer.runner.child import Child
from sequencer.runner.run import Run

ROOT = Path(__file__).parents[2]

SEQUENCE = """\
name: Board
drivers:
  board: bench.Board
params:
  serial: {type: string, pattern: "^SN[0-9]+$", prompt: Scan the board}
  order: {type: string, default: B1}
dut: {serial_number: "${{ params.serial }}"}
modules:
  main:
    cases:
      rail:
        steps:
          - measure: 5 V rail
            call: board.read
            unit: V
            limits: [4.8, 5.2]
      waits:
        steps:
          - call: board.wait
      last:
        steps:
          - check: slot.count == 2
  end:
    group: teardown
    cases:
      off:
        steps:
          - call: board.off
"""

DRIVER = """\
import os
import time
from pathlib import Path


class Board:
    def __init__(self, port: str = "?", volts: float = 5.0, does: str = "") -> None:
        self.port, self.volts, self.does = port, volts, does

    def read(self) -> float:
        print("reading", self.port)
        if self.does == "die":
            os._exit(9)
        return self.volts

    def wait(self) -> None:
        if self.does == "orphan" and "sequencer.runtime" in Path(f"/proc/{os.getppid()}/cmdline").read_text():
            Path("parent").write_text(str(os.getppid()))
            os.kill(os.getppid(), 9)
        if self.does == "hold":
            Path(f"waits.{self.port}").touch()
            time.sleep(60)
        while self.does == "deaf":
            try:  # whoever sees the file may stop the run, and is not heard any more
                Path(f"waits.{self.port}").touch()
                time.sleep(60)
            except BaseException:
                pass

    def off(self) -> None:
        Path(f"off.{self.port}").touch()
        while self.does == "deaf" and not Path("go").exists():
            time.sleep(0.02)
"""

SLOTS = """\
[slots.left.drivers.board]
port = "A"
[slots.right.drivers.board]
port = "B"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand with two slots, whose boards are at two ports."""
    for name, text in {"sequences/board.yaml": SEQUENCE, "drivers/bench.py": DRIVER, "hardseq.toml": SLOTS}.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: object) -> Result:
    """``hardseq run`` in this process."""
    return CliRunner().invoke(command_line, ["run", "--no-panel", *map(str, arguments)])


BOTH = ("--arg", "left.serial=SN1", "--arg", "right.serial=SN2")


def reports(folder: Path) -> dict[str, Any]:
    return {file.stem: json.loads(file.read_text("utf-8")) for file in folder.glob("*.json")}


def test_all_slots_run_and_each_has_a_report(project: Path) -> None:
    """Each with its own driver arguments, unit and verdict; the start is the same; the worst decides the exit code."""
    (project / "hardseq.toml").write_text(SLOTS + "volts = 6.0\n")
    done = run(*BOTH, "--report", "out")
    assert done.exit_code == 1, done.output
    found = reports(project / "out")
    assert {name: report["status"] for name, report in found.items()} == {"left": "passed", "right": "failed"}
    assert [found[name]["dut"]["serial_number"] for name in ("left", "right")] == ["SN1", "SN2"]
    assert (found["left"]["slot"], found["right"]["slot"]["number"]) == ({"name": "left", "number": 1}, 2)
    assert found["left"]["start"] == found["right"]["start"]
    assert found["left"]["start"]["slots"] == ["left", "right"]
    for said in (
        "left     | reading A",
        "right    | reading B",
        "right  FAILED   main::rail",
        "── right SN2",
        "verdict   left   PASS  SN1",
        "verdict   right  FAIL  first failure: main::rail  SN2",
        "slots     1 passed, 1 failed",
        f"report    left   {Path('out', 'left.json')}",
    ):
        assert said in done.output
    start = found["left"]["start"]["id"]
    assert f"\nstart     {start}\n" in done.output
    for wanted, slots in (
        (["--start", start], {"left", "right"}),
        (["--slot", "left"], {"left"}),
        (["--start", "x"], set()),
    ):
        listed = CliRunner().invoke(command_line, ["runs", "list", "--format", "json", *wanted])
        stored = {each["id"] for each in json.loads(listed.stdout)["runs"]}
        assert stored == {found[slot]["id"] for slot in slots}
    shown = CliRunner().invoke(command_line, ["runs", "show", start]).stdout
    assert f"start     {start}\n" in shown and re.search(r"^left \(1\) +passed .*\nright \(2\) +failed ", shown, re.M)
    whole = CliRunner().invoke(command_line, ["runs", "show", start, "--format", "json"])
    assert {report["slot"]["name"] for report in json.loads(whole.stdout)["runs"]} == {"left", "right"}
    table = CliRunner().invoke(command_line, ["runs"]).stdout.split("\n")
    assert "slot " in table[0] and "  left " in "".join(table)


def test_one_slot_alone_is_a_run_as_ever(project: Path) -> None:
    """Its report says where it was; no verdict of others is shown."""
    done = run("--slot", "right", "--arg", "serial=SN7", "--report", "right.json")
    assert done.exit_code == 0, done.output
    report = json.loads((project / "right.json").read_text("utf-8"))
    assert report["slot"] == {"name": "right", "number": 2}
    assert report["start"]["slots"] == ["right"]
    assert "slot right" in done.output and "verdict   PASS\n" in done.output and "reading B" in done.output


def test_the_reports_go_where_they_are_asked_for(project: Path) -> None:
    """A `{slot}` in the path names each; standard output has them all as one array, in the order of the slots."""
    done = run("--arg", "serial=SN9", "--arg", "right.serial=SN2", "--report", "of-{slot}/x.json")
    assert done.exit_code == 0, done.output
    assert (project / "of-left/x.json").is_file() and (project / "of-right/x.json").is_file()
    whole = run(*BOTH, "--report", "-")
    assert [report["slot"]["name"] for report in json.loads(whole.stdout)] == ["left", "right"]
    assert "verdict   left   PASS" in whole.stderr


def test_a_report_that_cannot_be_written_keeps_no_other_from_it(project: Path) -> None:
    """The runs are stored, the other file is there, and the command ends with 4."""
    (project / "of-left").touch()
    done = run(*BOTH, "--report", "of-{slot}/x.json")
    assert done.exit_code == 4
    assert f"--report {Path('of-left', 'x.json')}" in done.stderr
    assert json.loads((project / "of-right/x.json").read_text("utf-8"))["status"] == "passed"
    assert "verdict   left   PASS" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--slot", "lefd"), "--slot lefd: there is no such slot.*did you mean `left`"),
        (("--arg", "middle.serial=SN1"), "--arg middle.serial: no slot named middle runs.*left, right"),
        (("--slot", "left", "--arg", "right.serial=SN1"), "no slot named right runs"),
        ((), "missing: left.serial, right.serial.*--arg left.serial=... --arg right.serial=..."),
        (("--arg", "right.serial=SN1"), "missing: left.serial\n.*without the others: --slot right"),
        (("--arg", "serial=SN1"), "the slots 'left' and 'right' have the same unit, SN1"),
        ((*BOTH, "--arg", "order=", "--arg", "left.serial=7"), "--arg left.serial is given twice"),
        (
            ("--arg", "left.serial=7", "--arg", "amps=3"),
            "--arg left.serial: .*--arg amps: .*its parameters: serial, order",
        ),
        ((*BOTH, "--step"), "debug one slot.*--slot left"),
        ((*BOTH, "--report", "out.json"), "each slot has a report of its own.*--report out-{slot}.json"),
        ((*BOTH, "--report", "hardseq.toml"), "--report hardseq.toml is not a folder"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(project: Path, arguments: Any, told: str) -> None:
    """With all that is wrong, and a hint; no journal is begun."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert re.search(told, done.stderr, re.DOTALL), done.stderr
    assert not list(project.glob(".hardseq/journals/*.jsonl"))


def test_a_stand_without_slots_has_none_to_choose(project: Path) -> None:
    """Nor has its report any."""
    (project / "hardseq.toml").write_text('[drivers.board]\nport = "A"\n')
    done = run("--slot", "left", "--arg", "serial=SN1")
    assert (done.exit_code, "this stand has no slots" in done.stderr) == (2, True)
    (project / "sequences/board.yaml").write_text(SEQUENCE.replace("slot.count == 2", "slot.count == 1"))
    assert run("--arg", "serial=SN1", "--report", "one.json").exit_code == 0
    assert not {"slot", "start"} & json.loads((project / "one.json").read_text("utf-8")).keys()
    assert run("--arg", "serial=SN1", "--report", "sequences").exit_code == 2


@pytest.mark.parametrize("more", ["prot = 3", 'does = "die"'])
def test_a_slot_that_cannot_run_is_an_error_of_that_slot(project: Path, more: str) -> None:
    """A wrong driver argument, or a test process that dies: the other slot passes, and the run is not carried out."""
    (project / "hardseq.toml").write_text(f"{SLOTS}{more}\n")
    done = run(*BOTH, "--report", "out")
    found = reports(project / "out")
    assert {name: report["status"] for name, report in found.items()} == {"left": "passed", "right": "error"}
    assert done.exit_code == (4 if more == "prot = 3" else 1), done.output
    assert "verdict   right  ERROR" in done.output and "verdict   left   PASS" in done.output


class DyingChild(Child):
    """A test process that is gone as soon as it was started."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.kill()


def second_that_dies() -> Callable[..., Child]:
    """The second test process that is started is gone at once."""
    kinds = iter([Child, DyingChild])
    return lambda *given: next(kinds, Child)(*given)


def test_a_test_process_that_dies_at_the_start_is_an_error_of_its_slot(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no run in it; the other slot runs, and the command ends with 4."""
    monkeypatch.setattr("sequencer.runner.run.Child", second_that_dies())
    done = run(*BOTH, "--report", "out")
    assert done.exit_code == 4, done.output
    assert {name: report["status"] for name, report in reports(project / "out").items()} == {"left": "passed"}
    assert re.search("right  ERROR    it did not begin: the test process ", done.output)
    assert "slots     1 passed, 1 error" in done.output


def test_a_start_in_which_no_slot_can_run_is_told_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of a single run."""
    monkeypatch.setattr("sequencer.runner.run.Child", DyingChild)
    monkeypatch.setattr("sequencer.runner.child.Child", DyingChild)
    done = run(*BOTH)
    assert (done.exit_code, done.stderr.count("the test process")) == (4, 1)
    assert not list(project.glob(".hardseq/journals/*.jsonl"))


def test_a_configuration_that_is_wrong_in_one_slot_starts_none(project: Path) -> None:
    """It is a problem of hardseq.toml, at its place."""
    (project / "hardseq.toml").write_text(
        f"{SLOTS}[slots.right]\nnumbr = 3\n".replace("[slots.right.drivers", "[slots.third.drivers")
    )
    done = run(*BOTH)
    assert done.exit_code == 2
    assert "unknown key `numbr` in [slots.right]" in done.stderr
    assert not list(project.glob(".hardseq/journals/*.jsonl"))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sequencer", "run", "--no-panel", *arguments]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HARDSEQ_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def slots_that(does: str, ports: str) -> str:
    return "".join(f'[slots.s{port.lower()}.drivers.board]\nport = "{port}"\ndoes = "{does}"\n' for port in ports)


def journals_of(project: Path) -> list[Path]:
    return list(project.glob(".hardseq/journals/*.jsonl"))


posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind are POSIX's")


@posix
@pytest.mark.parametrize(("does", "why"), [("hold", "Ctrl-C"), ("deaf", "stopped again")])
def test_a_stop_ends_every_slot(project: Path, does: str, why: str) -> None:
    """Ctrl-C stops all of them, the teardown of each runs, and a second one ends what does not listen: 3."""
    (project / "hardseq.toml").write_text(slots_that(does, "AB"))
    arguments = command("--arg", "sa.serial=SN1", "--arg", "sb.serial=SN2", "--report", "out")
    with subprocess.Popen(
        arguments, cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        wait_for(lambda: all((project / f"waits.{port}").exists() for port in "AB"))
        process.send_signal(signal.SIGINT)
        while does == "deaf" and not all((project / f"off.{port}").exists() for port in "AB"):
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
        (project / "go").touch()
        shown, _ = process.communicate(timeout=60)
    assert process.returncode == 3, shown
    assert "Traceback" not in shown
    for report in reports(project / "out").values():
        statuses = {case["id"]: case["status"] for module in report["modules"] for case in module["cases"]}
        assert statuses == {"rail": "passed", "waits": "stopped", "last": "skipped", "off": "passed"}
        assert why in report["modules"][0]["cases"][1]["attempts"][0]["failures"][0]["message"]
    assert len(reports(project / "out")) == 2
    assert all((project / f"off.{port}").exists() for port in "AB")


@posix
def test_a_second_run_is_refused_while_a_slot_runs(project: Path) -> None:
    """Also one of another slot: the stand is for one owner at a time."""
    (project / "hardseq.toml").write_text(slots_that("hold", "AB"))
    with subprocess.Popen(command("--slot", "sa", "--arg", "serial=SN1"), cwd=project, env=environment()) as process:
        wait_for((project / "waits.A").exists)
        done = run("--arg", "sa.serial=SN3", "--arg", "sb.serial=SN4")
        assert done.exit_code == 4
        assert done.stderr.count("another run uses this stand") == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 3


def test_nobody_gets_in_between_a_slot_that_is_over_and_one_yet_to_begin(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are one start: on a busy machine the second may begin long after the first has ended."""
    opened = open_project(project / "sequences/board.yaml").checked()
    compiled = compile_for_stand(opened, project / "sequences/board.yaml")
    slots = configured_slots(opened.settings.slots)
    runs = JointRuns(
        opened, compiled, slots, hear=lambda *event: None, printed=lambda *line: None, shared_printed=lambda line: None
    )
    late = threading.Event()
    begin = Run.start

    def start(run: Run, request: StartRequest) -> str:
        if request.slot.name == "right":
            late.wait()
        return begin(run, request)

    monkeypatch.setattr(Run, "start", start)
    other = ProcessLock(opened.state.run_lock)
    try:
        runs.prepare()
        runs.start(StartRequest(), {"left": {"serial": "SN1"}, "right": {"serial": "SN2"}})
        ends = runs.ends()
        assert next(ends).slot == "left"
        assert other.take() is not None, "another command would have the stand, and the second slot would be lost"
        late.set()
        right = next(ends)
        assert right.report is not None, right.problem
        assert (right.report["status"], next(ends, None)) == ("passed", None)
    finally:
        late.set()
        runs.close()
    assert other.take() is None
    other.release()


SHARED = SEQUENCE.replace("drivers:\n", "drivers:\n  meter: {use: bench.Meter, shared: true}\n").replace(
    "          - call: board.wait\n",
    "          - hold: [meter]\n            steps: [{call: meter.read}]\n"
    "          - call: board.wait\n            if: slot.number == 1\n"
    "          - sync: never\n",
)
METER = """

class Meter:
    deaf = False

    def read(self) -> float:
        while self.deaf:
            try:
                Path("meter.waits").touch()
                time.sleep(60)
            except BaseException:
                pass
        return 5.0

    def close(self) -> None:
        Path("meter.closed").touch()
"""


@posix
@pytest.mark.real_start
@pytest.mark.slow
@pytest.mark.parametrize("shared", ["", "waits", "deaf"])
def test_a_killed_owner_leaves_whole_journals_and_no_process(project: Path, shared: str) -> None:
    """Every slot's teardown runs, every journal can be read to its end, and nobody is left.

    Also where the slots share an instrument, and wait for one of them: its driver is closed, unless it ignores
    everything. That ten seconds are enough for all of it is in ``test_after_the_owner.py``.
    """
    ports = "ABCD"
    (project / "hardseq.toml").write_text(slots_that("hold", ports))
    if shared:
        (project / "sequences/board.yaml").write_text(SHARED)
        (project / "drivers/bench.py").write_text(DRIVER + METER.replace("False", str(shared == "deaf")))
    serials = [text for at, port in enumerate(ports) for text in ("--arg", f"s{port.lower()}.serial=SN{at}")]
    process = subprocess.Popen(command(*serials), cwd=project, env=environment(), stdout=subprocess.DEVNULL)
    if shared == "deaf":
        wait_for((project / "meter.waits").exists)
        wait_for(lambda: sum('"hold"' in file.read_text() for file in journals_of(project)) == len(ports))
    else:
        if shared:
            wait_for(lambda: sum('"sync"' in file.read_text() for file in journals_of(project)) == len(ports) - 1)
        wait_for(lambda: all((project / f"waits.{port}").exists() for port in (ports[:1] if shared else ports)))
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert len(children) >= len(ports) + bool(shared)
    _, left = psutil.wait_procs(children, timeout=60)
    assert not left
    assert all((project / f"off.{port}").exists() for port in ports)
    assert (project / "meter.closed").exists() == (shared == "waits")
    journals = journals_of(project)
    assert len(journals) == len(ports)
    for journal in journals:
        state = Fold(journal.stem)
        with journal.open("rb") as file:
            lines = read_journal(file)
            for stamped in lines:
                state.apply(stamped)
        assert not lines.damaged
        report = state.finish()
        statuses = {case["id"]: case["status"] for module in report["modules"] for case in module["cases"]}
        assert (statuses["rail"], statuses["off"]) == ("passed", "passed")
    recovered = CliRunner().invoke(command_line, ["runs", "list", "--format", "json"])
    assert recovered.exit_code == 0


@pytest.mark.real_start
@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")
def test_slots_are_forked_from_one_process_which_may_die(project: Path) -> None:
    """Their parent is not hardseq itself; when a driver kills it, every slot is tested to its end."""
    (project / "hardseq.toml").write_text(slots_that("orphan", "A") + slots_that("", "B"))
    done = run("--arg", "sa.serial=SN1", "--arg", "sb.serial=SN2", "--report", "out")
    assert done.exit_code == 0, done.output
    assert {name: report["status"] for name, report in reports(project / "out").items()} == {
        "sa": "passed",
        "sb": "passed",
    }
    parent = int((project / "parent").read_text())
    assert parent != os.getpid() and not psutil.pid_exists(parent)


def test_slots_where_nothing_can_be_forked(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a process that is started for it, the first of them the one that was loading already."""
    started: list[int] = []

    class CountedChild(Child):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            started.append(self.pid)

    monkeypatch.setattr("sequencer.app.joint_start.fork_server", lambda *given: None)
    monkeypatch.setattr("sequencer.runner.child.Child", CountedChild)
    monkeypatch.setattr("sequencer.runner.run.Child", CountedChild)
    done = run(*BOTH, "--report", "out")
    assert done.exit_code == 0, done.output
    assert {name: report["status"] for name, report in reports(project / "out").items()} == {
        "left": "passed",
        "right": "passed",
    }
    assert len(started) == 2


@pytest.mark.slow
def test_64_slots(project: Path) -> None:
    """Every one of them has a report, and the verdicts are counted."""
    names = [f"s{number:02}" for number in range(64)]
    (project / "hardseq.toml").write_text("".join(f'[slots.{name}.drivers.board]\nport = "{name}"\n' for name in names))
    (project / "sequences/board.yaml").write_text(SEQUENCE.replace("slot.count == 2", "slot.count == 64"))
    serials = [text for at, name in enumerate(names) for text in ("--arg", f"{name}.serial=SN{at}")]
    done = run(*serials, "--report", "out")
    assert done.exit_code == 0, done.output[-2000:]
    assert reports(project / "out").keys() == set(names)
    assert "slots     64 passed" in done.output
    assert re.search(r"report    64 slots  .*hardseq\.sqlite3\n", done.output)


def test_no_slot_begins_on_a_full_disk(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once."""
    monkeypatch.setattr("sequencer.app.project_report_store.LEAST_FREE", 1 << 60)
    done = run(*BOTH)
    assert done.exit_code == 4
    assert done.stderr.count("disk") == 1
    assert not list(project.glob(".hardseq/journals/*.jsonl"))
