"""Limits from a table: by product, with their row in the report, and never those of a damaged table."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sequencer.compiler.project import ensure_compiled, write_project

SEQUENCE = """\
name: Supply
params: {part: {type: string}, load: {type: string, default: 1 A}, extra: {type: boolean, default: false}}
variants: {by: "${{ params.part }}", PSB-24: {volts: 24}, PSB-12: {volts: 12}}
tables:
  rails: {file: limits.csv, decimal: ","}
  ripple: {file: ripple.tsv, key: [load]}
modules:
  main:
    cases:
      rails:
        for_each: {rail: [Input, Aux]}
        steps:
          - {measure: "${{ rail }}", value: "${{ volts }}", limits: {table: rails}}
          - {measure: Ripple, value: 0.015, unit: V, limits: {table: ripple, key: {load: "${{ params.load }}"}}}
      missing:
        if: params.extra
        steps: [{measure: "${{ 'Nobody' }}", value: 5, limits: {table: rails}}]
"""
TABLE = (
    "variant;measurement;lower;upper;unit\n"
    "PSB-24;Input;23,5;24,5;V\nPSB-12;Input;11,5;12,5;V\nPSB-24;Aux;;30;V\nPSB-12;Aux;;30;V\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "supply.yaml").write_text(SEQUENCE)
    (tmp_path / "limits.csv").write_text(TABLE)
    (tmp_path / "ripple.tsv").write_text("load\tupper\tunit\n1 A\t20\tmV\n2 A\t10\tmV\n")
    return tmp_path


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=project, capture_output=True, encoding="utf-8", timeout=120)


def run(project: Path, **params: str) -> subprocess.CompletedProcess[str]:
    given = [word for name, value in params.items() for word in ("--arg", f"{name}={value}")]
    return python(project, "-m", "sequencer", "run", "--no-panel", "supply.yaml", *given)


def measurements(project: Path) -> list[Any]:
    report = json.loads(python(project, "-m", "sequencer", "runs", "export", "latest").stdout)
    cases = report["modules"][0]["cases"]
    return [each for case in cases for attempt in case["attempts"] for each in attempt["measurements"]]


@pytest.mark.slow
def test_each_variant_has_the_limits_of_its_rows(project: Path) -> None:
    """The report says limits, unit, table, row and the file's hash; limits are converted into the step's unit."""
    assert run(project, part="PSB-12").returncode == 0
    source, ripple, aux, _ = measurements(project)
    digest = sha256((project / "limits.csv").read_bytes()).hexdigest()
    assert (source["limits"], source["unit"]) == ([11.5, 12.5], "V")
    assert source["table"] == {"name": "rails", "file": "limits.csv", "row": 3, "sha256": digest}
    assert (ripple["limits"], ripple["unit"], ripple["table"]["row"]) == ({"le": 0.02}, "V", 2)
    assert (aux["limits"], aux["table"]["row"]) == ({"le": 30}, 5)
    failed = run(project, part="PSB-24", load="2 A")
    assert failed.returncode == 1
    assert "Ripple: 0.015 V is above the upper limit of 0.01 V" in failed.stdout


@pytest.mark.slow
def test_a_measurement_without_a_row_cannot_pass(project: Path) -> None:
    """What the check cannot know before the run is an error of the case then."""
    done = run(project, part="PSB-12", extra="true")
    assert done.returncode != 0
    assert "the table 'rails' has no limits for PSB-12, Nobody" in done.stdout
    assert "the table 'ripple' has no limits for 5 A" in run(project, part="PSB-12", load="5 A").stdout


@pytest.mark.slow
def test_a_changed_table_is_read_again_and_a_damaged_one_never_used(project: Path) -> None:
    """The file is an input of the sequence; what was made of it is held against the manifest, and in plain pytest
    against its own hash."""

    def compiled() -> Any:
        return ensure_compiled(project / "supply.yaml", project=project, compiled=project / "compiled")

    first = compiled()
    ripple = json.loads((first.folder / "tables.json").read_text())["ripple"]
    assert [row["converted"] for row in ripple["rows"]] == [{"V": {"le": 0.02}}, {"V": {"le": 0.01}}]
    assert not compiled().fresh
    damaged = first.folder / "tables.json"
    damaged.write_text(damaged.read_text().replace("23.5", "13.5"))
    assert compiled().fresh
    assert "23.5" in damaged.read_text()
    (project / "limits.csv").write_text(TABLE.replace("23,5", "23,6"))
    assert compiled().folder != first.folder

    folder = project / "generated"
    write_project(project / "supply.yaml", project=project, folder=folder)
    arguments = ("-m", "pytest", "-q", str(folder), "--arg", "part=PSB-24")
    assert python(project, *arguments).returncode == 0
    (folder / "tables.json").write_text((folder / "tables.json").read_text().replace("23.6", "13.6"))
    refused = python(project, *arguments)
    assert refused.returncode == 4
    assert "tables.json was changed" in refused.stdout + refused.stderr


@pytest.mark.slow
def test_a_sequence_without_tables_and_variants_imports_nothing_of_them(tmp_path: Path) -> None:
    """Whoever has one product does not pay for those of others."""
    (tmp_path / "plain.yaml").write_text("name: S\nmodules: {m: {cases: {c: {steps: [{check: true}]}}}}\n")
    done = python(
        tmp_path,
        "-c",
        "import sys, pathlib\n"
        "from sequencer.compiler.project import write_project\n"
        "import sequencer.runtime.plugin\n"
        "here = pathlib.Path()\n"
        "write_project(here / 'plain.yaml', project=here, folder=here / 'made')\n"
        "ours = [name for name in sys.modules if name.startswith('sequencer')]\n"
        "print([name for name in ours if any(part in name for part in ('variant', 'limit_table', 'specification'))])",
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
