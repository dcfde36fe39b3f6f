"""The panel's Flask application: pages and the HTTP interface over one session. Nothing happens at import."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from flask import Flask, Response, g, jsonify, redirect, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from sequencer import __version__
from sequencer.figures.index import FiguresUnavailable
from sequencer.panel import (
    api_alarms,
    api_figures,
    api_figures_parquet,
    api_figures_runs,
    api_history,
    api_instruments,
    api_live,
    api_log,
    api_run,
    api_stands,
    api_starts,
    api_storage,
    api_unit,
    api_user,
)
from sequencer.panel.actions import carried_out
from sequencer.panel.assets import add_assets
from sequencer.panel.guard import AccessGuard
from sequencer.panel.pages import add_pages, login_address
from sequencer.panel.refusals import ApiError
from sequencer.panel.routes import Route, openapi
from sequencer.standcloud.delivery import OutboxUnavailable
from sequencer.store.base import StoreError
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug.wrappers import Response as AnyResponse

    from sequencer.panel.session import Session

LARGEST_BODY = 256 * 1024
MOST_HISTORY = 6
"""Questions about stored runs at once. A store may take its time for each, while Start, Stop and the live state go on:
``http_server.THREADS`` is more than these."""
ROUTES: tuple[Route, ...] = (
    *api_live.ROUTES,
    *api_history.ROUTES,
    *api_figures.ROUTES,
    *api_figures_runs.ROUTES,
    *api_figures_parquet.ROUTES,
    *api_run.ROUTES,
    *api_starts.ROUTES,
    *api_stands.ROUTES,
    *api_alarms.ROUTES,
    *api_unit.ROUTES,
    *api_storage.ROUTES,
    *api_user.ROUTES,
    *api_log.ROUTES,
    *api_instruments.ROUTES,
)

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_PLAIN_WORDS = {
    404: ("not-found", "there is nothing here"),
    405: ("method-not-allowed", "this address does not accept this method"),
    413: ("too-large", "the body is too large"),
    416: ("bad-range", "the file has no such part"),
}
RETRY_SECONDS = 2
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Frame-Options": "SAMEORIGIN",
}


def create_app(session: Session, guard: AccessGuard | None = None) -> Flask:
    """The application that shows ``session``; without ``guard`` a loopback one with the session's own token."""
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.sort_keys = False
    access_guard = guard or AccessGuard(session.token)
    turns = BoundedSemaphore(MOST_HISTORY)
    routes = tuple(route for route in ROUTES if route.is_for(tests=session.tests))
    history = (api_history, api_run, api_starts, api_unit, api_log)
    for route in routes:
        view = _view(route, session)
        if any(route in part.ROUTES for part in history):
            view = _in_turn(view, turns)
        app.add_url_rule(route.path, route.name, view, methods=[route.method])
    app.add_url_rule("/api/openapi.json", "openapi", lambda: jsonify(openapi(routes, __version__)))
    add_assets(app)
    missing = add_pages(app, session, access_guard)
    app.before_request(lambda: _admit(access_guard))
    app.after_request(_harden)
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(StoreError, lambda error: _api_error(api_history.store_problem(error)))
    app.register_error_handler(FiguresUnavailable, lambda error: _api_error(api_figures.unavailable(error)))
    app.register_error_handler(OutboxUnavailable, lambda error: _api_error(ApiError(503, "outbox", error.reason)))
    app.register_error_handler(HTTPException, lambda error: _http_error(error, missing))
    app.register_error_handler(Exception, _own_error)
    return app


def _view(route: Route, session: Session) -> Callable[..., Response]:
    def view(**parts: str) -> Response:
        answer = carried_out(route, session, parts)
        return answer if isinstance(answer, Response) else jsonify(answer)

    return view


def _in_turn(view: Callable[..., Response], turns: BoundedSemaphore) -> Callable[..., Response]:
    """``view`` while fewer than ``MOST_HISTORY`` of its kind are being answered, to the last byte."""

    def answer(**parts: str) -> Response:
        if not turns.acquire(blocking=False):
            raise ApiError(503, "busy", Reason("too_many_queries"))
        try:
            response = view(**parts)
        except BaseException:
            turns.release()
            raise
        response.call_on_close(turns.release)
        return response

    return answer


def _admit(guard: AccessGuard) -> ResponseReturnValue | None:
    try:
        g.caller = guard.check(request)
    except ApiError as error:
        # A person who is not logged in wants the login page; a program wants to know.
        if error.status == 401 and request.method == "GET" and not request.path.startswith("/api/"):
            return redirect(login_address(request.full_path))
        raise
    return None


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # What may be kept says so itself.
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _api_error(error: ApiError) -> tuple[Response, int]:
    response = jsonify(error.document())
    if error.code == "busy":
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response, error.status


def _http_error(error: HTTPException, missing: Callable[[int], AnyResponse | None]) -> AnyResponse:
    status = error.code or 500
    page = missing(status) if status in (404, 405) else None
    if page is not None:
        return page
    code, message = _PLAIN_WORDS.get(status, ("malformed", "the request is malformed"))
    response, _ = _api_error(ApiError(status, code, message))
    # Some say how it would be right: which methods there are, how long the file is.
    response.headers.extend(header for header in error.get_headers() if header[0] != "Content-Type")
    response.status_code = status
    return response


def _own_error(error: Exception) -> tuple[Response, int]:
    # What went wrong is for whoever runs the panel, not for whoever looks at it.
    print("".join(traceback.format_exception(error)), file=sys.stderr, end="")
    return _api_error(ApiError(500, "internal", Reason("panel_error")))
