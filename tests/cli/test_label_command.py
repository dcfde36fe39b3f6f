"""`hardseq label` against a printer that keeps the bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sequencer.cli.main import command_line
from sequencer.project.label_printer import LabelNotPrinted, print_label
from tests.keeping_printer import KeepingPrinter

SEQUENCE = """
name: Board
modules:
  main: {cases: {a: {steps: [{record: {dut: {serial_number: "A^XZ~JR_1"}}}, {check: 1 == 1}]}}}
"""


@pytest.fixture
def printer() -> Iterator[KeepingPrinter]:
    """A printer that is on."""
    printer = KeepingPrinter()
    yield printer
    printer.close()


def test_the_label_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printer: KeepingPrinter) -> None:
    """It is printed as often as set; a printer that is away, a bad template and none are told, each with its code."""
    monkeypatch.chdir(tmp_path)
    hardseq = CliRunner()
    (tmp_path / "sequences").mkdir()
    (tmp_path / "sequences/board.yaml").write_text(SEQUENCE)
    (tmp_path / "unit.zpl").write_text("^XA^FD{{serial_number}} {{verdict}}^FS^XZ")
    configuration = tmp_path / "hardseq.toml"
    configuration.write_text(
        f'[label]\nprinter = "tcp://127.0.0.1:{printer.port}"\ntemplate = "unit.zpl"\ncopies = 2\n'
    )
    assert hardseq.invoke(command_line, ["check"]).exit_code == 0
    assert hardseq.invoke(command_line, ["run", "sequences/board.yaml", "--no-panel"]).exit_code == 0
    result = hardseq.invoke(command_line, ["label", "latest"])
    assert (result.exit_code, result.output) == (0, f"printed on tcp://127.0.0.1:{printer.port}\n")
    assert printer.wait() == b"^XA^CI28^FH_^FDA_5EXZ_7EJR_5F1 PASS^FS^XZ" * 2
    assert hardseq.invoke(command_line, ["label", "nonsense"]).exit_code == 1
    configuration.write_text('[label]\nprinter = "tcp://127.0.0.1:1"\ntemplate = "unit.zpl"\n')
    result = hardseq.invoke(command_line, ["label", "latest"])
    assert result.exit_code == 4 and "tcp://127.0.0.1:1 did not take it" in result.output
    (tmp_path / "unit.zpl").write_text("^XA^FO{{serial_number}}^XZ")
    result = hardseq.invoke(command_line, ["check"])
    assert result.exit_code == 1 and "hardseq.toml:3:12: error: in the template of the label" in result.output
    assert hardseq.invoke(command_line, ["label", "latest"]).exit_code == 2
    configuration.write_text("")
    result = hardseq.invoke(command_line, ["label", "latest"])
    assert result.exit_code == 2 and "needs `printer` and `template`" in result.output


def test_a_run_prints_the_label_that_its_unit_earned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printer: KeepingPrinter
) -> None:
    """Once, as the panel does; not of a simulated run; a printer that is away is told and changes no exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "board.yaml").write_text(SEQUENCE)
    (tmp_path / "unit.zpl").write_text("^XA^FD{{verdict}}^FS^XZ")
    printers = f'[label]\nprinter = "tcp://127.0.0.1:{printer.port}"\ntemplate = "unit.zpl"\non_pass = true\n'
    (tmp_path / "hardseq.toml").write_text(printers)

    def run(*options: str) -> str:
        done = CliRunner().invoke(command_line, ["run", "board.yaml", "--no-panel", *options])
        assert done.exit_code == 0, done.output
        return done.output

    assert "label     " not in run("--simulate")
    assert f"label     tcp://127.0.0.1:{printer.port}\n" in run()
    assert printer.wait() == b"^XA^CI28^FH_^FDPASS^FS^XZ"
    assert printer.kept == []
    (tmp_path / "hardseq.toml").write_text(printers.replace(str(printer.port), "1"))
    away = run()
    assert "the label was not printed, tcp://127.0.0.1:1 did not take it" in away and "hardseq label 0" in away


def test_a_run_of_slots_prints_the_label_of_each_unit_that_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printer: KeepingPrinter
) -> None:
    """In the order of the slots; that of a unit that failed is none; a printer that is away is told for each."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "board.yaml").write_text(SEQUENCE.replace("check: 1 == 1", "check: slot.number != 2"))
    (tmp_path / "unit.zpl").write_text("^XA^FD{{verdict}}^FS^XZ")
    configuration = f'[label]\nprinter = "tcp://127.0.0.1:{printer.port}"\ntemplate = "unit.zpl"\non_pass = true\n'
    slots = "[slots.a]\n[slots.b]\n[slots.last]\n"
    (tmp_path / "hardseq.toml").write_text(configuration + slots)

    def run() -> str:
        done = CliRunner().invoke(command_line, ["run", "board.yaml", "--no-panel"])
        assert done.exit_code == 1, done.output
        return done.output

    place = f"tcp://127.0.0.1:{printer.port}\n"
    said = run()
    assert f"label     a     {place}label     last  {place}" in said and "label     b" not in said
    assert [printer.wait(), printer.wait()] == [b"^XA^CI28^FH_^FDPASS^FS^XZ"] * 2
    assert printer.kept == []
    (tmp_path / "hardseq.toml").write_text(configuration.replace(str(printer.port), "1") + slots)
    away = run()
    assert away.count("the label was not printed") == 2 and "a: the label was not printed" in away


@pytest.mark.skipif(sys.platform == "win32", reason="CUPS is not there")
def test_a_queue_of_cups_takes_the_label_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`lp` gets the bytes on standard input, raw and for the queue; what it complains of is told."""
    lp = tmp_path / "lp"
    lp.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat > {tmp_path}/printed\n')
    lp.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    print_label("cups:zebra;reboot", b"^XA^XZ")
    assert (tmp_path / "asked").read_text() == "-d zebra;reboot -o raw\n"
    assert (tmp_path / "printed").read_bytes() == b"^XA^XZ"
    lp.write_text("#!/bin/sh\necho 'lp: no such queue' >&2\nexit 1\n")
    with pytest.raises(LabelNotPrinted, match="cups:zebra did not take it: lp: no such queue"):
        print_label("cups:zebra", b"^XA^XZ")
