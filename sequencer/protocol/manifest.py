"""What a generated project consists of: the SHA-256 of each of its files, so that a damaged one is never run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from itertools import islice
from pathlib import Path

MANIFEST = "manifest.json"
_NAMED = 3


def make_manifest(files: Mapping[str, bytes]) -> bytes:
    """The text of ``manifest.json`` for ``files``, relative path (with ``/``) to content."""
    return json.dumps({"files": {name: digest(data) for name, data in sorted(files.items())}}, indent=1).encode()


def read_folder(folder: Path) -> dict[str, bytes]:
    """Everything in a generated project, relative path to content. Raises ``OSError``."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if not path.is_dir()}


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return sha256(data).hexdigest()


def damage(files: Mapping[str, bytes], expected: str) -> str | None:
    """What differs in a generated project from the day it was written, in words; ``None`` when nothing does.

    ``files`` is all that lies in its folder, ``manifest.json`` included; ``expected`` the digest of the latter.
    """
    manifest = files.get(MANIFEST)
    if manifest is None or digest(manifest) != expected:
        return f"{MANIFEST} is missing" if manifest is None else f"{MANIFEST} was changed"
    listed: dict[str, str] = json.loads(manifest)["files"]
    found = {name: digest(data) for name, data in files.items() if name != MANIFEST}
    changed = [
        f"{name} {'is missing' if name not in found else 'was changed' if name in listed else 'does not belong there'}"
        for name in sorted({*listed, *found})
        if listed.get(name) != found.get(name)
    ]
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    return ", ".join(islice(changed, _NAMED)) + more if changed else None
