"""What `pip` installs and what a distribution packages: the wheel and the source archive are whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.slow

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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what git keeps."""
    return build("wheel", tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """A wheel has every file of `sequencer/`, the license, and no test."""
    with zipfile.ZipFile(wheel) as archive:
        inside = archive.namelist()
    wanted = [name for name in kept_by_git() if name.startswith("sequencer/")]
    assert [name for name in wanted if name not in inside] == []
    assert {name.partition("/")[0].partition("-")[0] for name in inside} == {"sequencer", "hardseq"}
    assert any(name.endswith("licenses/LICENSE") for name in inside)


def test_the_wheel_holds_the_documentation(wheel: Path) -> None:
    """A wheel has every page as HTML, the changelog and the examples too, and the index of the search."""
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    pages = [name.removeprefix("docs/").removesuffix(".md") for name in kept_by_git() if name.endswith(".md")]
    wanted = [page for page in pages if (ROOT / "docs" / f"{page}.md").exists()]
    assert "tutorial" in wanted
    for page in (*wanted, "changelog", "examples/hello", "sequences"):
        assert f"sequencer/docs/{page}.html" in inside
    assert "sequencer/docs/search/search_index.json" in inside


@pytest.mark.real_start
def test_an_installed_wheel_serves_its_documentation(wheel: Path, tmp_path: Path) -> None:
    """`hardseq docs` of an installed wheel needs neither the checkout nor MkDocs."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    started = [sys.executable, "-m", "sequencer", "docs", "--no-browser"]
    with subprocess.Popen(started, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().split()[-1]
        with urlopen(f"{address}reference/limits.html") as page:
            text = page.read().decode()
        serving.terminate()
        assert serving.wait(timeout=60) == 0
    assert "<title>Limits - hardseq</title>" in text
