"""Visual Studio Code as a server on Node, and its window: a page in a browser.

It is the program itself, of the npm package `code-server`: the same window, the same process for extensions. Of its own
dependencies only those are installed that the tests need; what is written about the others in its log is no fault.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).parent
EXTENSION = HERE.parents[1] / "editors" / "vscode"
CODE = HERE / "node_modules" / "code-server" / "lib" / "vscode"
SETTINGS = {
    "extensions.webWorker": False,
    "git.enabled": False,
    "remote.autoForwardPorts": False,
    "telemetry.telemetryLevel": "off",
    "workbench.startupEditor": "none",
    "workbench.hover.delay": 3_600_000,  # nothing comes between the pointer and what it is to press
    "workbench.enableExperiments": False,
    "editor.inlineSuggest.enabled": False,
    "editor.minimap.enabled": False,
    "editor.wordBasedSuggestions": "off",
    "editor.autoIndent": "none",
}


def built_package(folder: Path) -> Path:
    """The extension as people install it, built and packaged in a copy of its folder."""
    for needed in (EXTENSION / "node_modules", CODE):
        assert needed.is_dir(), f"{needed} is missing: `make .browser` installs the npm packages"
    copy = folder / "vscode"
    shutil.copytree(EXTENSION, copy, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix"))
    (copy / "node_modules").symlink_to(EXTENSION / "node_modules")
    made = subprocess.run(
        ["npm", "run", "package", "--", "--out", str(folder / "hardseq.vsix")],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "hardseq.vsix"


@contextmanager
def running(package: Path, data: Path) -> Iterator[Host]:
    """Visual Studio Code with the extension, of its own extensions YAML and Python alone."""
    builtin = data / "builtin"
    builtin.mkdir(parents=True)
    for name in ("yaml", "python", "theme-defaults"):
        (builtin / name).symlink_to(CODE / "extensions" / name)
    # The window has the terminal's letters from here.
    with suppress(FileExistsError):
        (CODE / "node_modules").symlink_to(HERE / "node_modules")
    settings = data / "data" / "User" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(SETTINGS))
    command = ["node", "out/server-main.js", "--host", "127.0.0.1", "--port", "0", "--without-connection-token"]
    command += ["--accept-server-license-terms", "--telemetry-level", "off", "--server-data-dir", str(data)]
    command += ["--extensions-dir", str(data / "extensions"), "--builtin-extensions-dir", str(builtin)]
    command += ["--install-extension", str(package), "--start-server"]
    # No market of extensions is asked for anything.
    environment = {**os.environ, "EXTENSIONS_GALLERY": "{}"}
    with (
        (data / "log").open("w") as log,
        subprocess.Popen(command, cwd=CODE, env=environment, stdout=log, stderr=log) as process,
    ):
        host = Host(process, data / "log")
        try:
            host.wait()
            yield host
        finally:
            host.end()


class Host:
    """A Visual Studio Code that runs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self.url = ""

    def wait(self) -> None:
        """Waits until it has started; it chooses its port itself."""
        while not (listening := re.search(r"agent listening on (\d+)", self._log.read_text())):
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{listening[1]}"

    def language_servers(self) -> list[psutil.Process]:
        """The processes of ``hardseq lsp`` that its extension has started."""
        found = []
        for each in psutil.Process(self._process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if each.cmdline()[-1:] == ["lsp"]:
                    found.append(each)
        return found

    def end(self) -> None:
        """Ends it with everything that it has started."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        for each in (psutil.Process(self._process.pid), *children):
            with suppress(psutil.Error):
                each.kill()


class Window:
    """A window of Visual Studio Code, used by its keys and by what a screen reader is told."""

    def __init__(self, page: Any, host: Host, folder: Path, file: str) -> None:
        self.page = page
        self.host = host
        self.folder = folder
        self.trusted = False  # as every folder that is opened for the first time
        first = f"vscode-remote://{host.url.removeprefix('http://')}{folder / file}"
        page.goto(f"{host.url}/?folder={folder}&payload={json.dumps([['openFile', first]])}")

    def open(self, file: str) -> None:
        """Opens a file that the list of files shows."""
        self.page.get_by_role("treeitem", name=file, exact=True).dblclick()
        self.wait_for_file(file)
        self.page.keyboard.press("Control+1")  # the letters that follow are for the file

    def wait_for_file(self, file: str) -> None:
        """Waits until a file is the one in the editor."""
        self.page.get_by_role("tab", name=file).and_(self.page.locator(".active")).wait_for()

    def palette(self, text: str) -> None:
        """Looks for commands by a text."""
        self.page.keyboard.press("F1")
        self.page.locator(".quick-input-box input").fill(f">{text}")

    def command(self, name: str) -> None:
        """Chooses a command by its whole name."""
        self.palette(name)
        self.page.get_by_role("option", name=name).first.click()

    def place(self, line: int, column: int) -> None:
        """Goes to a place in the editor."""
        self.page.keyboard.press("Control+g")
        self.page.locator(".quick-input-box input").fill(f":{line}:{column}")
        # Where it would go follows what is typed, and may be a step behind.
        self.page.get_by_role("option", name=f"Go to line {line} and character {column}.").wait_for()
        self.page.keyboard.press("Enter")
        self.page.get_by_role("button", name=f"Ln {line}, Col {column}").wait_for()

    def wait_for_problems(self, told: str) -> None:
        """Waits until the status bar tells this of problems: ``Errors: 1``, ``No Problems``."""
        self.page.get_by_role("button", name=told, exact=True).wait_for()

    def next_problem(self) -> str:
        """The text of the next problem, with its hint."""
        self.page.keyboard.press("F8")
        text: str = self.page.locator(".marker-widget").inner_text()
        self.page.keyboard.press("Escape")
        return text

    def message(self, part: str) -> Any:
        """The message that has these words in it."""
        return self.page.locator(".notification-toast", has_text=part)

    def configure(self, **settings: str) -> None:
        """Writes the settings of the folder."""
        file = self.folder / ".vscode" / "settings.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({f"hardseq.{name}": value for name, value in settings.items()}))


def packaged(package: Path) -> dict[str, bytes]:
    """What is in a package, by name."""
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
