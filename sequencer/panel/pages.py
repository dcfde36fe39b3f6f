"""The pages themselves: one shell for every address that the script shows, and the login page."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Flask, Response, redirect, render_template, request

from sequencer import __version__
from sequencer.panel.assets import STATIC, prefix
from sequencer.panel.guard import AccessGuard
from sequencer.panel.requests import ApiError
from sequencer.project.settings import LANGUAGES

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from sequencer.panel.session import Session

SHEETS = ("css/base.css", "css/live.css", "css/dialogs.css", "css/history.css")
_PAGES = ("/", "/runs", "/runs/<run>", "/yield", "/measurements", "/storage")


@cache
def texts(language: str) -> dict[str, str | dict[str, str]]:
    """The page's texts in one of ``LANGUAGES``; one with a number in it may have a form for each kind of number."""
    path = STATIC / "translations" / f"{language}.json"
    found: dict[str, str | dict[str, str]] = json.loads(path.read_text("utf-8"))
    return found


@cache
def modules() -> tuple[str, ...]:
    """The scripts that every page needs, so that the browser asks for them all at once."""
    names = (path.relative_to(STATIC).as_posix() for path in (STATIC / "js").glob("*.js"))
    return tuple(sorted(names))


def add_pages(app: Flask, session: Session, guard: AccessGuard) -> None:
    """Adds pages, login and logout to ``app``."""
    configured = session.settings.language
    language = configured if configured in LANGUAGES else "en"

    def rendered(template: str, **more: object) -> str:
        shared = {"language": language, "texts": texts(language), "title": session.title}
        return render_template(template, **shared, sheets=SHEETS, static=prefix(), **more)

    def page(**_: str) -> str:
        log_in = guard.login is not None
        return rendered("page.html", token=guard.token, login=log_in, version=__version__, modules=modules())

    for path in _PAGES:
        app.add_url_rule(path, f"page {path}", page, methods=["GET"])

    def login() -> AnyResponse | tuple[str, int]:
        if guard.login is None:
            return redirect("/")
        status = 200
        if request.method == "POST":
            try:
                if guard.try_login(request.form.get("token", "")[:1000], request.remote_addr or ""):
                    return _logged_in(guard)
                status = 403
            except ApiError as error:
                status = error.status
        return rendered("login.html", status=status), status

    app.add_url_rule("/login", "login", login, methods=["GET", "POST"])

    def logout() -> AnyResponse:
        response = Response(status=204)
        response.delete_cookie(guard.cookie_name, httponly=True, samesite="Lax")
        return response

    app.add_url_rule("/logout", "logout", logout, methods=["POST"])


def login_address(wanted: str) -> str:
    """The login page's address that leads on to ``wanted``."""
    return "/login" if wanted in ("/", "/?") else f"/login?{urlencode({'next': wanted.removesuffix('?')})}"


def _logged_in(guard: AccessGuard) -> AnyResponse:
    wanted = request.args.get("next", "/")
    # Only on to this panel: two slashes or a backslash would lead to another machine.
    response = redirect(wanted if re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", wanted) else "/")
    response.set_cookie(
        guard.cookie_name,
        guard.cookie(),
        max_age=30 * 86400,
        httponly=True,
        # A colleague's link must not ask for the token again; whatever changes something wants more than the cookie.
        samesite="Lax",
        # Behind a proxy with TLS only the browser knows.
        secure=request.is_secure or request.headers.get("Origin", "").startswith("https:"),
    )
    return response
