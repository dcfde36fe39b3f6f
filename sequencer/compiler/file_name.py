"""Names of files that stand for names of any length: a file system takes 255 bytes, suffixes included."""

from __future__ import annotations

from hashlib import sha256

_LONGEST = 120


def short_name(name: str) -> str:
    """The name as it is, or, past 120 bytes of UTF-8, its beginning and 12 digits of its sha256."""
    written = name.encode("utf-8", "surrogatepass")
    if len(written) <= _LONGEST:
        return name
    return f"{written[: _LONGEST - 13].decode('utf-8', 'ignore')}_{sha256(written).hexdigest()[:12]}"
