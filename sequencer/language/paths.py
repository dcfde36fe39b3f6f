"""Paths that somebody wrote into a file: they may be too long, hold a NUL, or go in circles."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

_NO_PATH = (OSError, ValueError, RuntimeError)


def existing_file(path: Path, unsaved: Container[Path] = ()) -> Path | None:
    """The resolved path when it leads to a file, or to one of ``unsaved``, which only an editor has."""
    try:
        resolved = path.resolve()
        return resolved if resolved in unsaved or resolved.is_file() else None
    except _NO_PATH:
        return None


def neighbours(path: Path, pattern: str) -> list[str]:
    """The names of the files beside ``path`` that match a glob pattern, for hints."""
    try:
        return sorted(each.name for each in path.parent.glob(pattern)) if path.parent.is_dir() else []
    except _NO_PATH:
        return []
