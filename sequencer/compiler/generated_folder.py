"""The folder of a generated project: written whole or not at all, and removed when nobody can be using it any more.

Imported only when one is to be written: most runs find theirs as it was left.
"""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from time import time

from sequencer.protocol.manifest import MANIFEST, make_manifest, read_folder

_KEPT_SECONDS = 24 * 3600.0


def is_whole(folder: Path, texts: Mapping[str, str]) -> bool:
    """Whether the folder holds these files, their bytecode for this Python, and nothing else."""
    try:
        files = read_folder(folder)
    except OSError:
        return False
    names = {*texts, *(_bytecode(name) for name in texts if name.endswith(".py")), MANIFEST}
    if files.keys() != names or any(files[name] != text.encode() for name, text in texts.items()):
        return False
    return files[MANIFEST] == make_manifest({name: files[name] for name in files if name != MANIFEST})


def write_whole(texts: Mapping[str, str], folder: Path) -> None:
    """Writes the files beside their place and moves them there together; a second writer's equal result is as good."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    try:
        for name, text in texts.items():
            path = unfinished / name
            path.write_text(text, encoding="utf-8", newline="\n")
            if name.endswith(".py"):
                # Explicitly, because an environment may keep Python from writing bytecode by itself. By the hash of
                # its source: times of files say little after a copy.
                py_compile.compile(
                    str(path),
                    cfile=str(unfinished / _bytecode(name)),
                    dfile=str(folder / name),
                    doraise=True,
                    invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH,
                )
        (unfinished / MANIFEST).write_bytes(make_manifest(read_folder(unfinished)))
        # Bytecode may differ from one time to the next: what another writer has put there meanwhile stays, as a test
        # process may be reading it by now.
        if not is_whole(folder, texts):
            _replace(folder, unfinished)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _replace(folder: Path, unfinished: Path) -> None:
    """Moves the finished project to its place; what lies there is damaged, or another writer's equal result."""
    if os.path.lexists(folder):
        damaged = Path(tempfile.mkdtemp(prefix=".damaged-", dir=folder.parent))
        try:
            with suppress(FileNotFoundError):  # another writer was faster
                folder.replace(damaged / folder.name)
        finally:
            shutil.rmtree(damaged, ignore_errors=True)
    try:
        unfinished.replace(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _bytecode(name: str) -> str:
    return f"__pycache__/{Path(cache_from_source(name)).name}"


def remove_unused(compiled: Path) -> None:
    """Removes generated projects that no manifest names and nobody can still be running from: a day old."""
    used = set()
    for manifest in compiled.glob("*.json"):
        try:
            used.add(json.loads(manifest.read_bytes())["folder"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    for folder in compiled.iterdir():
        try:
            if folder.is_dir() and folder.name not in used and folder.stat().st_mtime < time() - _KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
