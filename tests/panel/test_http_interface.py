"""The HTTP interface as programs use it: what is refused and how, and what stands in its description."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sequencer.panel.app import ROUTES


@pytest.fixture(scope="module")
def panel(shared_stand: Any) -> Any:
    """A panel that waits for Start."""
    panel = shared_stand.open()
    panel.wait_for("ready")
    return panel


@pytest.mark.parametrize("headers", [{}, {"X-Hardseq-Token": "wrong"}, {"X-Hardseq-Token": ""}])
def test_changing_state_needs_the_token(panel: Any, headers: dict[str, str]) -> None:
    """Every POST without this session's token is a 403, whatever it asks for."""
    for route in ROUTES:
        if route.method == "POST":
            path = re.sub(r"<[^>]+>", "x", route.path)
            answer = panel.ask("POST", path, {}, token=False, headers=headers)
            assert (answer.status, answer.json["error"]["code"]) == (403, "token"), path


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_web_sites_are_refused_even_with_the_token(panel: Any, headers: dict[str, str]) -> None:
    """Origin and Sec-Fetch-Site must say that the request comes from the panel's own page."""
    for method, path in (("POST", "/api/stop"), ("GET", "/api/state")):
        answer = panel.ask(method, path, {} if method == "POST" else None, headers=headers)
        assert (answer.status, answer.json["error"]["code"]) == (403, "cross-site")


def test_a_name_that_does_not_lead_here_is_refused(panel: Any) -> None:
    """DNS rebinding: a foreign name that points at loopback gets nothing, not even the page."""
    for path in ("/", "/api/state", "/static/js/main.js"):
        answer = panel.ask("GET", path, headers={"Host": f"evil.example:{panel.port}"})
        assert (answer.status, answer.json["error"]["code"]) == (421, "wrong-host")
    assert panel.ask("GET", "/api/state", headers={"Host": f"127.0.0.1:{panel.port}"}).status == 200


def test_a_get_changes_nothing(panel: Any) -> None:
    """The calls that change state do not exist as GET; the refusal says how they do."""
    for route in ROUTES:
        if route.method == "POST":
            answer = panel.ask("GET", re.sub(r"<[^>]+>", "x", route.path))
            assert (answer.status, answer.json["error"]["code"]) == (405, "method-not-allowed"), route.path
            assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/start", {"parms": {}}, 400, "unknown-key"),
        ("/api/start", {"params": []}, 400, "wrong-type"),
        ("/api/start", {"params": {"nonsense": 1}}, 422, "invalid"),
        ("/api/start", {"only": "rails"}, 400, "wrong-type"),
        ("/api/start", {"only": []}, 422, "invalid"),
        ("/api/start", {"only": ["nothing::such"]}, 422, "invalid"),
        ("/api/start", b"{", 400, "not-json"),
        ("/api/start", b"[]", 400, "not-json"),
        ("/api/start", b"\xff\xfe", 400, "not-json"),
        ("/api/stop", {}, 409, "not-running"),
        ("/api/stop", {"reason": "x" * 300}, 400, "too-long"),
        ("/api/dialogs/x", {"result": "confirm"}, 404, "not-found"),
        ("/api/dialogs/x", {"result": 1}, 400, "wrong-type"),
        ("/api/messages/x", {}, 404, "not-found"),
        ("/api/choice", {"name": "x"}, 404, "not-found"),
        ("/api/choice", {}, 400, "wrong-type"),
        ("/api/form", {}, 400, "wrong-type"),
        ("/api/form", {"sequence": "other", "values": {}}, 409, "not-ready"),
        ("/api/nonsense", {}, 404, "not-found"),
    ],
)
def test_errors_have_one_shape(panel: Any, path: str, body: Any, status: int, code: str) -> None:
    """Whatever is wrong comes as {"error": {"code", "message"}} with a sentence."""
    answer = panel.ask("POST", path, body)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["message"].strip()
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=x", "limit=100000", "limit=1&limit=2", "cursor=nonsense", "status=great"),
        *("since=x", "since=nan", "until=1e999"),
    ],
)
def test_bad_queries_are_told(panel: Any, query: str) -> None:
    """A parameter that cannot be read, or stands there twice, is named."""
    answer = panel.ask("GET", f"/api/runs?{query}")
    assert (answer.status, answer.json["error"]["code"]) == (400, "bad-parameter")


def test_large_bodies_and_other_types_are_refused(panel: Any) -> None:
    """Sizes are bounded, and a form is no JSON."""
    assert panel.ask("POST", "/api/start", b'{"params": {"a": "' + b"x" * 300_000 + b'"}}').status == 413
    form = panel.ask("POST", "/api/start", b"params=1", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (form.status, form.json["error"]["code"]) == (415, "not-json")


def test_every_answer_is_hardened(panel: Any) -> None:
    """A strict policy without inline scripts, on pages, calls and errors alike; no inline script in the page."""
    for path in ("/", "/runs", "/api/state", "/api/runs", "/nonsense", "/static/js/main.js"):
        headers = panel.ask("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers
    page = panel.ask("GET", "/").body.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", page)


def test_the_description_names_every_call(panel: Any) -> None:
    """The OpenAPI document is made from the table of routes and has each of them."""
    document = panel.ask("GET", "/api/openapi.json").json
    assert document["openapi"].startswith("3.")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    routed = {(route.method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)) for route in ROUTES}
    assert described == routed
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["summary"].endswith(".")


def test_every_call_stands_in_the_reference() -> None:
    """docs/reference/http-api.md names each call and each error code that the panel's own code gives."""
    root = Path(__file__).parents[2]
    page = (root / "docs/reference/http-api.md").read_text("utf-8")
    for route in ROUTES:
        path = re.sub(r"<\w+:", "<", route.path)
        assert f"`{route.method} {path}`" in page
    code = "\n".join(path.read_text("utf-8") for path in (root / "sequencer/panel").glob("*.py"))
    codes = re.findall(r"ApiError\(\s*\d+, \"([a-z-]+)\"", code) + re.findall(r"Refused\(\s*\"([a-z-]+)\"", code)
    assert len(codes) > 15
    for name in codes:
        assert name == "internal" or f"`{name}`" in page, name
