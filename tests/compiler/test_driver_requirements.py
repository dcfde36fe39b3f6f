"""``require`` on its way from the YAML into the generated fixture."""

from __future__ import annotations

from pathlib import Path

from sequencer.compiler.compile import compile_sequence
from sequencer.language.read import read_sequence

SEQUENCE = """\
name: Meter
drivers:
  plain: meter.Meter
  checked: {use: meter.Meter, scope: stand, require: {idn: '^A"B', calibration_due: 2027-05-01}}
modules:
  main:
    cases:
      one:
        steps: [{call: plain.read}, {call: checked.read}]
"""
DRIVER = "class Meter:\n    idn = 'A'\n\n    def read(self):\n        pass\n"


def test_only_a_driver_that_stays_open_says_so(tmp_path: Path) -> None:
    """``reopen: never`` reaches the fixture; a driver called ``reopen`` is nothing but a driver."""
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "meter.py").write_text(DRIVER)
    drivers = "  plain: meter.Meter\n  reopen: meter.Meter\n  kept: {use: meter.Meter, reopen: never}\n"
    steps = "".join(f"          - call: {name}.read\n" for name in ("plain", "reopen", "kept"))
    modules = f"modules:\n  main:\n    cases:\n      one:\n        steps:\n{steps}"
    (tmp_path / "s.yaml").write_text(f"name: Meter\ndrivers:\n{drivers}{modules}")
    reading = read_sequence(tmp_path / "s.yaml", project=tmp_path)
    assert (reading.problems, reading.sequence is not None) == ([], True)
    assert reading.sequence is not None
    fixtures = compile_sequence(reading.sequence, folder=tmp_path / "generated")["conftest.py"].split("@pytest.fixture")
    assert ['reopen="never"' in each for each in fixtures[1:]] == [False, False, True]


def test_only_a_fixture_that_requires_something_says_so(tmp_path: Path) -> None:
    """The keyword stands in the fixture of the driver that has requirements, as a literal, and in no other."""
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "meter.py").write_text(DRIVER)
    (tmp_path / "s.yaml").write_text(SEQUENCE)
    reading = read_sequence(tmp_path / "s.yaml", project=tmp_path)
    assert reading.problems == []
    assert reading.sequence is not None
    conftest = compile_sequence(reading.sequence, folder=tmp_path / "generated")["conftest.py"]
    plain, checked = conftest.split("@pytest.fixture")[1:]
    assert "require" not in plain
    assert """require={"idn": '^A"B', "calibration_due": "2027-05-01"},""" in checked
    compile(conftest, "conftest.py", "exec")
