"""Doing something again whenever a file of a project changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from sequencer.app.exit_codes import ExitCode
from sequencer.project.project_folder import locate
from sequencer.terminal.output import say

WATCHED_SUFFIXES = (".yaml", ".yml", ".toml", ".py", ".csv", ".tsv", ".txt")
PAUSE_SECONDS = 0.3


def watch_and_repeat(paths: Iterable[Path], action: Callable[[], ExitCode]) -> ExitCode:
    """Runs ``action`` now and after every change in the projects of ``paths``, until Ctrl-C; gives its last answer."""
    folders = {locate(path)[0] for path in paths}
    seen: dict[Path, float] | None = None
    code = ExitCode.PASSED
    try:
        while True:
            now = file_times(folders)
            if now != seen:
                seen = now
                say(time.strftime("── %H:%M:%S ──"), err=True, dim=True)
                code = action()
            time.sleep(PAUSE_SECONDS)
    except KeyboardInterrupt:
        return code


def file_times(folders: Iterable[Path]) -> dict[Path, float]:
    """When each file that matters below the folders was changed last; hidden folders and ``node_modules`` left out."""
    times = {}
    for folder in folders:
        for file in _watched(folder):
            try:
                times[file] = file.stat().st_mtime
            except OSError:
                continue
    return times


def _watched(folder: Path) -> Iterable[Path]:
    try:
        paths = list(folder.iterdir())
    except OSError:
        return
    for path in paths:
        if path.name.startswith(".") or path.name in ("node_modules", "__pycache__", "venv"):
            continue
        if path.is_dir():
            yield from _watched(path)
        elif path.suffix in WATCHED_SUFFIXES:
            yield path
