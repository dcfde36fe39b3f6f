"""What `pip` installs and what a distribution packages: the wheel and the source archive are whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, "build_" + sys.argv[1])(sys.argv[2]))
"""


def kept_by_git() -> list[str]:
    """The files of the checkout, relative; skips outside of one (a source archive holds no .git)."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def build(kind: str, folder: Path) -> Path:
    """Builds a wheel or an sdist from a copy of what git keeps, without a network."""
    source = folder / "source"
    for name in kept_by_git():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    built = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(folder)], cwd=source, capture_output=True, text=True, check=True
    )
    assert "Warning" not in built.stderr, built.stderr
    return folder / built.stdout.splitlines()[-1]


def test_the_source_archive_holds_what_its_tests_need(tmp_path: Path) -> None:
    """Everything in git but its own settings is in the sdist: tests, their files, examples, docs, versions."""
    with tarfile.open(build("sdist", tmp_path)) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    missing = [name for name in kept_by_git() if name not in inside and not name.startswith(".git")]
    assert missing == []


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    """A wheel has every file of `sequencer/`, the license, and no test."""
    with zipfile.ZipFile(build("wheel", tmp_path)) as archive:
        inside = archive.namelist()
    wanted = [name for name in kept_by_git() if name.startswith("sequencer/")]
    assert [name for name in wanted if name not in inside] == []
    assert {name.partition("/")[0].partition("-")[0] for name in inside} == {"sequencer", "hardseq"}
    assert any(name.endswith("licenses/LICENSE") for name in inside)
