"""The pages themselves: one shell for every address that the script shows, and the login page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from flask import Flask, Response, abort, redirect, render_template, request

from sequencer import __version__
from sequencer.panel.assets import MANIFEST, SCRIPT, SHEET, STATIC, manifest, prefix
from sequencer.panel.guard import SAFE_METHODS, AccessGuard
from sequencer.panel.people import caller
from sequencer.panel.refusals import ApiError
from sequencer.project.settings import LANGUAGES
from sequencer.vocabulary.json_text import compact

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from sequencer.panel.session import Session

_PAGES = (
    "/",
    "/slots/<slot>",
    "/runs",
    "/runs/<run>",
    "/units",
    "/starts/<start>",
    "/stands",
    "/overview",
    "/failures",
    "/measurements",
    "/measurements/one",
    "/time",
    "/storage",
    "/log",
    "/instruments",
)
_MOVED = {"/yield": "/overview"}
"""Pages that have another address since, which takes the same choice of runs."""
_ANY_PAGE = re.compile("|".join(re.sub("<[a-z]+>", "[^/]+", path) for path in _PAGES if path != "/"))
_HOME_OF_FACTORY = "/stands"
_NO_PAGES = ("/api/", "/static/")
"""What begins so is for programs, and the second is open to all, so that no page, which holds a token, may be there."""


@cache
def texts(language: str) -> dict[str, str | dict[str, str]]:
    """The page's texts in one of ``LANGUAGES``; one with a number in it may have a form for each kind of number."""
    path = STATIC / "translations" / f"{language}.json"
    found: dict[str, str | dict[str, str]] = json.loads(path.read_text("utf-8"))
    return found


def add_pages(app: Flask, session: Session, guard: AccessGuard) -> Callable[[int], AnyResponse | None]:
    """Adds pages, login and logout to ``app``; returns what answers a browser where nothing is (``_is_for_page``).

    That answers with the status it is called with, or leads on from an address with too many slashes at its end.
    """
    configured = session.settings.language
    language = configured if configured in LANGUAGES else "en"

    def rendered(template: str, **more: object) -> str:
        shared = {"language": language, "texts": texts(language), "title": session.title}
        return render_template(template, **shared, sheet=SHEET, static=prefix(), **more)

    def page(slot: str | None = None, **_: str) -> str:
        who = caller()
        log_in = guard.login is not None and not who.named
        kiosk = session.settings.kiosk or "kiosk" in request.args
        more = {"kiosk": kiosk, "token": guard.page_token, "login": log_in, "who": who, "version": __version__}
        return rendered("page.html", **more, **_place(session, slot), script=SCRIPT)

    _add_views(app, session, page)

    def manifested() -> Response:
        text = compact(manifest(session.title or "hardseq", language))
        return Response(text, mimetype="application/manifest+json")

    app.add_url_rule(MANIFEST, "manifest", manifested, methods=["GET"])

    def login() -> AnyResponse | tuple[str, int]:
        if guard.people.enabled:
            return _login_of_users(guard, rendered)
        return redirect("/") if guard.login is None else _login_with_token(guard, rendered)

    app.add_url_rule("/login", "login", login, methods=["GET", "POST"])
    app.add_url_rule("/logout", "logout", lambda: _log_out(guard), methods=["POST"])

    def missing(status: int) -> AnyResponse | None:
        if not _is_for_page():
            return None
        path = request.path.rstrip("/")
        if path != request.path and _ANY_PAGE.fullmatch(path):
            return _moved(quote(path))
        return Response(page(), status, {"Vary": "Accept"}, mimetype="text/html")

    return missing


def _add_views(app: Flask, session: Session, page: Callable[..., str]) -> None:
    """The pages at their addresses, and what leads to them."""
    others: dict[str, Callable[..., AnyResponse | str]] = {"/measurements": partial(_measurements, page)}
    if not session.tests:
        others["/"] = partial(redirect, _HOME_OF_FACTORY)
    for path in _PAGES:
        app.add_url_rule(path, f"page {path}", others.get(path, page), methods=["GET"])
    for old, new in _MOVED.items():
        app.add_url_rule(old, f"page {old}", partial(_moved, new), methods=["GET"])


def _measurements(page: Callable[[], str]) -> AnyResponse | str:
    """The table of all; one measurement had the same address once, and has one of its own since."""
    return _moved("/measurements/one") if "measurement" in request.args else page()


def _moved(path: str) -> AnyResponse:
    query = request.query_string.decode("latin-1")
    return redirect(path + (f"?{query}" if query else ""), 308)


def _place(session: Session, slot: str | None) -> dict[str, object]:
    """Which slot the page is of, and whether the first paint is that of a run."""
    try:
        session.of_slot(slot)
    except ApiError:
        abort(404)
    live = slot is not None or (request.path == "/" and not session.stand_slots)
    slots = [slot._asdict() for slot in session.stand_slots]
    return {"slot": slot, "slots": slots, "live": live, "factory": not session.tests}


def _is_for_page() -> bool:
    """Whether a browser asks for something to show to a person, at an address where a page could be."""
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return request.method in SAFE_METHODS and wanted == "text/html" and not request.path.startswith(_NO_PAGES)


def login_address(wanted: str) -> str:
    """The login page's address that leads on to ``wanted``."""
    return "/login" if wanted in ("/", "/?") else f"/login?{urlencode({'next': wanted.removesuffix('?')})}"


def _log_out(guard: AccessGuard) -> AnyResponse:
    guard.people.log_out(request.cookies.get(guard.people.cookie_name, ""))
    response = Response(status=204)
    for cookie in (guard.cookie_name, guard.people.cookie_name):
        response.delete_cookie(cookie, httponly=True, samesite="Lax")
    return response


def _login_with_token(guard: AccessGuard, rendered: Callable[..., str]) -> AnyResponse | tuple[str, int]:
    status = 200
    if request.method == "POST":
        try:
            if guard.try_login(request.form.get("token", "")[:1000], request.remote_addr or ""):
                return _led_on(guard.cookie_name, guard.cookie(), 30 * 86400)
            status = 403
        except ApiError as error:
            status = error.status
    return rendered("login.html", status=status), status


def _login_of_users(guard: AccessGuard, rendered: Callable[..., str]) -> AnyResponse | tuple[str, int]:
    """A badge, or a name and a PIN. Names are listed only where whoever asks is at this machine."""
    typed = {name: request.form.get(name, "")[:1000].strip() for name in ("badge", "name", "pin")}
    status, names, people = 200, list[str](), guard.people
    try:
        if request.method == "POST":
            user = guard.user(**typed, address=request.remote_addr or "")
            if user is not None:
                return _led_on(people.cookie_name, people.log_in(user, request.cookies.get(people.cookie_name, "")))
            status = 403
        names = [] if guard.remote else people.names()
    except ApiError as error:
        status = error.status
    return rendered("login_user.html", status=status, names=names, typed=typed["name"]), status


def _led_on(cookie: str, value: str, seconds: int | None = None) -> AnyResponse:
    """To where the address of the login page says, with the cookie; without ``seconds`` it ends with the browser."""
    wanted = request.args.get("next", "/")
    # Only on to this panel: two slashes or a backslash would lead to another machine.
    response = redirect(wanted if re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", wanted) else "/")
    response.set_cookie(
        cookie,
        value,
        max_age=seconds,
        httponly=True,
        # A colleague's link must not ask for the token again; whatever changes something wants more than the cookie.
        samesite="Lax",
        # Behind a proxy with TLS only the browser knows.
        secure=request.is_secure or request.headers.get("Origin", "").startswith("https:"),
    )
    return response
