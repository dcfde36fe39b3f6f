"""``python -m sequencer.runtime``: the test process. It loads, is told what to collect, then waits for the start.

What it says and hears is described in ``docs/explanation/how-a-run-works.md``.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from sequencer.protocol.manifest import damage, read_folder

_WITHOUT = (
    "terminal",
    "debugging",
    "unittest",
    "capture",
    "skipping",
    "legacypath",
    "tmpdir",
    "monkeypatch",
    "recwarn",
    "pastebin",
    "junitxml",
    "doctest",
    "cacheprovider",
    "setuponly",
    "setupplan",
    "stepwise",
    "unraisableexception",
    "threadexception",
    "warnings",
    "logging",
    "reports",
    "faulthandler",
    "subtests",
)
"""Plugins of pytest that a run has no use for; together they cost more than the tests."""


def main() -> None:
    """Runs the generated project that the first command on standard input names."""
    # Before pytest: drivers are imported by it, and what they print must not be taken for events.
    from sequencer.protocol.notices import NotCollected
    from sequencer.runtime.link import Link

    link = Link()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ.pop("PYTEST_PLUGINS", None)
    # Collecting makes objects that live as long as the process: nothing for the collector to find.
    gc.disable()
    # All that every project needs is loaded before it is known which one it will be.
    import pytest

    from sequencer.runtime import plugin
    from sequencer.runtime.child import ChildFront

    project = link.wait_for_project()
    if project is None:
        return
    folder = Path(project.folder)
    if project.manifest is not None and (changed := _changed(folder, project.manifest)):
        link.send(NotCollected(f"{changed}; the next start makes them again"))
        return
    if project.cwd is not None:
        os.chdir(project.cwd)
    # What was compared is what runs: not bytecode that lies elsewhere.
    elsewhere, sys.pycache_prefix = sys.pycache_prefix, None
    without = [argument for name in _WITHOUT for argument in ("-p", f"no:{name}")]
    pytest.main(
        ["--assert=plain", f"--rootdir={folder}", "-c", str(folder / "pytest.ini"), *without, str(folder)],
        # The plugin as well, though the generated `pytest.ini` names it: to find it by its name, pytest would read what
        # every installed package says of its entry points.
        [ChildFront(link, elsewhere, project), plugin],
    )


def _changed(folder: Path, manifest: str) -> str | None:
    """What of the generated project is not as its manifest says, before any of it is used."""
    try:
        files = read_folder(folder)
    except OSError as error:
        return f"{error.filename} cannot be read: {error.strerror or error}"
    return damage(files, manifest)


if __name__ == "__main__":
    main()
