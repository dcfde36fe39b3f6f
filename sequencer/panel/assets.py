"""Scripts, style sheets, fonts and texts of the pages, at addresses that name their contents: a browser asks for each
once and keeps it. The scripts are two files, the sheets one (``bundle``), and they travel compressed, so that a first
page is quick also where the network is not."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.project.settings import LANGUAGES

if TYPE_CHECKING:
    from flask import Flask, Response

STATIC = Path(__file__).parent / "static"
_SHEETS = ("base", "live", "dialogs", "slots", "history", "figures", "start", "stands", "instruments", "forced_colors")
SHEETS = tuple(f"css/{name}.css" for name in _SHEETS)
SCRIPT = "js/all.js"
LATER = "js/later.js"
"""Of the pages beside the live one."""
SHEET = "css/all.css"
CHARTS = "vendor/echarts/echarts.esm.min.js"
"""Large, and for few pages."""
FAVICON = "/favicon.ico"
MANIFEST = "/manifest.webmanifest"
"""Browsers ask for both without a cookie, so both are open to all: they say no more than the login page."""
_YEAR = 365 * 86_400


@cache
def prefix() -> str:
    """What the addresses of all files begin with. Another hardseq, with other files, has another one."""
    contents = hashlib.sha256()
    contents.update(STATIC.with_name("bundle.py").read_bytes())
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        contents.update(f"{path.relative_to(STATIC).as_posix()}\n{path.stat().st_size}\n".encode() + path.read_bytes())
    return f"/static/v-{contents.hexdigest()[:16]}"


@cache
def bundled(name: str) -> str:
    """The text of ``SCRIPT``, ``LATER``, ``SHEET`` or another file."""
    from sequencer.panel import bundle

    if name in (SCRIPT, LATER):
        both = bundle.scripts(STATIC / "js", Path(LATER).name)
        return both.first if name == SCRIPT else both.rest
    return bundle.sheets(STATIC, SHEETS) if name == SHEET else (STATIC / name).read_text("utf-8")


@cache
def _packed(name: str) -> bytes:
    import gzip  # not before a page asks

    return gzip.compress(bundled(name).encode(), mtime=0)


def add_assets(app: Flask) -> None:
    """Serves the files below ``prefix``; Flask itself serves them below ``/static``, to be asked for each time."""
    # Imported here: of a run that nobody looks at only the addresses are used.
    from flask import Response, request, send_from_directory

    def asset(version: str, name: str) -> Response:
        return _kept(version, send_from_directory(STATIC, name))

    def whole(version: str, name: str, kind: str) -> Response:
        packs = request.accept_encodings.quality("gzip") > 0
        response = Response(_packed(name) if packs else bundled(name), mimetype=kind)
        response.vary.add("Accept-Encoding")
        if packs:
            response.headers["Content-Encoding"] = "gzip"
        return _kept(version, response)

    app.add_url_rule("/static/v-<version>/<path:name>", "asset", asset)
    texts = [(f"translations/{language}.json", "application/json") for language in LANGUAGES]
    code = [(name, "text/javascript") for name in (SCRIPT, LATER, CHARTS)]
    for name, kind in (*code, (SHEET, "text/css"), *texts):
        app.add_url_rule(f"/static/v-<version>/{name}", name, whole, defaults={"name": name, "kind": kind})
    # Browsers and other programs ask for it unasked, also where no page named an icon.
    app.add_url_rule(FAVICON, "favicon", lambda: send_from_directory(STATIC, "icons/favicon-32.png", max_age=86_400))


def _kept(version: str, response: Response) -> Response:
    # A page that was open while hardseq was upgraded names the old version, and gets what there is now.
    current = prefix() == f"/static/v-{version}"
    response.cache_control.no_cache = None if current else True
    if current:
        response.cache_control.public = True
        response.cache_control.max_age = _YEAR
        response.cache_control.immutable = True
    return response


def manifest(name: str, language: str) -> dict[str, object]:
    """The web app manifest (W3C), with which a browser installs the panel called ``name`` as an application."""

    def icon(file: str, size: int, purpose: str = "any") -> dict[str, str]:
        source = f"{prefix()}/icons/{file}.png"
        return {"src": source, "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}

    return {
        "id": "/",
        "name": name,
        "short_name": name[:12].strip(),
        "lang": language,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f3f5f8",
        "theme_color": "#12233f",
        "icons": [icon("icon-192", 192), icon("icon-512", 512), icon("maskable-512", 512, "maskable")],
    }
