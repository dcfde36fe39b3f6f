from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

SEQUENCE = """\
name: Rails
version: 1.0.0
drivers:
  meter: bench.Meter
params:
  volts: {type: number, default: 5.0, prompt: How much}
  serial: {type: string, pattern: "^SN[0-9]+$", default: SN1}
modules:
  main:
    cases:
      rail:
        name: 5 V rail
        tags: [quick]
        steps:
          - record: {dut: {serial_number: "${{ params.serial }}"}}
          - measure: 5 V rail
            call: meter.read
            with: {volts: "${{ params.volts }}"}
            unit: V
            limits: [4.8, 5.2]
            error_code: 12
      slow:
        steps:
          - wait: ${{ "60 s" if params.volts == 1 else "1 ms" }}
      after:
        depends: ::rail
        steps:
          - message: fine
  end:
    group: teardown
    cases:
      off:
        steps:
          - call: meter.off
"""

DRIVER = """\
import os


class Meter:
    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def read(self, volts: float) -> float:
        print("reading")
        if volts == 99:
            raise OSError("no answer from the meter")
        return float("nan") if volts == 77 else volts + self.offset

    def off(self) -> None:
        print("switched off")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a meter, a rail to measure and a teardown."""
    folder = tmp_path / "project"
    for name, text in {"sequences/rails.yaml": SEQUENCE, "drivers/bench.py": DRIVER, "hardseq.toml": ""}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "sequencer", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HARDSEQ_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}


def hardseq(*arguments: object, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert "bug in hardseq" not in done.stderr, done.stderr
    return done


def run(project: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    return hardseq("run", "--no-panel", *arguments, cwd=project, **more)


def stored(project: Path) -> Any:
    return json.loads(hardseq("runs", "export", "latest", cwd=project).stdout)


@pytest.mark.real_start
def test_a_passed_run(project: Path) -> None:
    """A run that passes ends with 0; values, limits and what the driver printed are shown, and the report is stored."""
    done = run(project)
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("Rails 1.0.0", "PASSED   main::rail  5 V rail", "5 V rail = 5 V", "  | reading", "verdict   PASS"):
        assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    report = stored(project)
    assert (report["status"], report["dut"]["serial_number"]) == ("passed", "SN1")


def test_a_failed_run(project: Path) -> None:
    """A missed limit ends with 1, and the summary names case, value, place, step, driver call and error code."""
    done = run(project, "--arg", "volts=7")
    assert done.returncode == 1
    summary = done.stdout[done.stdout.index("FAILED: main::rail") :]
    for said in ("7 V", "at sequences/rails.yaml:16:13", "calling meter.read", "error code 12", "verdict   FAIL"):
        assert said in summary
    assert "switched off" in done.stdout


def test_nan_is_no_pass(project: Path) -> None:
    """A driver that returns NaN fails its case."""
    done = run(project, "--arg", "volts=77")
    assert done.returncode == 1
    assert "verdict   FAIL" in done.stdout


def test_a_driver_that_raises(project: Path) -> None:
    """An exception in a driver is an error of its case, shown with the driver's own traceback alone; teardown runs."""
    done = run(project, "--arg", "volts=99")
    assert done.returncode == 1
    assert "no answer from the meter" in done.stdout
    assert 'bench.py", line 11, in read' in done.stdout
    assert f"{ROOT / 'sequencer'}{os.sep}" not in done.stdout
    assert "switched off" in done.stdout and "verdict   ERROR" in done.stdout


def test_a_driver_that_does_not_open(project: Path) -> None:
    """A driver that cannot be built is an error of the run: exit code 4 with the driver's message."""
    (project / "hardseq.toml").write_text("[drivers.meter]\noffsett = 1\n")
    done = run(project)
    assert done.returncode == 4
    assert "offsett" in done.stdout


def test_this_stands_driver_arguments_are_used(project: Path) -> None:
    """`[drivers.NAME]` of the configuration reaches the driver."""
    (project / "hardseq.toml").write_text("[drivers.meter]\noffset = -2.0\n[stand]\nname = 'S1'\n")
    assert run(project).returncode == 1
    report = stored(project)
    assert report["modules"][0]["cases"][0]["attempts"][0]["measurements"][0]["value"] == 3.0
    assert report["stand"]["name"] == "S1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--arg", "volts=abc"], "--arg volts: must be a number"),
        (["--arg", "serial=12"], "--arg serial: must match ^SN[0-9]+$"),
        (["--arg", "sreial=SN1"], "its parameters: volts, serial"),
        (["--only", "main::rial"], "main::rial"),
        (["--tag", "slow"], "slow"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_runs(project: Path, arguments: list[str], said: str) -> None:
    """A wrong parameter or selection ends with 2, and no run is recorded."""
    done = run(project, *arguments)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "no runs" in hardseq("runs", cwd=project).stderr


def test_an_invalid_sequence_is_told_in_one_go(project: Path) -> None:
    """Every problem of a sequence stands there with its place and hint, exit code 2, and nothing runs."""
    text = SEQUENCE.replace("meter.read", "meter.raed").replace("limits:", "limit:")
    (project / "sequences/rails.yaml").write_text(text)
    done = run(project)
    assert done.returncode == 2
    assert "sequences/rails.yaml:17:25:" in done.stderr and "did you mean" in done.stderr
    assert "sequences/rails.yaml:20:13: error: unknown key `limit`" in done.stderr
    assert done.stdout == ""


def test_an_invalid_configuration_is_told(project: Path) -> None:
    """A configuration with errors ends with 2, its problems at their lines, and a secret's line is not shown."""
    (project / "hardseq.toml").write_text("[stand_cloud]\napi_key = swordfish\n")
    done = run(project)
    assert done.returncode == 2
    assert "hardseq.toml:2:11: error: not valid TOML" in done.stderr
    assert "swordfish" not in done.stderr + done.stdout


def test_a_configuration_of_hardpy_is_read_as_it_is(project: Path) -> None:
    """A folder with only a hardpy.toml runs with its values, and what means nothing here is told by the check alone."""
    (project / "hardseq.toml").rename(project / "hardpy.toml")
    (project / "hardpy.toml").write_text("[frontend]\nport = 8123\n[socket]\nport = 6525\n[stand]\nname = 'S2'\n")
    done = run(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert stored(project)["stand"]["name"] == "S2"
    checked = hardseq("check", cwd=project)
    assert checked.returncode == 0 and "hardpy.toml:3:2: warning: unknown key `socket`" in checked.stdout


def test_an_unchanged_sequence_is_not_compiled_again(project: Path) -> None:
    """The second run of an unchanged sequence uses the generated project of the first; a changed one makes another."""
    compiled = project / ".hardseq" / "compiled"
    run(project)
    first = {file: file.stat().st_mtime_ns for file in compiled.rglob("*.py")}
    run(project)
    assert {file: file.stat().st_mtime_ns for file in compiled.rglob("*.py")} == first
    (project / "sequences/rails.yaml").write_text(SEQUENCE.replace("Rails", "Rails B"))
    assert "Rails B" in run(project).stdout


def test_chosen_cases_make_a_partial_run(project: Path) -> None:
    """`--only` runs the case with what it depends on and the teardown, and says that this proves nothing."""
    done = run(project, "--only", "main::after")
    assert done.returncode == 0
    assert "PARTIAL" in done.stdout and "switched off" in done.stdout
    statuses = {case["id"]: case["status"] for module in stored(project)["modules"] for case in module["cases"]}
    assert statuses == {"rail": "passed", "slow": "skipped", "after": "passed", "off": "passed"}


def test_the_report_as_a_file(project: Path) -> None:
    """`--report FILE` writes the stored report as JSON; `-` leaves standard output to it."""
    assert run(project, "--report", "out/report.json").returncode == 0
    assert json.loads((project / "out/report.json").read_text("utf-8")) == stored(project)
    done = run(project, "--report", "-")
    assert json.loads(done.stdout)["status"] == "passed"
    assert "verdict   PASS" in done.stderr


def test_a_report_that_cannot_be_written_is_told(project: Path) -> None:
    """A wrong place for the report ends with 4 although the run passed; the stored report is there."""
    done = run(project, "--report", project / "hardseq.toml" / "x.json")
    assert done.returncode == 4
    assert "--report" in done.stderr and stored(project)["status"] == "passed"


def waits(project: Path) -> bool:
    """Whether the run is in its wait of a minute."""
    return any('"verb":"wait"' in file.read_text() for file in project.glob(".hardseq/journals/*.jsonl"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind are POSIX's")
@pytest.mark.parametrize(("sent", "reason"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "asked to end")])
def test_a_stop_ends_cleanly(project: Path, sent: signal.Signals, reason: str) -> None:
    """Ctrl-C and SIGTERM stop the running case, skip the rest, run the teardown, store the report, and end with 3."""
    arguments = command("run", "--no-panel", "--arg", "volts=1")
    with subprocess.Popen(
        arguments, cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        shown = ""
        while "FAILED   main::rail" not in shown:
            line = process.stdout.readline()
            assert line, shown
            shown += line
        while not waits(project) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(sent)
        shown += process.stdout.read()
        assert process.wait(60) == 3, shown
    assert "STOPPED  main::slow" in shown and reason in shown and "switched off" in shown
    assert "Traceback" not in shown
    report = stored(project)
    assert report["status"] == "stopped"
    assert {case["id"]: case["status"] for module in report["modules"] for case in module["cases"]} == {
        "rail": "failed",
        "slow": "stopped",
        "after": "skipped",
        "off": "passed",
    }


def test_a_reader_that_leaves_does_not_stop_the_run(project: Path) -> None:
    """`hardseq run | head -1` still carries the run out and stores its report."""
    with subprocess.Popen(
        command("run", "--no-panel"), cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0
    assert stored(project)["status"] == "passed"


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_poor_encodings_do_not_break_a_run(project: Path, encoding: str) -> None:
    """An output whose encoding lacks letters gets escapes; the run is not disturbed."""
    text = SEQUENCE.replace("message: fine", "message: gut ✓ 日本 Ω")
    (project / "sequences/rails.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        command("run", "--no-panel"),
        cwd=project,
        env=environment(PYTHONUTF8="0", PYTHONIOENCODING=encoding),
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert b"verdict   PASS" in done.stdout


def test_a_project_without_configuration(project: Path) -> None:
    """Without hardseq.toml the folder above `sequences` is the project; a folder can be named instead of a file."""
    (project / "hardseq.toml").unlink()
    assert hardseq("run", "--no-panel", project, cwd=project.parent).returncode == 0
    assert (project / ".hardseq" / "hardseq.sqlite3").is_file()


def test_the_state_folder_can_lie_elsewhere(project: Path, tmp_path: Path) -> None:
    """With HARDSEQ_STATE_DIR nothing is written into the project."""
    assert run(project, HARDSEQ_STATE_DIR=str(tmp_path / "state")).returncode == 0
    assert (tmp_path / "state" / "hardseq.sqlite3").is_file()
    assert not (project / ".hardseq").exists()


def test_the_verdict_waits_for_no_store(project: Path) -> None:
    """With a CouchDB that takes connections and never answers the verdict is told before that is found out."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(16)
        (project / "hardseq.toml").write_text(
            f'[database]\nstorage_type = "couchdb"\nurl = "http://127.0.0.1:{mute.getsockname()[1]}"\ntimeout = 1\n'
        )
        done = run(project)
    assert done.returncode == 0
    shown = done.stdout
    assert "timed out" in shown, shown
    assert shown.index("verdict   PASS") < shown.index("timed out") < shown.index("report    ")


@pytest.mark.parametrize(("status", "said"), [(400, "was set aside as"), (405, "1 waiting in its journal")])
def test_sync_fails_while_a_report_has_only_its_journal(project: Path, status: int, said: str) -> None:
    """What a server does not take for good waits there or is set aside: nothing was sent, and the exit code says so."""
    refusal = b'{"error":"illegal_docid","reason":"Doc id must be of form partition:id"}'

    class Refusing(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(refusal)))
            self.end_headers()
            self.wfile.write(refusal)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            (project / "hardseq.toml").write_text(f'[database]\nstorage_type = "couchdb"\nurl = "{url}"\n')
            assert run(project).returncode == 4
            done = hardseq("sync", cwd=project)
        finally:
            server.shutdown()
            thread.join()
    assert done.returncode == 1, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
