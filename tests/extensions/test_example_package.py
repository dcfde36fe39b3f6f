"""The example package, installed by pip and used by the real `hardseq`, panel and pytest."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "extension_package"
HOW_TO = ROOT / "docs" / "how-to" / "write-an-extension.md"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example in which it is installed, into the folder `site`."""
    folder = tmp_path_factory.mktemp("extension") / "project"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("build", "*.egg-info", ".hardseq", "__pycache__"))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run(
        [*install, "--target", folder / "site", folder], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A program of Python's with the example among what is installed."""
    environment = {**os.environ, "PYTHONPATH": str(project / "site")}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=project, env=environment, capture_output=True, text=True, timeout=120
    )


def hardseq(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(project, "sequencer", *arguments)


@pytest.mark.slow
def test_it_is_used_like_what_comes_with_hardseq(project: Path) -> None:
    """Verb, format and driver are there for check, schema, run, report and export without another line."""
    assert hardseq(project, "check", "--strict").returncode == 0
    listed = json.loads(hardseq(project, "extensions", "--format", "json").stdout)
    assert [(each["kind"], each["name"], each["problem"]) for each in listed] == [
        ("step", "settle", None),
        ("export", "markdown", None),
        ("driver", "slow_supply", None),
    ]
    assert "step_settle" in json.loads(hardseq(project, "schema").stdout)["$defs"]
    good = hardseq(project, "run", "settling.yaml", "--no-panel", "--report", "report.json")
    assert good.returncode == 0, good.stdout + good.stderr
    report = json.loads((project / "report.json").read_text("utf-8"))
    assert report["sequence"]["extensions"] == {"hardseq-settle": "0.1.0"}
    (measurement,) = report["modules"][0]["cases"][0]["attempts"][0]["measurements"]
    assert (measurement["name"], measurement["result"], measurement["unit"]) == ("Output", True, "V")
    bad = hardseq(project, "run", "settling.yaml", "--no-panel", "--arg", "target=4.5")
    assert bad.returncode == 1 and "FAILED" in bad.stdout
    exported = hardseq(project, "runs", "export", "latest", "--format", "markdown")
    assert "| main::output | Output | 4.497803 | V | **failed** |\n" in exported.stdout
    page = hardseq(project, "runs", "export", "latest", "--format", "html").stdout
    assert ", hardseq-settle 0.1.0," in page
    help_text = hardseq(project, "runs", "export", "--help").stdout
    assert "standcloud, markdown; default: json." in " ".join(help_text.split())


@pytest.mark.slow
def test_plain_pytest_runs_it(project: Path) -> None:
    """The compiled sequence is a pytest project that imports the package's step, with the same verdicts."""
    assert hardseq(project, "compile", "settling.yaml", "-o", "compiled").returncode == 0
    assert "from hardseq_settle.step import Settle\n" in (project / "compiled" / "test_main.py").read_text("utf-8")
    assert run(project, "pytest", "-q", "compiled").returncode == 0
    assert run(project, "pytest", "-q", "compiled", "--arg", "target=4.5").returncode == 1


@pytest.mark.slow
def test_without_the_package_nothing_runs(project: Path) -> None:
    """Uninstalled, its verb is unknown: what was compiled before is not run on."""
    assert hardseq(project, "run", "settling.yaml", "--no-panel").returncode == 0
    away = project / "site-away"
    (project / "site").rename(away)
    try:
        refused = hardseq(project, "run", "settling.yaml", "--no-panel")
    finally:
        away.rename(project / "site")
    assert refused.returncode == 2
    assert "unknown key `settle`" in refused.stderr and "Traceback" not in refused.stderr


def test_the_guide_shows_the_files_as_they_are() -> None:
    """Each block of the guide that names a file is that file, or a part of it; its commands are those of the README."""
    text = HOW_TO.read_text("utf-8")
    blocks = re.findall(r"`([\w./]+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL)
    assert {name for name, _ in blocks} == {
        path.relative_to(EXAMPLE).as_posix()
        for path in [*EXAMPLE.glob("*.*"), *EXAMPLE.glob("src/*/[!_]*.py")]
        if path.name != "README.md"
    }
    for name, block in blocks:
        assert block in (EXAMPLE / name).read_text("utf-8"), name
    readme = (EXAMPLE / "README.md").read_text("utf-8")
    commands = re.findall(r"^    ((?:pip|hardseq) .*)$", text, re.MULTILINE)
    assert commands == re.findall(r"^    ((?:pip|hardseq) .*)$", readme, re.MULTILINE)
