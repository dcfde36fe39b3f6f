"""Which instruments there are, and their addresses in the configuration."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sequencer.cli.main import command_line

INSTRUMENTS = """\
spec: "1.1"
devices:
  dmm:
    eom: {GPIB INSTR: {q: "\\n", r: "\\n"}, USB INSTR: {q: "\\n", r: "\\n"}}
    dialogues: [{q: "*IDN?", r: "ACME,DMM,S1,2.0"}]
  deaf:
    eom: {USB INSTR: {q: "\\n", r: "\\n"}}
    dialogues: [{q: "nothing", r: "nothing"}]
resources:
  GPIB0::16::INSTR: {device: dmm}
  USB0::0x1234::0x5678::S2::0::INSTR: {device: deaf}
"""
SEQUENCE = """\
name: A
drivers:
  dmm: {use: bench.Meter, with: {adapter: GPIB0::1::INSTR}}
  plc: {use: bench.Plc}
modules: {m: {cases: {c: {steps: [{call: dmm.read}, {call: plc.read}]}}}}
"""
DRIVERS = """\
class Meter:
    def __init__(self, adapter, name=""): ...
    def read(self): ...
class Plc:
    def __init__(self, where=""): ...
    def read(self): ...
"""


@pytest.fixture
def discover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in a project, with two serial ports and the simulated instruments of PyVISA-sim."""
    files = {
        "instruments.yaml": INSTRUMENTS,
        "sequences/a.yaml": SEQUENCE,
        "drivers/bench.py": DRIVERS,
        "hardseq.toml": "# this stand\n[drivers.dmm]\n# the big one\nname = 'M'\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    ports = [
        SimpleNamespace(
            device="COM3", vid=0x0403, pid=0x6001, serial_number="FT1", manufacturer="FTDI", product="Bridge"
        ),
        SimpleNamespace(device="COM4", vid=None, pid=None, serial_number=None, manufacturer=None, product=None),
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: iter(ports))
    monkeypatch.setitem(sys.modules, "zeroconf", None)

    def run(*arguments: str) -> Result:
        sim = f"{tmp_path / 'instruments.yaml'}@sim"
        return CliRunner().invoke(
            command_line, ["discover", "--project", str(tmp_path), "--visa-library", sim, "--seconds", "0", *arguments]
        )

    run.toml = tmp_path / "hardseq.toml"  # type: ignore[attr-defined]
    return run


def test_what_there_is(discover: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serial ports with their USB identity, VISA resources with what they say; what cannot be looked for is told."""
    listed = discover("--format", "json")
    assert listed.exit_code == 0
    document = json.loads(listed.stdout)
    assert {each["address"]: (each["kind"], each["identity"], each["details"]) for each in document["instruments"]} == {
        "COM3": ("serial", "FTDI Bridge", "USB 0403:6001 FT1"),
        "COM4": ("serial", None, None),
        "GPIB0::16::INSTR": ("visa", "ACME,DMM,S1,2.0", None),
        "USB0::0x1234::0x5678::S2::0::INSTR": ("visa", None, None),
    }
    assert list(document["missing"]) == ["zeroconf"]
    listed = discover("--no-ask")
    assert "ACME" not in listed.stdout
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: iter([SimpleNamespace(
        device="COM5\x07", vid=None, pid=None, serial_number=None, manufacturer="A\x1b]52;c;x\x07", product="B\nC"
    )]))  # fmt: skip
    said = discover("--no-ask").stdout.splitlines()[0]
    assert said.isprintable()
    assert "COM5" in said and "C" in said.rpartition("B")[2]
    assert listed.stdout.splitlines()[0].split() == ["1", "serial", "COM3", "FTDI", "Bridge", "USB", "0403:6001", "FT1"]
    assert "zeroconf is not installed" in listed.stderr


def test_addresses_are_written(discover: Any) -> None:
    """By number or by a part that only one has; what was in the file stays, comments too."""
    written = discover("--write", "dmm=S1,2.0", "--write", "plc.where=1")
    assert written.exit_code == 0, written.output
    assert discover.toml.read_text() == (
        "# this stand\n[drivers.dmm]\nadapter = \"GPIB0::16::INSTR\"\n# the big one\nname = 'M'\n"
        '\n[drivers.plc]\nwhere = "COM3"\n'
    )
    discover.toml.chmod(0o600)
    assert discover("--write", "dmm=FT1").exit_code == 0
    if sys.platform != "win32":  # there may be passwords in it
        assert discover.toml.stat().st_mode & 0o777 == 0o600
    assert 'adapter = "COM3"\n# the big one' in discover.toml.read_text()


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ("dmm", "write it as DRIVER=WHICH"),
        ("dmm=INSTR", "2 of them are meant"),
        ("dmm=nobody", "none of them is meant"),
        ("nobody=1", "there is no driver 'nobody'"),
        ("plc=1", "which argument of 'plc' is the address?"),
        ("plc.when=1", "'plc' has no argument 'when'"),
    ],
)
def test_what_cannot_be_written(discover: Any, wish: str, message: str) -> None:
    """It is refused, and the file stays as it is."""
    before = discover.toml.read_bytes()
    refused = discover("--write", wish)
    assert (refused.exit_code, message in refused.stderr) == (2, True)
    assert discover.toml.read_bytes() == before


def test_instruments_of_the_network(discover: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What announces itself by mDNS is listed with the address that VISA takes, and with who it says it is."""
    info = SimpleNamespace(
        port=5025,
        properties={b"Manufacturer": b"ACME", b"Model": b"PSU", b"SerialNumber": b"7", b"Empty": None},
        parsed_addresses=lambda: ["192.168.0.7", "fe80::1"],
    )
    network = SimpleNamespace(get_service_info=lambda *_, **__: info, close=lambda: None)

    def browse(net: object, services: list[str], handlers: list[Any]) -> SimpleNamespace:
        for service in services:
            handlers[0](zeroconf=net, service_type=service, name=f"supply.{service}", state_change=None)
        return SimpleNamespace(cancel=lambda: None)

    fake = SimpleNamespace(Zeroconf=lambda: network, ServiceBrowser=browse)
    monkeypatch.setattr("sequencer.app.discovery.import_module", lambda name: fake)
    found = json.loads(discover("--format", "json").stdout)["instruments"]
    lxi = {each["address"]: each["identity"] for each in found if each["kind"] == "lxi"}
    assert lxi["TCPIP::192.168.0.7::INSTR"] == "ACME,PSU,7,"
    assert set(lxi) >= {"TCPIP::[fe80::1]::hislip0::INSTR", "TCPIP::192.168.0.7::5025::SOCKET"}
