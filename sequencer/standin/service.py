"""A stand-in for StandCloud: a small server on this machine that answers as StandCloud does and keeps what it is sent.

``python -m sequencer.standin --port 9000 --api-key KEY`` prints one line that begins with ``READY`` once it
listens. With no key it takes any. Reports are checked against the version 1 schema, unknown keys refused, and kept in
memory.

Calls of its own, for tests and for looking around:

- ``GET /standin/reports``: ``{"reports": {id: copies}, "connections": n, "requests": n}``; ``/standin/reports/ID``: the
  report as it came last; ``DELETE /standin/reports``: forget;
- ``POST /standin/faults``: a ``Fault`` as JSON; ``DELETE /standin/faults``: behave again.
"""

from __future__ import annotations

import hmac
import socket
import threading
import time
from dataclasses import field
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request

from sequencer.project.address import PATH, is_loopback
from sequencer.standin.faults import Fault, FaultPlan, read_fault
from sequencer.vocabulary.dataclass import dataclass

if TYPE_CHECKING:
    from jsonschema.protocols import Validator
    from werkzeug.serving import BaseWSGIServer

MAX_REPORT = 256 * 1024 * 1024
"""Bytes of a report that are taken."""


@dataclass(slots=True)
class ReceivedReports:
    """What the stand-in was sent: reports by id as they came last, and how often each came."""

    reports: dict[str, object] = field(default_factory=dict)
    copies: dict[str, int] = field(default_factory=dict)
    connections: set[tuple[str, str]] = field(default_factory=set)
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, report: dict[str, object]) -> int:
        """Keeps the report; how often it came by now."""
        with self.lock:
            run = str(report["id"])
            self.reports[run] = report
            self.copies[run] = self.copies.get(run, 0) + 1
            return self.copies[run]

    def clear(self) -> None:
        """Forgets everything."""
        with self.lock:
            self.reports.clear()
            self.copies.clear()
            self.connections.clear()
            self.requests = 0

    def count(self, address: str, port: str) -> None:
        """Counts a request and the connection it came over."""
        with self.lock:
            self.requests += 1
            self.connections.add((address, port))


@dataclass(slots=True)
class StandIn:
    """What the application works with."""

    api_key: str | None
    validator: Validator
    received: ReceivedReports = field(default_factory=ReceivedReports)
    plan: FaultPlan = field(default_factory=FaultPlan)


calls = Blueprint("stand_cloud", __name__)
control = Blueprint("standin", __name__)


def create_app(api_key: str | None = None) -> Flask:
    """The application; ``api_key`` is the only key that it takes, ``None`` for any."""
    from jsonschema import Draft202012Validator

    from sequencer.report.version1_schema import version1_schema

    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REPORT
    app.extensions["standin"] = StandIn(api_key, Draft202012Validator(version1_schema(stand_cloud=True)))
    app.register_blueprint(calls, url_prefix=PATH)
    app.register_blueprint(control, url_prefix="/standin")
    return app


def _standin() -> StandIn:
    state: StandIn = current_app.extensions["standin"]
    return state


@calls.before_request
def _check_key() -> tuple[Response, int] | None:
    standin = _standin()
    request.get_data()  # all of it, also when it is refused: the next request on this connection begins after it
    standin.received.count(request.remote_addr or "", str(request.environ.get("REMOTE_PORT", "")))
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not key:
        return jsonify(detail="no API key"), 401
    if standin.api_key is not None and not hmac.compare_digest(key.encode(), standin.api_key.encode()):
        return jsonify(detail="this API key is not known"), 401
    return None


@calls.get("/healthcheck")
def healthcheck() -> Response | tuple[Response, int]:
    """``{}``."""
    return _misbehave(_standin().plan.next("healthcheck", None)) or jsonify({})


@calls.post("/test_report")
def test_report() -> Response | tuple[Response, int]:
    """201 for a report of version 1, 422 with what is wrong for any other."""
    standin = _standin()
    report = request.get_json(silent=True)
    run = report.get("id") if isinstance(report, dict) else None
    fault = standin.plan.next("test_report", run if isinstance(run, str) else None)
    if fault is not None and (fault.status is not None or fault.drop == "before"):
        return _misbehave(fault) or Response(status=500)
    answer = _stored(report)
    _misbehave(fault)
    return answer


def _stored(report: object) -> tuple[Response, int]:
    standin = _standin()
    if not isinstance(report, dict):
        return jsonify(detail="the body is not a JSON object"), 400
    if wrong := _wrong(standin.validator, report):
        return jsonify(detail=wrong), 422
    copies = standin.received.keep(report)
    return jsonify(id=report["id"], copies=copies), 201


def _wrong(validator: Validator, report: dict[str, Any]) -> list[dict[str, object]]:
    errors = sorted(validator.iter_errors(report), key=lambda error: list(map(str, error.absolute_path)))
    return [{"loc": list(error.absolute_path), "msg": error.message[:300]} for error in errors[:20]]


def _misbehave(fault: Fault | None) -> Response | None:
    """Carries the fault out; the answer to give instead, if any."""
    if fault is None:
        return None
    time.sleep(fault.delay)
    if fault.drop is not None:
        _drop()
    if fault.status is None:
        return None
    response = Response(fault.text, fault.status, dict(fault.headers or {}), mimetype="text/plain")
    if fault.retry_after is not None:
        response.headers["Retry-After"] = fault.retry_after
    return response


def _drop() -> None:
    """Ends the connection under the client's request; what the server still writes goes nowhere."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)


@control.get("/reports")
def reports() -> Response:
    """How often each report came, and over how many connections."""
    received = _standin().received
    with received.lock:
        return jsonify(reports=dict(received.copies), connections=len(received.connections), requests=received.requests)


@control.get("/reports/<run>")
def report(run: str) -> Response | tuple[Response, int]:
    """The report as it came last."""
    found = _standin().received.reports.get(run)
    return (jsonify(detail="no such report"), 404) if found is None else jsonify(found)


@control.delete("/reports")
def forget() -> Response:
    """Forgets what it was sent, and the counts."""
    _standin().received.clear()
    return jsonify({})


@control.post("/faults")
def add_fault() -> Response | tuple[Response, int]:
    """Misbehave from now on."""
    try:
        fault = read_fault(request.get_json(silent=True))
    except ValueError as error:
        return jsonify(detail=str(error)), 400
    _standin().plan.add(fault)
    return jsonify({}), 201


@control.delete("/faults")
def clear_faults() -> Response:
    """Behave again."""
    _standin().plan.clear()
    return jsonify({})


def make_server(host: str, port: int, api_key: str | None = None) -> BaseWSGIServer:
    """The server, listening; ``port`` 0 takes a free one. Raises ``ValueError`` for a host that others could reach."""
    from werkzeug.serving import make_server as make_werkzeug_server

    from sequencer.standin.handler import KeepAliveHandler

    if not is_loopback(host):
        raise ValueError("the stand-in is for this machine alone: the host must be 127.0.0.1, ::1 or localhost")

    return make_werkzeug_server(host, port, create_app(api_key), threaded=True, request_handler=KeepAliveHandler)
