"""Which parameters the panel's form asks for anew before each run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sequencer.compiler.project import Compiled, ensure_compiled

RECORDED = 'steps: [{if: true, record: {dut: {serial_number: "B-${{ params.code | upper }}"}}}, {check: true}]'
INSIDE = "steps: [{repeat: 1, steps: [{record: {dut: {serial_number: '${{ params.code }}'}}}, {check: true}]}]"


def compiled(folder: Path, params: str, more: str = "", steps: str = "steps: [{check: true}]") -> Compiled:
    path = folder / "s.yaml"
    path.write_text(f"name: S\nparams: {{{params}}}\n{more}\nmodules: {{m: {{cases: {{a: {{{steps}}}}}}}}}\n")
    return ensure_compiled(path, project=folder, compiled=folder / "compiled")


def asked(found: Compiled) -> list[str]:
    return [param.name for param in found.params if param.each_run]


@pytest.mark.parametrize(
    ("params", "more", "steps", "expected"),
    [
        ("serial: {}, variant: {one_of: [a, b]}, note: {required: false}", "", "", ["serial"]),
        ("variant: {one_of: [a, b]}, volts: {type: number}, serial: {}, n: {default: x}", "", "", ["serial"]),
        ("serial: {each_run: false}, code: {}", "", "", ["code"]),
        ("serial: {}, code: {default: X1, each_run: true}", "", "", ["code"]),
        ("serial: {each_run: true}, code: {each_run: true}, lot: {}", "", "", ["serial", "code"]),
        ("serial: {default: SN0}", "", "", []),
        ("operator: {}, code: {}", "dut: {serial_number: '${{ params.code }}'}", "", ["code"]),
        ("operator: {}, code: {type: integer, default: 1}", "", RECORDED, ["code"]),
        ("operator: {}, code: {default: a}", "", INSIDE, ["code"]),
        ("operator: {}, code: {one_of: [a, b]}", "", INSIDE, ["operator"]),
        ("operator: {}, code: {each_run: false}", "", INSIDE, ["operator"]),
        ("", "", "", []),
    ],
)
def test_what_belongs_to_one_product(tmp_path: Path, params: str, more: str, steps: str, expected: list[str]) -> None:
    """What says so; else what the serial number is made from; else the first required string without a default."""
    assert asked(compiled(tmp_path, params, more, steps or "steps: [{check: true}]")) == expected


@pytest.mark.parametrize(
    ("params", "warned"),
    [
        ("serial: {}, housing: {}, volts: {type: number}", ["housing"]),
        ("serial: {}, housing: {each_run: false}", []),
        ("serial: {each_run: true}, housing: {}", []),
        ("serial: {}, housing: {default: H1}, lot: {one_of: [a, b]}", []),
    ],
)
def test_a_second_code_that_is_kept_is_told(tmp_path: Path, params: str, warned: list[str]) -> None:
    """It could be scanned from each product, and the last one's would stand in the form."""
    problems = [problem for problem in compiled(tmp_path, params).problems if problem.code == "kept-for-batch"]
    assert [problem.message.split("`")[1] for problem in problems] == warned


def test_a_compiled_project_of_an_older_version_is_made_again(tmp_path: Path) -> None:
    """Its note does not say what belongs to one product, and nothing would be emptied."""
    compiled(tmp_path, "serial: {}")
    (note,) = (tmp_path / "compiled").glob("*.json")
    written = json.loads(note.read_text())
    for param in written["params"]:
        del param["each_run"]
    note.write_text(json.dumps(written))
    again = compiled(tmp_path, "serial: {}")
    assert again.fresh
    assert asked(again) == ["serial"]
