"""One sequence for several products: the variant is chosen at Start, and an unknown one goes no further."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sequencer.compiler.project import ensure_compiled, write_project
from sequencer.protocol.joint_start import JointStartRefused, check_slots
from sequencer.protocol.params import WrongParam, chosen_variant
from sequencer.protocol.request import RunRefused, StartRequest
from sequencer.protocol.start_check import check_start

SEQUENCE = """\
name: Supply
params:
  part_number: {type: string, required: false}
vars: {margin: 0.5, span: "${{ margin * 2 }}"}
variants:
  by: ${{ params.part_number }}
  PSB-24: {volts: 24.0}
  PSB-12: {volts: "${{ span * 12 }}", margin: 0.5}
drivers: {meter: bench.Meter}
modules:
  main:
    cases:
      rails:
        steps:
          - measure: Input
            call: meter.read
            unit: V
            limits: ["${{ volts - margin }}", "${{ volts + margin }}"]
      only_24:
        if: variant == 'PSB-24'
        steps: [{check: run.name == 'Supply'}]
"""
DRIVER = """\
class Meter:
    def __init__(self):
        open("opened", "a").close()

    def read(self):
        return 12.25
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "bench.py").write_text(DRIVER)
    (tmp_path / "supply.yaml").write_text(SEQUENCE)
    return tmp_path


def hardseq(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sequencer", *arguments], cwd=project, capture_output=True, encoding="utf-8", timeout=120
    )


def run(project: Path, part_number: str) -> subprocess.CompletedProcess[str]:
    return hardseq(project, "run", "--no-panel", "supply.yaml", "--arg", f"part_number={part_number}")


def stored(project: Path) -> Any:
    return json.loads(hardseq(project, "runs", "export", "latest").stdout)


def test_each_variant_is_tested_by_its_own_values(project: Path) -> None:
    """Values of the variant hide those of `vars`, cases that are not for it are left out, and the report says it."""
    assert run(project, " PSB-12\n").returncode == 0
    report = stored(project)
    rails, only_24 = report["modules"][0]["cases"]
    assert rails["attempts"][0]["measurements"][0]["limits"] == [11.5, 12.5]
    assert (report["variant"], only_24["status"], only_24["skip_kind"]) == ("PSB-12", "skipped", "condition")
    assert "variant   PSB-12" in hardseq(project, "runs", "show", "latest").stdout
    failed = run(project, "PSB-24")
    assert failed.returncode == 1
    assert stored(project)["variant"] == "PSB-24"


def test_an_unknown_variant_is_refused_before_a_driver_opens(project: Path) -> None:
    """The refusal names the parameter, what it gave and what there is; so does plain pytest, and nothing was opened."""
    for part_number in ("PSB-99", ""):
        refused = run(project, part_number)
        assert refused.returncode == 2
        assert "part_number" in refused.stderr
        assert f"gives the variant '{part_number}'" in refused.stderr
        assert "it has PSB-24, PSB-12" in refused.stderr
    folder = project / "generated"
    write_project(project / "supply.yaml", project=project, folder=folder)
    plain = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(folder), "--arg", "part_number=PSB-99"],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert plain.returncode == 4
    assert "gives the variant 'PSB-99'" in plain.stderr + plain.stdout
    assert not (project / "opened").exists()


def test_programs_and_slots_are_told_by_a_code(project: Path) -> None:
    """A start over HTTP and one of several slots are refused by the same rule, also of a sequence compiled before."""
    for fresh in (True, False):
        compiled = ensure_compiled(project / "supply.yaml", project=project, compiled=project / "compiled")
        assert compiled.fresh is fresh
        with pytest.raises(RunRefused) as refused:
            check_start(StartRequest(params={"part_number": "PSB-99"}), compiled.params, [])
        (problem,) = refused.value.problems
        assert (problem.part, problem.name, problem.code) == ("params", "part_number", "variant")
        assert problem.coded_reason == {
            "code": "unknown_variant",
            "parameters": {"variant": "PSB-99", "choices": ["PSB-24", "PSB-12"]},
        }
        with pytest.raises(JointStartRefused) as joint:
            check_slots({"left": {"part_number": "PSB-24"}, "right": {}}, compiled.params)
        assert [problem.code for problem in joint.value.by_slot["right"]] == ["variant"]
        assert "left" not in joint.value.by_slot


def test_what_gives_no_variant_is_refused() -> None:
    """A choice that cannot be computed from what was entered is not a crash but a wrong parameter."""
    assert chosen_variant("${{ params.serial[:3] }}", ["PSB"], {"serial": "PSB0042"}) == "PSB"
    with pytest.raises(WrongParam, match="does not give a variant"):
        chosen_variant("${{ params.serial[:3] }}", ["PSB"], {"serial": None})
