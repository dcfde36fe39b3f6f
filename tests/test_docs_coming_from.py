"""The pages for those who come from elsewhere: hardseq's side of each example runs, and says what the other says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.records.read import HERE, cases, record

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"
PAGES = ("openhtf", "teststand", "tofupilot")
RUN = ["--arg", "serial=SN000001", "--no-panel", "--report", "report.json"]


def blocks(page: str, kind: str) -> list[str]:
    """The code of one kind, without that of another program, which has a title."""
    text = (HOW_TO / f"from-{page}.md").read_text("utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of each page's sequence."""
    found = {}
    for page in PAGES:
        folder = tmp_path_factory.mktemp(page)
        (folder / "drivers").mkdir()
        (folder / "hardseq.toml").write_text("", "utf-8")
        (folder / "board.yaml").write_text(blocks(page, "yaml")[0], "utf-8")
        driver = next(block for block in blocks(page, "python") if block.startswith("class Meter:"))
        (folder / "drivers" / "bench.py").write_text(driver, "utf-8")
        for table in blocks(page, "csv"):
            (folder / "limits.csv").write_text(table, "utf-8")
        command = [sys.executable, "-m", "sequencer", "run", "board.yaml", *RUN]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        found[page] = json.loads((folder / "report.json").read_text("utf-8"))
    return found


@pytest.mark.slow
def test_the_sequences_of_the_pages_pass(reports: dict[str, Any]) -> None:
    """Each with two attempts of the contact, all else at the first."""
    for report in reports.values():
        attempts = {name.rpartition("::")[2]: len(case["attempts"]) for name, case in cases(report).items()}
        assert attempts.pop("contact") == 2
        assert set(attempts.values()) == {1}
        assert (report["status"], report["dut"]["serial_number"]) == ("passed", "SN000001")


def said(report: Any) -> dict[str, Any]:
    """What both programs say of a run: each attempt with its measurements, and what these must meet."""
    return {
        "status": report["status"],
        "dut": report["dut"],
        "stand": report["stand"]["name"],
        "sequence": (report["sequence"]["name"], report["sequence"]["version"]),
        "cases": {
            name: [
                (each["status"], [(m["name"], m["value"], m["unit"], m["result"]) for m in each["measurements"]])
                for each in case["attempts"]
            ]
            for name, case in cases(report).items()
            if case["group"] == "main"
        },
    }


@pytest.mark.slow
def test_openhtf_says_the_same(reports: dict[str, Any]) -> None:
    """The record that OpenHTF wrote of this page's test is, imported, the run of this page's sequence."""
    imported = record(HERE / "from_openhtf.json").report
    assert said(imported) == said(reports["openhtf"])
    assert [module["id"] for module in imported["modules"]] == ["board_test"]


def test_the_record_is_that_of_the_test_on_the_page() -> None:
    """Whoever changes the page runs it again with OpenHTF: `python board.py` writes `SN000001.json`."""
    page = next(block for block in blocks("openhtf", "python") if "import openhtf" in block)
    kept = (HERE / "from_openhtf.py").read_text("utf-8")
    assert page == kept
