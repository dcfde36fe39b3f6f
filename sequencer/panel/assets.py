"""Scripts, style sheets, fonts and texts of the pages, at addresses that name their contents: a browser asks for each
once and keeps it, so that a page costs two or three requests and not forty."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, send_from_directory

STATIC = Path(__file__).parent / "static"
_YEAR = 365 * 86_400


@cache
def prefix() -> str:
    """What the addresses of all files begin with. Another hardseq, with other files, has another one."""
    contents = hashlib.sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        contents.update(f"{path.relative_to(STATIC).as_posix()}\n{path.stat().st_size}\n".encode() + path.read_bytes())
    return f"/static/v-{contents.hexdigest()[:16]}"


def add_assets(app: Flask) -> None:
    """Serves the files below ``prefix``; Flask itself serves them below ``/static``, to be asked for each time."""

    def asset(version: str, name: str) -> Response:
        response = send_from_directory(STATIC, name)
        # A page that was open while hardseq was upgraded names the old version, and gets what there is now.
        if prefix() == f"/static/v-{version}":
            response.cache_control.no_cache = None
            response.cache_control.public = True
            response.cache_control.max_age = _YEAR
            response.cache_control.immutable = True
        return response

    app.add_url_rule("/static/v-<version>/<path:name>", "asset", asset)
