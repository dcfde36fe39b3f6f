"""Pictures that a dialog or a message shows: files of the project folder, for everybody alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PureWindowsPath

from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

MEDIA_TYPES: Mapping[str, str] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".svg": "image/svg+xml",
}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


class NoPicture(UnusableValue):
    """Why there is nothing to show: a stable ``code``, ``missing-file`` or ``bad-picture``, and its reason."""

    def __init__(self, code: str, reason: Reason) -> None:
        super().__init__(reason)
        self.code = code


def find_picture(folder: Path, name: str) -> Path:
    """The file of the picture ``name`` of the project ``folder``. Raises ``NoPicture``: it is not there, is no picture,
    or is not of the project (an address, an absolute path, one that leads out, a hidden folder)."""
    outside = NoPicture("bad-picture", Reason("picture_outside", found=f"{name!r:.200}"))
    # Before anything is looked at: on Windows a mere look at another machine's share tells it who is logged in here.
    if _SCHEME.match(name) or PureWindowsPath(name).anchor or _is_hidden(PureWindowsPath(name)):
        raise outside
    if PurePath(name).suffix.lower() not in MEDIA_TYPES:
        kinds = [suffix[1:] for suffix in MEDIA_TYPES]
        raise NoPicture("bad-picture", Reason("picture_kind", found=f"{name!r:.200}", types=kinds))
    try:
        root = folder.resolve()
        path = (root / name).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise NoPicture("missing-file", Reason("picture_missing", found=f"{name!r:.200}")) from None
    if not path.is_relative_to(root) or _is_hidden(path.relative_to(root)):
        raise outside
    if not path.is_file():
        raise NoPicture("missing-file", Reason("picture_no_file", found=f"{name!r:.200}"))
    return path


def _is_hidden(path: PurePath) -> bool:
    """``..`` among them."""
    return any(part.startswith(".") for part in path.parts)


def pictures_of(shown: object) -> Iterator[str]:
    """The names of all pictures in a dialog or message as ``report.dialog`` describes it."""
    if isinstance(shown, Mapping):
        image = shown.get("image")
        if isinstance(image, Mapping) and isinstance(image.get("file"), str):
            yield image["file"]
        for part in shown.values():
            yield from pictures_of(part)
    elif isinstance(shown, list):
        for part in shown:
            yield from pictures_of(part)


def require_pictures(shown: object) -> None:
    """Raises ``NoPicture`` for the first one that cannot be shown; the tests run in the project folder."""
    for name in pictures_of(shown):
        find_picture(Path(), name)
