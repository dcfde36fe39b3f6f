"""The company's logo for report sheets: a file of the project folder that ``[frontend] logo`` names."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from sequencer.project.pictures import MEDIA_TYPES, NoPicture, find_picture
from sequencer.vocabulary.reason import Reason

LARGEST = 1_000_000
"""Bytes: each sheet holds it whole."""


def read_logo(folder: Path, name: str) -> str:
    """The picture as a ``data:`` address. Raises ``NoPicture`` when it cannot be shown."""
    path = find_picture(folder, name)
    try:
        data = path.read_bytes()
    except OSError:
        raise NoPicture("missing-file", Reason("picture_missing", found=f"{name!r:.200}")) from None
    if len(data) > LARGEST:
        raise NoPicture("bad-picture", Reason("logo_too_large", found=f"{name!r:.200}", most=LARGEST))
    return f"data:{MEDIA_TYPES[path.suffix.lower()]};base64,{b64encode(data).decode()}"
