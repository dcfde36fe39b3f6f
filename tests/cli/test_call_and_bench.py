"""The bench by hand: one call of a driver, and many at a prompt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sequencer.app.exit_codes import Refusal
from sequencer.app.instruments import InstrumentBench
from sequencer.cli.bench import completions
from sequencer.cli.call import command as call
from sequencer.project.locks import ProcessLock
from sequencer.project.state_folder import StateFolder

DRIVER = '''\
class Meter:
    def __init__(self, address):
        if address == "DEAD":
            raise ConnectionError("nobody answers at DEAD")
        self.address = address
        print("open", address)

    def read(self, channel: int = 1, label: str = ""):
        """Reads a channel."""
        if channel > 4:
            raise ValueError(f"there is no channel {channel}")
        return {"channel": channel, "volts": 4.5, "label": label}

    def set(self, volts):
        self.volts = volts
        return volts

    @property
    def idn(self):
        return "ACME," + self.address

    def close(self):
        print("close", self.address)


def blink(times):
    return times * 2


def Port(url) -> "Meter":
    return Meter(url)
'''
SEQUENCE = """\
name: A
params: {port: {type: string, default: COM1}}
drivers:
  meter: {use: bench.Meter, with: {address: "${{ params.port }}"}}
  kept: {use: bench.Meter, with: {address: COM9}, scope: stand}
  blink: bench.blink
  port: {use: bench.Port, with: {url: COM5}}
  ratio: fractions.Fraction
modules:
  m:
    cases:
      c:
        steps:
          - {call: meter.read}
          - {call: kept.read}
          - {call: blink, with: {times: 2}}
          - {call: port.read}
          - {call: ratio, with: {numerator: 3}, save: three}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one sequence."""
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    files = {"sequences/a.yaml": SEQUENCE, "drivers/bench.py": DRIVER, "hardseq.toml": ""}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def hardseq(project: Path, *arguments: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sequencer", *arguments]
    return subprocess.run(command, cwd=project, input=lines, capture_output=True, text=True, timeout=60)


def test_one_call(project: Path) -> None:
    """The driver is opened with this stand's arguments and closed; standard output has the result and nothing else."""
    called = hardseq(project, "call", "meter.read", "channel=2", "label=5")
    assert (called.returncode, called.stdout) == (0, '{"channel": 2, "volts": 4.5, "label": "5"}\n')
    assert called.stderr == "open COM1\nclose COM1\n"
    (project / "hardseq.toml").write_text('[drivers.meter]\naddress = "COM7"\n')
    (project / "sequences" / "b.yaml").write_text(SEQUENCE)
    called = hardseq(project, "call", "meter.idn", "--format", "json")
    assert (called.returncode, json.loads(called.stdout)["value"]) == (0, "ACME,COM7")
    called = hardseq(project, "call", "blink", "times=4", "--arg", "port=COM3")
    assert (called.returncode, called.stdout) == (0, "8\n")


def test_calls_that_fail(project: Path) -> None:
    """1 for a call that went wrong, 4 for a driver that cannot be opened or that somebody else has."""
    called = hardseq(project, "call", "meter.read", "channel=9")
    assert (called.returncode, called.stdout) == (1, "")
    assert "meter.read: ValueError: there is no channel 9" in called.stderr
    assert "Traceback" not in called.stderr
    called = hardseq(project, "call", "meter.read", "--arg", "port=DEAD")
    assert called.returncode == 4
    assert "could not be opened: ConnectionError: nobody answers at DEAD" in called.stderr
    state = StateFolder(project / ".hardseq")
    run, panel = ProcessLock(state.run_lock), ProcessLock(state.kept_lock)
    assert run.take(run="a run") is None
    called = hardseq(project, "call", "meter.read")
    assert (called.returncode, "a run uses the stand: process" in called.stderr) == (4, True)
    run.release()
    assert panel.take() is None
    called = hardseq(project, "call", "kept.read")
    assert (called.returncode, "the panel keeps 'kept' open between runs: process" in called.stderr) == (4, True)
    panel.release()


@pytest.mark.parametrize(
    ("called", "given", "message", "hint"),
    [
        ("metr.read", {}, "there is no driver 'metr'", "did you mean `meter`?"),
        ("meter.red", {}, "'meter' has no method or property 'red'", "did you mean `read`?"),
        ("meter", {}, "'meter' is a class: name the method to call", "meter.read"),
        ("meter.read", {"chanel": "1"}, "meter.read has no argument 'chanel'", "did you mean `channel`?"),
        ("meter.set", {}, "meter.set needs volts", "meter.set volts=..."),
        ("meter.idn", {"a": "1"}, "meter.idn is a property and takes no arguments", None),
        ("blink", {"time": "1"}, "blink has no argument 'time'", "did you mean `times`?"),
    ],
)
def test_calls_that_there_are_not(
    project: Path, called: str, given: dict[str, str], message: str, hint: str | None
) -> None:
    """What the driver's source knows is told before anything is opened, with what was meant."""
    with InstrumentBench(project) as bench, pytest.raises(Refusal) as refused:
        bench.call(called, given)
    assert message in str(refused.value)
    assert (refused.value.hint or "") == (hint or "") or (hint or "") in (refused.value.hint or "")
    assert refused.value.code == 2


def test_an_argument_is_told_as_it_is_written(project: Path) -> None:
    """Arguments of a call stand alone, parameters behind `--arg`."""
    for words, said in ((["channel"], "channel: write it"), (["--arg", "x"], "--arg x: write it")):
        refused = CliRunner().invoke(call, ["meter.read", *words, "--project", str(project)], standalone_mode=False)
        assert str(refused.exception).startswith(said)


def test_drivers_of_the_same_name(project: Path) -> None:
    """Sequences that mean different drivers by a name are told, and `--sequence` chooses; a broken one is left out."""
    (project / "sequences" / "b.yaml").write_text(SEQUENCE.replace("COM9", "COM8"))
    (project / "sequences" / "c.yaml").write_text("name: C\n")
    with pytest.raises(Refusal, match=r"sequences/a.yaml and sequences/b.yaml mean different drivers by 'kept'") as one:
        InstrumentBench(project)
    assert one.value.hint == "--sequence sequences/b.yaml"
    other = project / "sequences" / "b.yaml"
    with InstrumentBench(other, sequence=other) as bench:
        assert bench.instruments["kept"].driver.arguments == {"address": "COM8"}
    broken = project / "sequences" / "c.yaml"
    with pytest.raises(Refusal, match="has errors"):
        InstrumentBench(broken, sequence=broken)


def test_the_prompt(project: Path) -> None:
    """Drivers stay open from line to line, one of which a call went wrong is opened again, and all are closed."""
    lines = (
        "drivers\nmeter?\nmeter.set volts=3.3\nmeter.volts\nmeter.read label='a b'\ndrivers\nmeter.read channel=9\n"
        "nobody.read\nmeter.idn 'x\n# a remark\n\nclose meter\nopen kept\nhelp\nkept.read channel=[\nquit\nkept.idn\n"
    )
    bench = hardseq(project, "bench", lines=lines)
    assert bench.returncode == 1
    said = bench.stdout.splitlines()
    assert said[0].split() == ["meter", "closed", "bench.Meter"]
    assert "meter.read [channel=] [label=]  Reads a channel." in said
    assert [line for line in said if line.startswith(("3", "{"))] == [
        "3.3",
        "3.3",
        '{"channel": 1, "volts": 4.5, "label": "a b"}',
    ]
    assert next(line for line in said if "open" in line.split()[:2]).split()[0] == "meter"
    assert "ACME,COM9" not in said
    for told in ("there is no channel 9", "there is no driver 'nobody'", "this line cannot be read", "close COM9"):
        assert told in bench.stderr
    assert bench.stderr.count("open COM1") == bench.stderr.count("close COM1") == 1


def test_what_functions_give_and_classes_make(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that a function gives has the methods of that class; a class that is called itself makes an object."""
    called = hardseq(project, "call", "port.idn")
    assert (called.returncode, called.stdout) == (0, "ACME,COM5\n")
    monkeypatch.chdir(project)
    with InstrumentBench(project) as bench:
        assert completions(bench, "", "port.r") == ["port.read"]
        assert bench.call("ratio", {"numerator": "3", "denominator": "6"}).text == "0.5"
        assert [each[0] for each in bench.described("ratio")] == ["ratio ..."]


def test_completion(project: Path) -> None:
    """Drivers, their methods and properties, and the arguments that are not given yet."""
    with InstrumentBench(project) as bench:
        assert completions(bench, "", "me") == ["meter."]
        assert completions(bench, "", "bl") == ["blink"]
        members = ["read", "set", "idn", "close", "address", "volts"]
        assert completions(bench, "", "meter.") == [f"meter.{each}" for each in members]
        assert completions(bench, "meter.read ", "") == ["channel=", "label="]
        assert completions(bench, "meter.read channel=1 ", "") == ["label="]
        assert completions(bench, "blink ", "t") == ["times="]
        assert completions(bench, "close ", "k") == ["kept"]
        assert completions(bench, "nobody.read ", "") == completions(bench, "", "nobody.x") == []
