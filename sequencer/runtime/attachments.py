"""Files that belong to a report, named by the sha256 of their bytes."""

from __future__ import annotations

import os
import tempfile
from hashlib import sha256
from pathlib import Path


def keep(data: bytes, folder: str | None) -> str:
    """Writes ``data`` into ``folder`` (not at all when ``None``), whole or not at all; returns its sha256 in hex.

    Raises ``OSError``.
    """
    digest = sha256(data).hexdigest()
    if folder is None:
        return digest
    target = Path(folder, digest)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, unfinished = tempfile.mkstemp(dir=target.parent, prefix=".unfinished-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).replace(target)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
    return digest
