"""The part of the HTTP interface that shows and controls the present run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import Response, request

from sequencer import __version__
from sequencer.panel import files
from sequencer.panel.actions import WHY
from sequencer.panel.broadcast import GREETING, follow
from sequencer.panel.people import caller
from sequencer.panel.requests import (
    ActionRefused,
    ApiError,
    ResourceNotFound,
    body,
    expect,
    number,
    optional_text,
    query,
)
from sequencer.panel.routes import ANYTHING, COUNT, OBJECT, TEXT, TRUE, Parameter, Right, Route, mapping, optional
from sequencer.protocol.request import StartRequest
from sequencer.report.dialog import NOT_GIVEN
from sequencer.report.model import RunReport
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.json_text import compact
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.session import Session


MOST_LATE = 5.0
"""Seconds from the press of Start to its arrival."""


def _json(text: str) -> Response:
    return Response(utf8(text), mimetype="application/json")


def state(session: Session) -> Response:
    return _json(session.live.snapshot().data)


def events(session: Session) -> Response:
    last = request.headers.get("Last-Event-ID") or request.args.get("after")
    # The panel's own server takes the connection over; any other one streams as usual.
    hand_over = request.environ.get("hardseq.hand_over")
    if request.method == "HEAD":
        stream: Iterable[bytes] = ()
    elif hand_over is None:
        stream = follow(session.live, last, stays=caller().stays)
    elif hand_over(last, caller().stays):
        stream = iter((GREETING,))
    else:
        raise ApiError(503, "too-many-readers", Reason("too_many_pages"))
    response = Response(stream, mimetype="text/event-stream")
    # Said to whoever stands between: this is not to be kept back.
    response.headers["X-Accel-Buffering"] = "no"
    return response


_START = ("params", "only", "tags", "user", "asked", "why")


def _start_demands() -> Right:
    """Chosen cases are not the whole test: that is an engineer's."""
    given = body(*_START)
    return "operator" if given.get("only") is None and given.get("tags") is None else "engineer"


def start(session: Session) -> Mapping[str, object]:
    given = body(*_START)
    _refuse_late(session, given.get("asked"))
    params = {} if given.get("params") is None else expect(given["params"], dict, "params must be an object")
    only = given.get("only")
    tags = given.get("tags")
    for name, names in (("only", only), ("tags", tags)):
        if names is not None and not (isinstance(names, list) and all(isinstance(one, str) for one in names)):
            raise ApiError(400, "wrong-type", f"{name} must be a list of strings")
    request = StartRequest(params=params, only=only, tags=tags, user=caller().name_or(optional_text(given, "user")))
    return {"run": session.start(request)}


def _refuse_late(session: Session, asked: object) -> None:
    """A Start that lay in a dead network or a frozen panel must not run when nobody expects it any more; one of the
    future could lie there forever."""
    if asked is None:
        return
    late = session.live.clock.now() - number(asked, "asked must be a number")
    if abs(late) > MOST_LATE:
        seconds = round(abs(late))
        when = Reason("start_late", seconds=seconds) if late > 0 else Reason("start_early", seconds=seconds)
        raise ActionRefused("too-late", when)


def stop(session: Session) -> Mapping[str, object]:
    reason = optional_text(body("reason"), "reason")
    session.stop(reason or Reason("operator_stopped"))
    return {"stopping": True}


def retry_after_run(session: Session, run: str) -> Mapping[str, object]:
    body()
    return {"run": session.try_again(run)}


def answer_dialog(session: Session, dialog: str) -> Mapping[str, object]:
    given = body("result", "value", "by")
    result = expect(given.get("result"), str, "result must be a string: confirm, pass, fail or close")
    session.answer(dialog, result, given.get("value", NOT_GIVEN), _who(given))
    return {"accepted": True}


def confirm_message(session: Session, message: str) -> Mapping[str, object]:
    session.confirm(message, _who(body("by")))
    return {"accepted": True}


def _who(given: Mapping[str, object]) -> str:
    name = caller().name_or(optional_text(given, "by", 100))
    return f"{name} ({request.remote_addr})" if name else f"panel ({request.remote_addr})"


def choose(session: Session) -> Mapping[str, object]:
    name = expect(body("name").get("name"), str, "name must be a string")
    session.choose(name)
    return {"choice": name}


def fill_form(session: Session) -> Mapping[str, object]:
    given = body("sequence", "values")
    sequence = expect(given.get("sequence"), str, "sequence must be a string")
    form = session.fill_form(sequence, expect(given.get("values"), dict, "values must be an object"))
    return {"accepted": True, "form": asdict(form)}


def chart(session: Session) -> Response:
    name = request.args.get("case") or ""
    attempt = query("attempt", int, 1)
    index = query("index", int, 0)

    def read(report: RunReport, _: Mapping[str, object]) -> str | None:
        for module in report["modules"]:
            for case in module["cases"]:
                if f"{module['id']}::{case['id']}" != name:
                    continue
                for tried in case["attempts"]:
                    if tried["number"] == attempt and 0 <= index < len(tried["charts"]):
                        return compact(tried["charts"][index])
        return None

    found = session.live.look(read)
    if found is None:
        raise ResourceNotFound(Reason("no_such_chart"))
    return _json(found)


def frame(session: Session, identity: str) -> Response:
    page = query("page", int, -1)
    return session.live.look(lambda report, _: files.frame(report, identity, page))


def picture(session: Session, name: str) -> Response:
    return files.picture(session.folder, name)


def healthz(session: Session) -> Mapping[str, object]:
    return {"ok": True, "version": __version__, "state": session.state}


_SESSION_STATE: Mapping[str, object] = {
    "enum": ["loading", "ready", "starting", "running", "stopping", "saving", "retrying", "blocked", "over"]
}
_FORM = mapping(values=OBJECT, lost=OBJECT, revision=COUNT)
_STATE = mapping(
    id={"type": "string", "description": "The value for Last-Event-ID."},
    now={"type": "number", "description": "The server's time in Unix seconds."},
    session={
        "type": "object",
        "required": [
            "state",
            "title",
            "stand",
            "settings",
            "can_start",
            "choices",
            "choice",
            "params",
            "form",
            "storage",
        ],
        "properties": {"state": _SESSION_STATE, "form": _FORM},
        "description": "What the panel does, what it offers, and where reports go.",
    },
    run={"$ref": "#/components/schemas/LiveRun"},
)
_ACCEPTED = mapping(accepted=TRUE)
_BY: Mapping[str, object] = {"type": ["string", "null"], "maxLength": 100, "description": "Who does it."}

ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/api/state", handler=state, right="look", summary="The live state.", answer=_STATE),
    Route(
        method="GET",
        path="/api/events",
        handler=events,
        right="look",
        summary="The live state as server-sent events: snapshot, then patch for each change. Last-Event-ID resumes.",
        query=(
            Parameter(
                name="after",
                schema=TEXT,
                description="The same as Last-Event-ID, for clients that cannot send that header.",
            ),
        ),
        answer=TEXT,
        media_type="text/event-stream",
        errors={503: "too many readers"},
    ),
    Route(
        method="POST",
        path="/api/start",
        handler=start,
        right="operator",
        demands=_start_demands,
        logged=("only", "tags"),
        summary="Starts a run.",
        body=optional(
            params={"type": ["object", "null"], "description": "The sequence's params by name."},
            only={
                "type": ["array", "null"],
                "items": TEXT,
                "minItems": 1,
                "description": "Cases to run: module::case, or a module.",
            },
            tags={
                "type": ["array", "null"],
                "items": TEXT,
                "minItems": 1,
                "description": "Cases with one of these tags.",
            },
            user={"type": ["string", "null"], "maxLength": 200, "description": "Who tests."},
            asked={
                "type": ["number", "null"],
                "description": "When Start was pressed, by the state's `now`; refused when that is more than 5 s away.",
            },
            why=WHY,
        ),
        answer=mapping(run={"type": "string", "description": "The run's id."}),
        errors={409: "a run is in progress, or none can be started now", 422: "params or only are not valid"},
    ),
    Route(
        method="POST",
        path="/api/stop",
        handler=stop,
        right="operator",
        summary="Stops the run; teardown still runs.",
        body=optional(reason={"type": ["string", "null"], "maxLength": 200}),
        answer=mapping(stopping=TRUE),
        errors={409: "no run is in progress"},
    ),
    Route(
        method="POST",
        path="/api/runs/<run>/retry-after-run",
        handler=retry_after_run,
        right="operator",
        summary="Tries again what is left to do after a stored run; the verdict stays. Responds once that has begun.",
        body=mapping(),
        answer=mapping(run={"type": "string", "description": "The run's id."}),
        errors={
            404: "there is no such run",
            409: "a run is in progress, nothing is left to do, or the sequence was changed since then",
            503: "the store cannot be reached",
        },
    ),
    Route(
        method="POST",
        path="/api/dialogs/<dialog>",
        handler=answer_dialog,
        right="operator",
        summary="Answers a dialog; the first answer counts. The result close stops the run.",
        body=optional(
            "result",
            result={"enum": ["confirm", "pass", "fail", "close"]},
            value={"description": "What the dialog asks for; of a form, an object by field name."},
            by=_BY,
        ),
        answer=_ACCEPTED,
        errors={
            404: "there is no such dialog",
            409: "it was already answered or withdrawn",
            422: "the answer is not allowed",
        },
    ),
    Route(
        method="POST",
        path="/api/messages/<message>",
        handler=confirm_message,
        right="operator",
        summary="Confirms an operator message: takes it away, and lets the run go on when it waits for that.",
        body=optional(by=_BY),
        answer=_ACCEPTED,
        errors={404: "there is no such message"},
    ),
    Route(
        method="POST",
        path="/api/choice",
        handler=choose,
        right="operator",
        summary="Chooses one of the sequences that the configuration offers.",
        body=mapping(name=TEXT),
        answer=mapping(choice=TEXT),
        errors={404: "there is no such choice", 409: "a run is in progress"},
    ),
    Route(
        method="POST",
        path="/api/form",
        handler=fill_form,
        right="operator",
        summary="Keeps values of the start form for a batch. Programs that start runs are not concerned.",
        body=mapping(
            sequence={"type": "string", "description": "The chosen sequence, as in the state's `choice`."},
            values={"type": "object", "description": "Values by name of the param; null: its default."},
        ),
        answer=mapping(accepted=TRUE, form=_FORM),
        errors={409: "another sequence is chosen, or it is being loaded", 422: "a value is not allowed"},
    ),
    Route(
        method="GET",
        path="/api/chart",
        handler=chart,
        right="look",
        summary="The data of a chart of the present run.",
        query=(
            Parameter(name="case", schema=TEXT, description="module::case"),
            Parameter(
                name="attempt",
                schema={"type": "integer", "minimum": 1},
                description="The attempt's number; default: 1.",
            ),
            Parameter(name="index", schema=COUNT, description="Which of its charts, from 0."),
        ),
        answer=OBJECT,
        errors={404: "there is no such chart"},
    ),
    Route(
        method="GET",
        path="/api/frames/<identity>",
        handler=frame,
        right="look",
        summary="The HTML of a dialog or operator message, for a sandboxed frame.",
        query=(Parameter(name="page", schema={"type": "integer"}, description="Which page of a multi-step dialog."),),
        answer=TEXT,
        media_type="text/html",
        errors={404: "there is no such HTML"},
    ),
    Route(
        method="GET",
        path="/api/pictures/<path:name>",
        handler=picture,
        right="look",
        summary="A picture from the project folder.",
        answer=ANYTHING,
        media_type="image/*",
        errors={404: "there is no such picture"},
    ),
    Route(
        method="GET",
        path="/healthz",
        handler=healthz,
        right="anyone",
        summary="Whether the panel is running.",
        answer=mapping(ok=TRUE, version=TEXT, state=_SESSION_STATE),
    ),
)
