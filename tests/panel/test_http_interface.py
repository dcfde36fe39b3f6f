"""The HTTP interface as programs use it: what is refused and how, what stands in it, the stream of events."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from sequencer.panel.app import ROUTES
from sequencer.panel.broadcast import MOST_READERS
from sequencer.panel.server import PanelRefused

WAITING = """
name: Slow
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules:
  main:
    name: Main
    cases:
      first: {name: First, steps: [{call: bench.wait}]}
      second: {name: Second, steps: [{measure: U, value: 1, limits: [0, 2]}]}
"""


@pytest.fixture(scope="module")
def panel(shared_stand: Any) -> Any:
    """A panel of a stand that has run once."""
    shared_stand.write("images/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    shared_stand.write("secret.txt", "secret")
    shared_stand.write(".hidden/a.png", b"secret")
    panel = shared_stand.open()
    panel.run()
    return panel


class Stream:
    """Reads server-sent events over a socket of its own."""

    def __init__(self, panel: Any, last: str | None = None) -> None:
        self.connection = HTTPConnection("localhost", panel.port, timeout=20)
        self.connection.request("GET", "/api/events", headers={"Last-Event-ID": last} if last else {})
        self.answer = self.connection.getresponse()

    def events(self) -> Iterator[tuple[str, str, Any]]:
        event: dict[str, str] = {}
        for line in iter(self.answer.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
            elif "data" in event:
                yield event.get("id", ""), event["event"], json.loads(event["data"])
                event = {}
            else:
                event = {}

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


@pytest.fixture
def follow() -> Iterator[Any]:
    """Opens streams that are closed at the end: ``follow(panel, last=...)``."""
    streams: list[Stream] = []

    def start(panel: Any, last: str | None = None) -> Stream:
        streams.append(Stream(panel, last))
        return streams[-1]

    yield start
    for stream in streams:
        stream.close()


# What is refused.


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


def test_the_pages_own_files_are_asked_for_once(panel: Any) -> None:
    """Browsers keep them, since their addresses name their contents; another version's address gets what there is."""
    page = panel.ask("GET", "/").body.decode()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(addresses) > 10
    for address in addresses:
        answer = panel.ask("GET", address)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable"), address
    other = panel.ask("GET", re.sub(r"/v-\w+/", "/v-0000/", addresses[0]))
    assert (other.status, other.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "name",
    [
        "secret.txt",
        "../secret.png",
        "images/../secret.txt",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "..%5c..%5cwindows%5cwin.ini",
        ".hidden/a.png",
        "images",
        "images/none.png",
        "hardseq.toml",
        "drivers/bench.py",
    ],
)
def test_only_pictures_of_the_project_are_served(panel: Any, name: str) -> None:
    """No other file, nothing hidden, nothing outside of the folder."""
    assert panel.ask("GET", f"/api/pictures/{name}").status in (400, 404)


def test_a_picture_can_do_nothing(panel: Any) -> None:
    """An SVG is a document that may hold scripts: it comes sandboxed."""
    answer = panel.ask("GET", "/api/pictures/images/a.svg")
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "image/svg+xml")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_a_picture_is_kept_by_nobody_in_between(panel: Any) -> None:
    """Only the browser that asked keeps one; that there is none is not kept at all, and a part tells the whole size."""
    path = "/api/pictures/images/a.svg"
    kept = panel.ask("GET", path).headers
    assert set(kept["Cache-Control"].split(", ")) == {"private", "max-age=60"}
    assert panel.ask("GET", path, headers={"If-None-Match": kept["ETag"]}).status == 304
    assert panel.ask("GET", "/api/pictures/images/none.svg").headers["Cache-Control"] == "no-store"
    part = panel.ask("GET", path, headers={"Range": "bytes=100000-"})
    assert (part.status, part.headers["Content-Range"]) == (416, f"bytes */{kept['Content-Length']}")


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_link_out_of_the_project_is_not_followed(panel: Any, tmp_path: Any) -> None:
    """A symbolic link in the project does not open the rest of the disk."""
    (tmp_path / "out.png").write_bytes(b"secret")
    link = panel.project.folder / "images/link.png"
    link.symlink_to(tmp_path / "out.png")
    assert panel.ask("GET", "/api/pictures/images/link.png").status == 404


# What stands in it.


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


def test_address_and_token_are_for_the_owner_alone(stand: Any) -> None:
    """`hardseq start` finds them in the state folder, nobody else can read them there; they go with the panel."""
    panel = stand.open()
    path = panel.project.state.panel
    note = json.loads(path.read_text())
    assert note["token"] == panel.session.token
    assert note["address"] == f"http://127.0.0.1:{panel.port}/"
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    panel.close()
    assert not path.exists()


def test_a_taken_port_is_told(panel: Any, stand: Any) -> None:
    """Two panels cannot share a port, and the second one says so."""
    with pytest.raises(PanelRefused, match="another panel"):
        stand.open(port=panel.port)


def test_a_start_that_comes_late_is_refused(stand: Any) -> None:
    """What was pressed long ago runs nothing now; the press is timed by the panel's own clock."""
    panel = stand.open()
    panel.wait_for("ready")
    now = panel.ask("GET", "/api/state").json["now"]
    late = panel.ask("POST", "/api/start", {"asked": now - 60})
    assert (late.status, late.json["error"]["code"]) == (409, "too-late")
    assert panel.ask("POST", "/api/start", {"asked": "now"}).status == 400
    assert panel.ask("POST", "/api/start", {"asked": now}).status == 200


def test_state_start_and_stop(stand: Any) -> None:
    """Programs start and stop as the page does, and read the same state."""
    stand.sequence("slow", WAITING)
    panel = stand.open()
    panel.wait_for("ready")
    run = panel.ask("POST", "/api/start", {"user": "Ann"}).json["run"]
    state = panel.ask("GET", "/api/state").json
    assert state["session"]["state"] == "running"
    assert panel.ask("POST", "/api/start", {}).json["error"]["code"] == "running"
    assert panel.ask("POST", "/api/choice", {"name": "slow"}).status == 409
    assert panel.ask("POST", "/api/stop", {"reason": "lunch"}).json == {"stopping": True}
    panel.wait_for("ready")
    report = panel.ask("GET", f"/api/runs/{run}").json
    # It also says what it interrupted: a case, or a driver that was just being opened.
    assert (report["status"], report["stop_reason"][:5], report["user"]) == ("stopped", "lunch", "Ann")
    assert panel.ask("GET", "/api/state").json["run"]["status"] == "stopped"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_the_test_process_waits_before_start(stand: Any) -> None:
    """The process that runs was there before anybody pressed Start; each run has its own."""
    stand.sequence(
        "warm",
        """
name: Warm
drivers: {bench: bench.Bench}
modules: {main: {name: Main, cases: {where: {name: Where, steps: [{measure: Process, call: bench.process}]}}}}
""",
    )
    panel = stand.open()
    processes = []
    for _ in range(2):
        panel.wait_for("ready")
        there = {path.name for path in Path("/proc").iterdir()}
        report = panel.run()
        processes.append(report["modules"][0]["cases"][0]["attempts"][0]["measurements"][0]["value"])
        assert str(processes[-1]) in there
    assert processes[0] != processes[1]


# The stream.


def test_events_resume_where_they_were_left(stand: Any, follow: Any) -> None:
    """Snapshot, then patches with ids; a stream that names the last id gets what followed and nothing else."""
    stand.sequence("slow", WAITING)
    panel = stand.open()
    panel.wait_for("ready")
    stream = follow(panel)
    assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
    events = stream.events()
    first, kind, whole = next(events)
    assert (kind, whole["id"]) == ("snapshot", first)
    panel.ask("POST", "/api/start", {})
    seen = next(identity for identity, _, data in events if _running(data))
    stream.close()
    panel.go()
    panel.wait_for("ready")
    again = follow(panel, last=seen).events()
    identity, kind, data = next(again)
    assert kind == "patch" or data["run"]["status"] != "ready"
    assert int(identity.rpartition("-")[2]) > int(seen.rpartition("-")[2])
    assert next(follow(panel, last="feedbeef-7").events())[1] == "snapshot"


def _running(data: Any) -> bool:
    if "cases" in data:
        return any(case.get("set", {}).get("status") == "run" for case in data["cases"].values())
    return any(case["status"] == "run" for module in data.get("run", {}).get("modules", []) for case in module["cases"])


def test_too_many_readers_are_told_and_calls_still_answered(stand: Any, follow: Any) -> None:
    """Pages that are open take no thread from calls; past a bound a further one is refused in words."""
    panel = stand.open()
    panel.wait_for("ready")
    for _ in range(MOST_READERS):
        follow(panel)
    # An answer that is on its way is no reader yet.
    deadline = time.monotonic() + 30
    while panel.server.readers < MOST_READERS:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    refused = panel.ask("GET", "/api/events")
    assert (refused.status, refused.json["error"]["code"]) == (503, "too-many-readers")
    assert panel.ask("GET", "/api/state").status == 200


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
