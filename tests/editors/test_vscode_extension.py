"""The extension for Visual Studio Code: its package, and what it does in the program itself."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BROWSERS
from tests.editors.host import EXTENSION, Host, Window, built_package, packaged, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the server of Visual Studio Code for Node is for POSIX"),
]

SEQUENCE = """\
name: Rail check

drivers:
  meter: bench.Meter

modules:
  power:
    name: Power
    cases:
      rails:
        name: Rails
        steps:
          - measure: 5 V rail
            call: meter.read_voltage
            unit: V
            limit: [4.8, 5.2]
"""
MISTAKE = (16, 18)
"""The end of the word that is wrong in it."""
DRIVER = """\
class Meter:
    def read_voltage(self) -> float:
        return 5.0
"""
STARTING = 180_000
"""Milliseconds that a window may take to show itself: some seconds, and much more where others work, too."""
OLD = """\
case "$*" in
  *--version) echo hardseq 0.0.1 ;;
  *) echo "hardseq: there is no command 'lsp'" >&2; exit 2 ;;
esac
"""
"""A hardseq of before there was a language server."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as people install it."""
    return built_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def host(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A Visual Studio Code with the extension."""
    with running(package, tmp_path_factory.mktemp("host")) as started:
        yield started


@pytest.fixture(scope="module")
def shared_window(host: Host, tmp_path_factory: pytest.TempPathFactory, launch: Callable[..., Any]) -> Iterator[Window]:
    """A window with a folder that nobody has trusted yet: a project, its environment, and YAML of something else."""
    folder = tmp_path_factory.mktemp("folder")
    for name, text in {
        "stand/hardseq.toml": "",
        "stand/sequences/rail.yaml": SEQUENCE,
        "stand/drivers/bench.py": DRIVER,
        "other.yaml": "modules: 5\n",
        "second/hardseq.toml": "",
        "second/second.yaml": "name: Second\nmodules: 5\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".venv").symlink_to(sys.prefix)
    context = launch(BROWSERS).new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(60_000)  # a loaded machine is slow, not wrong
    yield Window(context.new_page(), host, folder, "stand/sequences/rail.yaml")
    context.close()


@pytest.fixture
def window(shared_window: Window, chromium: Any) -> Window:
    """The window with its folder trusted, its files and settings as they were, and the sequence open."""
    if not shared_window.trusted:
        shared_window.page.get_by_role("button", name="Yes, I trust the authors").click(timeout=STARTING)
        shared_window.trusted = True
    (shared_window.folder / "stand/sequences/rail.yaml").write_text(SEQUENCE)
    shared_window.configure()
    shared_window.open("rail.yaml")
    shared_window.command("View: Revert and Close Editor")
    shared_window.open("rail.yaml")
    shared_window.wait_for_problems("Errors: 1")
    return shared_window


def test_the_package_holds_the_extension_its_papers_and_nothing_else(package: Path) -> None:
    """A .vsix has the bundle with the licences of what is in it, the manifest and the texts for people."""
    inside = packaged(package)
    assert sorted(name.removeprefix("extension/") for name in inside if name.startswith("extension/")) == [
        "LICENSE.txt",
        "changelog.md",
        "dist/LICENSES.txt",
        "dist/extension.js",
        "package.json",
        "readme.md",
    ]
    assert b"vscode-languageclient" in inside["extension/dist/LICENSES.txt"]
    assert inside["extension/LICENSE.txt"] == (EXTENSION.parents[1] / "LICENSE").read_bytes()


def test_every_command_and_setting_is_in_the_read_me() -> None:
    """What the manifest contributes is explained to who installs it."""
    manifest = json.loads((EXTENSION / "package.json").read_text())
    text = (EXTENSION / "README.md").read_text()
    contributed = manifest["contributes"]
    named = [f"{command['category']}: {command['title']}" for command in contributed["commands"]]
    assert [each for each in (*named, *contributed["configuration"]["properties"]) if each not in text] == []


def test_nothing_is_started_in_a_folder_that_is_not_trusted(shared_window: Window, chromium: Any) -> None:
    """Before the folder is trusted no interpreter is run and there are no commands; from then on there are."""
    page = shared_window.page
    page.get_by_role("button", name="No, I don't trust the authors").click(timeout=STARTING)
    page.get_by_role("button", name="Restricted Mode").wait_for()
    shared_window.palette("hardseq")
    page.get_by_text("No matching commands").wait_for()
    page.keyboard.press("Escape")
    assert shared_window.host.language_servers() == []
    shared_window.command("Workspaces: Manage Workspace Trust")
    page.get_by_role("button", name="Trust", exact=True).click()
    shared_window.trusted = True
    shared_window.wait_for_problems("Errors: 1")
    assert len(shared_window.host.language_servers()) == 1


def test_a_sequence_is_checked_while_one_types(window: Window) -> None:
    """A problem is shown with its hint, is gone when it is mended, and YAML outside of projects is left alone."""
    assert "unknown key `limit`" in (told := window.next_problem())
    assert "did you mean `limits`?" in told
    window.place(*MISTAKE)
    window.page.keyboard.type("s")
    window.wait_for_problems("No Problems")
    window.open("other.yaml")
    window.open("rail.yaml")
    window.place(*MISTAKE)
    window.page.keyboard.type("x")
    window.wait_for_problems("Errors: 1")  # of two files it is the only one


def test_the_editor_knows_the_drivers_and_mends_mistakes(window: Window) -> None:
    """A driver's methods are offered, a call leads to its source, and a hint is carried out at a key."""
    page = window.page
    window.place(14, 25)
    page.keyboard.press("Control+Space")
    page.get_by_role("listitem", name="meter.read_voltage, Method").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("F12")
    window.wait_for_file("bench.py")
    page.get_by_role("button", name="Ln 2, Col 9").wait_for()
    window.open("rail.yaml")
    window.place(*MISTAKE)
    page.keyboard.press("Control+.")
    page.get_by_role("option", name="Replace with `limits`").wait_for()
    page.keyboard.press("Enter")
    window.wait_for_problems("No Problems")


def test_another_project_of_the_folder_is_known_from_its_first_file_on(window: Window) -> None:
    """Its problems come from the same server, which is started again for it, and go when the file is closed."""
    window.page.get_by_role("treeitem", name="second", exact=True).click()
    window.open("second.yaml")
    window.wait_for_problems("Errors: 2")
    assert len(window.host.language_servers()) == 1
    window.command("View: Close Editor")
    window.wait_for_problems("Errors: 1")


def test_a_sequence_runs_in_a_terminal(window: Window) -> None:
    """The command saves the sequence and runs it with the interpreter of the folder, without a shell."""
    window.place(*MISTAKE)
    window.page.keyboard.type("s")
    window.command("hardseq: Run this sequence")
    window.page.locator(".xterm-rows", has_text="PASS").wait_for()
    assert "limits: [4.8, 5.2]" in (window.folder / "stand/sequences/rail.yaml").read_text()


def test_a_server_that_dies_is_started_again(window: Window) -> None:
    """Problems are told again by another process, without a word to the person."""
    window.place(*MISTAKE)
    window.page.keyboard.type("s")
    window.wait_for_problems("No Problems")
    (server,) = window.host.language_servers()
    server.kill()
    server.wait(60)
    window.page.keyboard.type("x")
    window.wait_for_problems("Errors: 1")
    (other,) = window.host.language_servers()
    assert other.pid != server.pid


def test_an_interpreter_without_hardseq_is_told_and_another_chosen(window: Window, tmp_path: Path) -> None:
    """What is missing is said with what mends it, and the button leads to the interpreters that were found."""
    window.configure(interpreter=str(tmp_path / "nowhere"))
    window.message("there is no such program").wait_for()
    window.configure(interpreter=script(tmp_path / "old", OLD))
    window.message("too old to help an editor").wait_for()
    (tmp_path / "pygls.py").write_text("raise ModuleNotFoundError('No module named pygls', name='pygls')\n")
    window.configure(interpreter=script(tmp_path / "bare", f'PYTHONPATH="{tmp_path}" exec "{sys.executable}" "$@"'))
    told = window.message("the language server is not installed: pip install 'hardseq[lsp]'")
    told.get_by_role("button", name="Choose interpreter").click()
    found = str(window.folder / ".venv/bin/python")
    window.page.get_by_role("option", name=found).click()
    window.wait_for_problems("Errors: 1")
    settings = json.loads((window.folder / ".vscode" / "settings.json").read_text())
    assert settings == {"hardseq.interpreter": found}


def script(file: Path, commands: str) -> str:
    """A program that carries out these commands of the shell; its path."""
    file.write_text(f"#!/bin/sh\n{commands}\n")
    file.chmod(0o755)
    return str(file)
