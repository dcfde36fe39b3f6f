"""The part of the HTTP interface that shows and controls the present run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from flask import Response, request

from sequencer import __version__
from sequencer.panel import files
from sequencer.panel.actions import WHY
from sequencer.panel.broadcast import GREETING, follow
from sequencer.panel.people import caller
from sequencer.panel.refusals import ActionRefused, ApiError, ResourceNotFound
from sequencer.panel.requests import body, expect, number, optional_text, query
from sequencer.panel.routes import ANYTHING, COUNT, OBJECT, TEXT, TRUE, Parameter, Right, Route, mapping, optional
from sequencer.protocol.request import StartRequest
from sequencer.report.dialog_answer import NOT_GIVEN
from sequencer.report.model import RunReport
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.json_text import compact
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.session import Session
    from sequencer.vocabulary.data import Scalar


MOST_LATE = 5.0
"""Seconds from the press of Start to its arrival."""


def _json(text: str) -> Response:
    return Response(utf8(text), mimetype="application/json")


def state(session: Session) -> Response:
    return _json(_asked_for(session).snapshot().data)


def _asked_for(session: Session) -> Session:
    """What the query means: a slot, or the whole stand."""
    return session.of_slot(request.args.get("slot"))


def events(session: Session) -> Response:
    live = _asked_for(session).live
    last = request.headers.get("Last-Event-ID") or request.args.get("after")
    # The panel's own server takes the connection over; any other one streams as usual.
    hand_over = request.environ.get("hardseq.hand_over")
    if request.method == "HEAD":
        stream: Iterable[bytes] = ()
    elif hand_over is None:
        stream = follow(live, last, stays=caller().stays)
    elif hand_over(live, last, caller().stays):
        stream = iter((GREETING,))
    else:
        raise ApiError(503, "too-many-readers", Reason("too_many_pages"))
    response = Response(stream, mimetype="text/event-stream")
    # Said to whoever stands between: this is not to be kept back.
    response.headers["X-Accel-Buffering"] = "no"
    return response


_START = ("params", "only", "tags", "user", "asked", "why", "slot", "slots")


def _start_demands() -> Right:
    """Chosen cases are not the whole test: that is an engineer's."""
    given = body(*_START)
    return "operator" if given.get("only") is None and given.get("tags") is None else "engineer"


def start(session: Session) -> Mapping[str, object]:
    given = body(*_START)
    _refuse_late(session, given.get("asked"))
    only = given.get("only")
    tags = given.get("tags")
    for name, names in (("only", only), ("tags", tags)):
        if names is not None and not (isinstance(names, list) and all(isinstance(one, str) for one in names)):
            raise ApiError(400, "wrong-type", f"{name} must be a list of strings")
    user = caller().name_or(optional_text(given, "user"))
    wanted = StartRequest(params=_params(given) or {}, only=only, tags=tags, user=user)
    slot = optional_text(given, "slot")
    if given.get("slots") is not None:
        return _started(session.start_slots({name: replace(wanted, params=own) for name, own in _by_slot(given)}))
    if slot is None and session.stand_slots:
        return _started(session.start_filled(user))
    return {"run": session.of_slot(slot).start(wanted)}


def _params(given: Mapping[str, object]) -> dict[str, Scalar] | None:
    params = given.get("params")
    return None if params is None else expect(params, dict, "params must be an object")


def _by_slot(given: Mapping[str, object]) -> Iterator[tuple[str, dict[str, Scalar]]]:
    slots = expect(given["slots"], dict, "slots must be an object")
    if not slots:
        raise ApiError(400, "wrong-type", "slots must name a slot")
    for name, own in slots.items():
        own = expect(own, dict, "each of slots must be an object")
        if unknown := [key for key in own if key != "params"]:
            raise ApiError(400, "unknown-key", f"unknown key {unknown[0][:80]!r} of a slot; there is params")
        yield name, {**(_params(given) or {}), **(_params(own) or {})}


def _started(begun: tuple[str, Mapping[str, str | ApiError]]) -> Mapping[str, object]:
    start, runs = begun
    return {
        "start": start,
        "slots": {name: {"run": run} if isinstance(run, str) else run.document() for name, run in runs.items()},
    }


def fill_slot(session: Session, slot: str) -> Mapping[str, object]:
    given = body("params", "user", "asked")
    _refuse_late(session, given.get("asked"))
    return {"run": session.fill(slot, _params(given), caller().name_or(optional_text(given, "user")))}


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
    given = body("reason", "slot")
    reason = optional_text(given, "reason")
    session.of_slot(optional_text(given, "slot")).stop(reason or Reason("operator_stopped"))
    return {"stopping": True}


def retry_after_run(session: Session, run: str) -> Mapping[str, object]:
    body()
    return {"run": session.try_again(run)}


def answer_dialog(session: Session, dialog: str) -> Mapping[str, object]:
    given = body("result", "value", "by", "slot")
    result = expect(given.get("result"), str, "result must be a string: confirm, pass, fail or close")
    session.of_slot(optional_text(given, "slot")).answer(dialog, result, given.get("value", NOT_GIVEN), _who(given))
    return {"accepted": True}


def confirm_message(session: Session, message: str) -> Mapping[str, object]:
    given = body("by", "slot")
    session.of_slot(optional_text(given, "slot")).confirm(message, _who(given))
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

    found = _asked_for(session).live.look(read)
    if found is None:
        raise ResourceNotFound(Reason("no_such_chart"))
    return _json(found)


def frame(session: Session, identity: str) -> Response:
    page = query("page", int, -1)
    return _asked_for(session).live.look(lambda report, _: files.frame(report, identity, page))


def picture(session: Session, name: str) -> Response:
    return files.picture(session.folder, name)


def healthz(session: Session) -> Mapping[str, object]:
    return {"ok": True, "version": __version__, "state": session.state}


_SESSION_STATE: Mapping[str, object] = {
    "enum": ["loading", "ready", "starting", "running", "stopping", "saving", "retrying", "blocked", "over", "watching"]
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
_NUMBER_OR_NULL: Mapping[str, object] = {"type": ["number", "null"]}
_TEXT_OR_NULL: Mapping[str, object] = {"type": ["string", "null"]}
_SLOT_STATE = optional(
    "name",
    "number",
    "count",
    "filled",
    name=TEXT,
    number={"type": "integer", "minimum": 1},
    count={"type": "integer", "minimum": 1},
    title=_TEXT_OR_NULL,
    code={"type": ["string", "null"], "description": "Once it is scanned, the next scan goes to this slot."},
    filled={
        "type": ["object", "null"],
        "description": "What was scanned from the product that waits here for its start: params, serial_number.",
    },
    state=_SESSION_STATE,
    problem={"type": ["object", "null"], "description": "Why nothing can be started here."},
    run={"type": ["string", "null"], "description": "The id of the run on display."},
    status={"type": "string", "description": "The status of that run; ready before it."},
    untested=_TEXT_OR_NULL,
    serial_number=_TEXT_OR_NULL,
    case={"type": ["string", "null"], "description": "The name of the case that runs."},
    progress={"type": ["number", "null"], "description": "From 0 to 1, by cases, while it runs."},
    start_time=_NUMBER_OR_NULL,
    stop_time=_NUMBER_OR_NULL,
    expected_stop={"type": ["number", "null"], "description": "When the run is expected to be over, Unix seconds."},
    dialogs={"type": "array", "description": "The dialogs that wait for an answer."},
    messages={"type": "array", "description": "The operator messages that are shown."},
)
_STATE_OF_STAND: Mapping[str, object] = {
    **_STATE,
    "properties": {**_STATE["properties"], "slots": {"type": "object", "additionalProperties": _SLOT_STATE}},
}
_OF_SLOT = Parameter(name="slot", schema=TEXT, description="The name of the slot that is meant, where there are slots.")
_SLOT: Mapping[str, object] = {
    "type": ["string", "null"],
    "description": "The name of the slot that is meant, where there are slots.",
}
_ACCEPTED = mapping(accepted=TRUE)
_BY: Mapping[str, object] = {"type": ["string", "null"], "maxLength": 100, "description": "Who does it."}

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/state",
        handler=state,
        right="look",
        summary="The live state.",
        query=(_OF_SLOT,),
        answer=_STATE_OF_STAND,
    ),
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
            _OF_SLOT,
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
        logged=("only", "tags", "slot"),
        summary="Starts a run; where there are slots, one of them, those of `slots`, or all that are filled.",
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
            slot=_SLOT,
            slots={
                "type": ["object", "null"],
                "additionalProperties": optional(params={"type": ["object", "null"]}),
                "description": "Slots to start together, by name, with the params of each over those of all.",
            },
        ),
        answer=optional(
            run={"type": "string", "description": "The run's id."},
            start={"type": "string", "description": "The id of the start of several slots."},
            slots={"type": "object", "description": "By slot the run's id, or the error that kept it from beginning."},
        ),
        errors={409: "a run is in progress, or none can be started now", 422: "params or only are not valid"},
    ),
    Route(
        method="POST",
        path="/api/slots/<slot>",
        handler=fill_slot,
        right="operator",
        summary="Says what product is in a slot, or that none is; where slots start each on its own, starts it.",
        body=optional(
            params={
                "type": ["object", "null"],
                "description": "What was scanned from the product, by param; null: the slot is empty.",
            },
            user={"type": ["string", "null"], "maxLength": 200, "description": "Who tests."},
            asked={"type": ["number", "null"], "description": "When it was scanned, as in POST /api/start."},
        ),
        answer=mapping(run={"type": ["string", "null"], "description": "The run's id, where one was started."}),
        errors={
            404: "there is no such slot",
            409: "a run is in progress there, or there are no slots",
            422: "a param is not valid, or the same product is in another slot",
        },
    ),
    Route(
        method="POST",
        path="/api/stop",
        handler=stop,
        right="operator",
        summary="Stops the run, where there are slots one or all; teardown still runs.",
        body=optional(reason={"type": ["string", "null"], "maxLength": 200}, slot=_SLOT),
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
            slot=_SLOT,
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
        body=optional(by=_BY, slot=_SLOT),
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
            _OF_SLOT,
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
        query=(
            Parameter(name="page", schema={"type": "integer"}, description="Which page of a multi-step dialog."),
            _OF_SLOT,
        ),
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
