"""Pictures from the project folder, and the sandboxed documents that hold a dialog's HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from flask import Response, send_file

from sequencer.panel.refusals import ResourceNotFound
from sequencer.project.pictures import MEDIA_TYPES, NoPicture, find_picture
from sequencer.report.model import RunReport
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.reason import Reason

_NOTHING = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# A picture can be a document with scripts (SVG): whatever it is, it may do nothing.
_INERT = f"sandbox; {_NOTHING}"
# Of the same origin, so that the page can give it its colours and read its height; scripts are forbidden twice.
_CODE_POLICY = f"sandbox allow-same-origin; {_NOTHING}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


def picture(folder: Path, name: str) -> Response:
    """A picture below the project folder. Anything else, hidden or outside raises ``ResourceNotFound``."""
    try:
        path = find_picture(folder, name)
    except NoPicture:
        raise ResourceNotFound(Reason("no_such_picture")) from None
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:  # a link to something else
        raise ResourceNotFound(Reason("no_such_picture"))
    response = send_file(path, mimetype=media_type, conditional=True, max_age=60)
    # For whoever is logged in: a proxy in between must not hand it to others.
    response.cache_control.public = False
    response.cache_control.private = True
    response.headers["Content-Security-Policy"] = _INERT
    return response


def frame(report: RunReport, identity: str, page: int) -> Response:
    """The HTML of a dialog (``page`` of its steps, or -1) or operator message, in a document that can do nothing."""
    html = next((shown.get("html") for shown in _shown(report, identity, page)), None)
    if not isinstance(html, Mapping):
        raise ResourceNotFound(Reason("no_such_html"))
    if html.get("url"):
        return _outer_frame(str(html["url"]))
    response = _document(f'<!doctype html><meta charset="utf-8">{html.get("code") or ""}')
    response.headers["Content-Security-Policy"] = _CODE_POLICY
    return response


def _document(html: str) -> Response:
    return Response(utf8(html), mimetype="text/html")


def _outer_frame(url: str) -> Response:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ResourceNotFound(Reason("not_web_address")) from None
    if parts.scheme not in ("http", "https") or not parts.netloc or not parts.netloc.isascii():
        raise ResourceNotFound(Reason("not_web_address"))
    origin = f"{parts.scheme}://{parts.netloc}"
    if any(character in origin for character in " ;,'\""):
        raise ResourceNotFound(Reason("not_web_address"))
    body = (
        '<!doctype html><meta charset="utf-8"><title>…</title>'
        "<style>html,body{margin:0;height:100%}iframe{border:0;width:100%;height:100%;display:block}</style>"
        f'<iframe src="{escape(url, quote=True)}" sandbox="allow-scripts" referrerpolicy="no-referrer"></iframe>'
    )
    response = _document(body)
    response.headers["Content-Security-Policy"] = (
        f"sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; frame-src {origin}; "
        "frame-ancestors 'self'"
    )
    return response


def _shown(report: RunReport, identity: str, page: int) -> Iterator[Mapping[str, object]]:
    for message in report["operator_messages"]:
        if message["id"] == identity and message["cleared"] is None:
            yield message["details"]
    for module in report["modules"]:
        for case in module["cases"]:
            for attempt in case["attempts"]:
                for asked in attempt["dialogs"]:
                    if asked["id"] == identity:
                        dialog = asked["dialog"]
                        yield dialog if page < 0 else dict(enumerate(dialog.get("steps") or ())).get(page, {})
