"""The HTTP interface's description against its answers: every call is made, and answers as it is described."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from sequencer.figures import service
from tests.effort import examples
from tests.panel.conftest import Answer

ASKING = """
name: Asking
drivers: {bench: bench.Bench}
modules:
  main:
    name: Main
    cases:
      rail:
        name: Rail
        steps:
          - record: {dut: {serial_number: SN1, part_number: PB-7}}
          - measure: Output
            call: bench.voltage
            unit: V
            limits: [4.8, 5.2]
          - chart: {title: Sweep, series: [{name: a, x: [1, 2], y: [1, 4]}]}
          - attach: notes.txt
      ask:
        name: Ask
        steps:
          - dialog: {type: number, title: Turns, html: "<b>Count</b>", min: 1}
            save: turns
          - measure: Turns
            value: ${{ turns }}
      told:
        name: Told
        steps:
          - operator_message: {text: Close the lid, blocking: true}
"""


class Contract:
    """A panel whose every answer must be as its description says."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.document = panel.ask("GET", "/api/openapi.json").json
        self.registry = Registry().with_resource("urn:api", Resource.from_contents(self.document, DRAFT202012))
        self.called: set[tuple[str, str]] = set()

    def ask(self, method: str, path: str, body: Any = None, **how: Any) -> Answer:
        """Calls, and holds request and answer against the description."""
        answer: Answer = self.panel.ask(method, path, body, **how)
        template = self._template(method, path.partition("?")[0])
        operation = self.document["paths"][template][method.lower()]
        self.called.add((method, template))
        place = f"paths/{template.replace('~', '~0').replace('/', '~1')}/{method.lower()}"
        if "requestBody" in operation:
            self._hold(answer, f"{place}/requestBody/content/application~1json/schema", operation["requestBody"], body)
        elif not self._is_asked_as_described(operation, path):
            assert answer.status == 400, "what the description forbids is accepted"
        status = str(answer.status) if str(answer.status) in operation["responses"] else "default"
        media_type = answer.headers["Content-Type"].partition(";")[0]
        described = operation["responses"][status]["content"]
        kind = media_type if media_type in described else f"{media_type.partition('/')[0]}/*"
        assert kind in described, (path, media_type)
        if media_type == "application/json":
            kind = kind.replace("/", "~1")
            self._validate(f"{place}/responses/{status}/content/{kind}/schema", answer.json)
        return answer

    def _hold(self, answer: Answer, place: str, described: Any, body: Any) -> None:
        """What is accepted fits the description of the body, and what does not fit it is refused."""
        if body in (None, b""):
            assert answer.status != 200 or not described["required"]
        elif isinstance(body, dict) and not self._fits(place, body):
            assert answer.status in (400, 422), "what the description forbids is accepted"

    def _is_asked_as_described(self, operation: Any, path: str) -> bool:
        asked = dict(parse_qsl(path.partition("?")[2], keep_blank_values=True))
        known = {each["name"]: each for each in operation["parameters"] if each["in"] == "query"}
        there = all(name in asked for name, each in known.items() if each.get("required"))
        return there and all(name in known and _fits_schema(known[name]["schema"], asked[name]) for name in asked)

    def check(self, name: str, value: Any) -> None:
        """Holds ``value`` against one of the description's components."""
        self._validate(f"components/schemas/{name}", value)

    def _template(self, method: str, path: str) -> str:
        fitting = [
            template
            for template, methods in self.document["paths"].items()
            if method.lower() in methods
            and re.fullmatch(re.sub(r"\{name\}", ".+", re.sub(r"\{(?!name\})\w+\}", "[^/]+", template)), path)
        ]
        assert len(fitting) == 1, (path, fitting)
        return fitting[0]

    def _validate(self, pointer: str, value: Any) -> None:
        schema = {"$ref": f"urn:api#/{quote(pointer, safe='/~*')}"}
        Draft202012Validator(schema, registry=self.registry).validate(value)

    def _fits(self, pointer: str, value: Any) -> bool:
        schema = {"$ref": f"urn:api#/{quote(pointer, safe='/~*')}"}
        valid: bool = Draft202012Validator(schema, registry=self.registry).is_valid(value)
        return valid


def _fits_schema(schema: Any, written: str) -> bool:
    """Whether a text in a query is a value that the schema takes, of which there may be several for an array."""
    schema = schema.get("items", schema)
    value: Any = written
    if schema.get("type") in ("integer", "number"):
        try:
            value = json.loads(written)
        except ValueError:
            return False
    return bool(Draft202012Validator(schema).is_valid(value))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions wait for the newest run: a machine that is busy is slow, not wrong."""
    monkeypatch.setattr(service, "PATIENCE", 60.0)


@pytest.fixture(scope="module")
def contract(shared_stand: Any) -> Contract:
    """A panel whose sequence asks, tells, measures, draws and attaches."""
    shared_stand.write("images/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    shared_stand.write("notes.txt", "what was seen")
    shared_stand.sequence("asking", ASKING)
    panel = shared_stand.open()
    panel.wait_for("ready")
    return Contract(panel)


@pytest.mark.slow
def test_the_description_is_valid_openapi(contract: Contract) -> None:
    """A validator of OpenAPI 3.1 takes it, as every generator of clients would."""
    pytest.importorskip("openapi_spec_validator").validate(contract.document)
    assert contract.document["openapi"] == "3.1.0"


@pytest.mark.slow
def test_every_call_answers_as_described(contract: Contract) -> None:
    """A whole run over HTTP: each request, answer and error has the form that the description gives it."""
    ask = contract.ask
    ask("GET", "/healthz")
    ask("GET", "/api/state")
    ask("POST", "/api/choice", {"name": "asking"})
    contract.panel.wait_for("ready")
    assert ask("POST", "/api/form", {"sequence": "asking", "values": {}}).status == 200
    assert ask("POST", "/api/form", {"sequence": "asking", "values": {"none": 1}}).status == 422
    run = ask("POST", "/api/start", {"params": {}, "user": "Ann", "only": None, "tags": None}).json["run"]
    dialog = _asked(contract, "dialogs")
    assert ask("POST", "/api/start", {}).status == 409
    assert ask("GET", f"/api/frames/{quote(dialog, safe='')}").body.endswith(b"<b>Count</b>")
    assert ask("GET", "/api/chart?case=main::rail&index=0").json["title"] == "Sweep"
    refused = ask("POST", f"/api/dialogs/{quote(dialog, safe='')}", {"result": "confirm", "value": 0})
    assert refused.status == 422
    assert refused.json["error"]["fields"] == [
        {
            "field": "value",
            "code": "min",
            "message": "the answer must be at least 1",
            "limit": 1,
            "coded_reason": {"code": "min", "parameters": {"limit": 1}},
        }
    ]
    ask("POST", f"/api/dialogs/{quote(dialog, safe='')}", {"result": "confirm", "value": 12, "by": "Ann"})
    message = _asked(contract, "messages")
    assert ask("POST", f"/api/messages/{quote(message, safe='')}", {"by": None}).status == 200
    contract.panel.wait_for("ready")
    assert ask("POST", "/api/stop", {}).status == 409
    ask("GET", "/api/state")
    nothing = ask("POST", f"/api/runs/{run}/retry-after-run", {})
    assert (nothing.status, nothing.json["error"]["code"]) == (409, "nothing-left")
    contract.panel.wait_for("ready")
    _stored(contract, run)
    ask("GET", "/api/pictures/images/a.svg")
    assert ask("GET", "/api/outbox").json["targets"] == []
    assert ask("POST", f"/api/runs/{run}/notes", {"comment": "odd", "disposition": None, "user": "Ann"}).status == 200
    assert ask("POST", f"/api/runs/{run}/notes", {"disposition": "waived"}).status == 422
    assert ask("GET", "/api/runs").json["runs"][0]["notes"][0]["user"] == "Ann"
    assert ask("GET", f"/api/runs/{run}").json["notes"][0]["comment"] == "odd"
    assert ask("GET", "/api/starts/none").json["error"]["message"] == "there is no run that was started with this id"
    assert ask("POST", "/api/slots/left", {"params": {}}).json["error"]["code"] == "no-slots"
    assert ask("POST", "/api/sync").status == 200
    assert ask("GET", "/api/stands").json == {"stands": []}
    assert ask("GET", "/api/alarms").json == {"alarms": []}
    assert ask("POST", "/api/alarms/none/acknowledge", {}).status == 404
    assert [one["action"] for one in ask("GET", "/api/log").json["actions"]] == [
        "acknowledge_alarm",
        "sync",
        "add_note",
    ]
    _by_hand(contract)
    _counted(contract)
    assert ask("GET", "/api/user").json == ask("POST", "/api/user/active", {}).json
    everything = {(method.upper(), path) for path, methods in contract.document["paths"].items() for method in methods}
    # The stream has no end that this could wait for; it has tests of its own.
    assert everything - contract.called == {("GET", "/api/events")}


def _by_hand(contract: Contract) -> None:
    """The instruments, called by hand."""
    ask = contract.ask
    (bench,) = ask("GET", "/api/instruments").json["instruments"]
    assert (bench["name"], bench["open"], bench["members"][0]["arguments"][0]["name"]) == ("bench", False, "volts")
    assert ask("POST", "/api/instruments/bench/open", {}).json == {"opened": True}
    call = {"member": "voltage", "given": {"volts": "4.5"}}
    assert ask("POST", "/api/instruments/bench/call", call).json["value"] == 4.5
    assert ask("POST", "/api/instruments/bench/watch", call).json == {"watched": True}
    assert ask("GET", "/api/instruments").json["watched"]["value"] == 4.5
    assert ask("POST", "/api/instruments/bench/call", {"member": "nothing", "given": {}}).status == 422
    assert ask("POST", "/api/instruments/bench/call", {"member": "voltage", "given": {"volts": 1}}).status == 400
    assert ask("POST", "/api/instruments/bench/close", {}).json == {"closed": True}


VALUES = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "10001", "1e400", "1_0", " 1", "\u0661", "nan", "json", "csv", "passed", "x"]),
    st.floats().map(str),
    st.integers().map(str),
    st.text(max_size=5),
)


@given(data=st.data())
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_query_is_accepted_or_refused_as_described(contract: Contract, data: st.DataObject) -> None:
    """What is answered with 200 is what the description allows, and every answer has the form that it gives."""
    figures = [
        path for path in contract.document["paths"] if path.startswith("/api/figures/") and "rebuild" not in path
    ]
    paths = (*figures, "/api/runs", "/api/statistics", "/api/series", "/api/series/names", "/api/chart", "/api/unit")
    path = data.draw(st.sampled_from(paths))
    known = [each["name"] for each in contract.document["paths"][path]["get"]["parameters"]]
    asked = data.draw(st.dictionaries(st.sampled_from([*known, "unknown"]), VALUES, max_size=4))
    answer = contract.ask("GET", f"{path}?{urlencode(asked)}")
    assert answer.status in (200, 400, 404)


def _asked(contract: Contract, what: str) -> str:
    """Waits for the dialog or message, and holds the state meanwhile against the description."""
    while True:
        run = contract.ask("GET", "/api/state").json["run"]
        attempts = [attempt for case in run["modules"][0]["cases"] for attempt in case["attempts"]]
        found = run["messages"] if what == "messages" else [one for tried in attempts for one in tried["dialogs"]]
        if found:
            return str(found[-1]["id"])


ONE = "case=main::rail&measurement=Output"


PARQUET = "/api/figures/parquet"


def _counted(contract: Contract) -> None:
    """The figures of what ran: each question has rows, and the state says that there is no more."""
    ask = contract.ask
    for name, rows, more in (
        ("yield", 1, "by=stand&span=day"),
        ("overview", 1, ""),
        ("failures", 0, ""),
        ("new-failures", 0, "since=0"),
        ("capability", 2, "batch="),
        ("time", 3, ""),
        ("measurements", 2, ""),
        ("cases", 3, ""),
        *((name, 1, ONE) for name in ("histogram", "values", "limits", "box", "control")),
        ("scatter", 0, ONE),
        ("correlations", 0, ONE),
        ("unit", 1, "serial_number=SN1"),
        ("unit-history", 1, "serial_number=SN1"),
    ):
        found = ask("GET", f"/api/figures/{name}?{more}").json
        assert (len(found["rows"]), found["runs"], found["left_out"], found["left"]) == (rows, 1, 0, 0)
    assert {row["name"] for row in ask("GET", "/api/figures/choices").json["rows"]} >= {"sequence", "part_number"}
    assert ask("GET", "/api/figures/yield?version=none").json["runs"] == 0
    found = ask("GET", "/api/figures/runs?text=sn1&status=passed").json
    assert ([row["serial_number"] for row in found["rows"]], found["totals"]["runs"], found["next"]) == (
        ["SN1"],
        1,
        None,
    )
    beside = ask("GET", f"/api/figures/runs/neighbours?run={found['rows'][0]['id']}&text=sn1").json
    assert beside == {"newer": None, "older": None}
    assert ask("GET", "/api/figures/runs/neighbours?run=none").status == 404
    for form in ("csv", "json", "xlsx", "parquet"):
        assert ask("GET", f"/api/figures/runs?format={form}").status == 200
    named = [{name: file[name] for name in ("table", "month", "name")} for file in ask("GET", PARQUET).json["files"]]
    assert {file["table"] for file in named} == {"cases", "measurements", "failures", "units", "runs"}
    assert ask("GET", f"{PARQUET}/file?{urlencode(named[0])}").body.startswith(b"PAR1")
    assert ask("POST", "/api/figures/rebuild", {}).json == {"started": True}
    assert ask("GET", "/api/figures/yield").json["runs"] == 1
    state = ask("GET", "/api/figures/state").json
    assert (state["runs"], state["left"], state["rebuilding"], state["problem"]) == (1, 0, False, None)


def _stored(contract: Contract, run: str) -> None:
    ask = contract.ask
    assert [found["id"] for found in ask("GET", "/api/runs?status=passed&limit=1").json["runs"]] == [run]
    report = ask("GET", f"/api/runs/{run}").json
    contract.check("Report", report)
    contract.check("Report", ask("GET", "/api/runs/latest?format=json").json)
    assert ask("GET", f"/api/runs/{run}/neighbours?status=passed").json == {"newer": None, "older": None}
    assert ask("GET", "/api/runs/nonsense/neighbours").status == 404
    assert ask("POST", f"/api/runs/{run}/label", {}).json["error"]["code"] == "label"
    assert ask("GET", f"/api/runs/{run}/sheet").body.startswith(b"<!doctype html>")
    offered = ask("GET", "/api/exports").json
    assert offered["unusable"] == []
    for form in (export["name"] for export in offered["exports"]):
        assert ask("GET", f"/api/runs/{run}?format={form}").headers["Content-Disposition"].startswith("attachment; ")
    (attached,) = report["modules"][0]["cases"][0]["attempts"][0]["attachments"]
    for name in (run, "latest"):
        assert ask("GET", f"/api/runs/{name}/attachments/{attached['sha256']}").body == b"what was seen"
    for path in ("/api/statistics", "/api/series?case=main::rail&measurement=Output", "/api/runs"):
        assert ask("GET", path).status == 200
        table = ask("GET", f"{path}{'&' if '?' in path else '?'}format=csv")
        assert table.headers["Content-Type"].startswith("text/csv")
    added = ask("GET", "/api/unit/additions?serial_number=SN1").json
    assert (added["notes"], added["disposition"], added["more"]) == ([], None, False)
    assert [(file["run"], file["sha256"]) for file in added["attachments"]] == [(run, attached["sha256"])]
    unit = f"/api/unit?{urlencode({'serial_number': 'SN1', 'sequence': 'Asking', 'part_number': 'PB-7'})}"
    known = ask("GET", unit).json
    assert (known["latest"]["id"], known["judged"], known["runs"]) == (run, known["latest"], 1)
    assert (known["more"], known["complete"]) == (False, True)
    nothing = {"latest": None, "judged": None, "runs": 0, "disposition": None, "more": False, "complete": True}
    assert ask("GET", f"{unit}&without={run}").json == nothing
    for other in ("serial_number=SN&sequence=Asking", "serial_number=SN1&sequence=Board", f"{unit[10:]}9"):
        assert ask("GET", f"/api/unit?{other}").json == nothing
    assert [found["measurement"] for found in ask("GET", "/api/series/names").json["series"]] == ["Turns", "Output"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/runs?limit=0", None, 400),
        ("GET", "/api/runs?serial=SN1", None, 400),
        ("GET", "/api/runs?status=great", None, 400),
        ("GET", "/api/runs?format=xml", None, 400),
        ("GET", "/api/runs?format=", None, 400),
        ("GET", "/api/runs?status=", None, 400),
        ("GET", "/api/runs?since=", None, 400),
        ("GET", "/api/runs?limit=1_0", None, 400),
        ("GET", "/api/runs?limit=501&format=json", None, 400),
        ("GET", "/api/series?case=a::b&measurement=c&limit=10001&format=json", None, 400),
        ("GET", "/api/series?case=a::b", None, 400),
        ("GET", "/api/series?case=&measurement=", None, 200),
        ("GET", "/api/chart?attempt=0", None, 400),
        ("GET", "/api/statistics?until=1e400", None, 400),
        ("POST", "/api/start", {"only": []}, 422),
        ("POST", "/api/start", {"tags": []}, 422),
        ("POST", "/api/dialogs/none", b"", 400),
        ("POST", "/api/choice", b"", 400),
        ("POST", "/api/form", {"sequence": "asking", "values": []}, 400),
        ("GET", "/api/runs/none", None, 404),
        ("GET", "/api/runs/none/attachments/none", None, 404),
        ("GET", "/api/series?limit=x", None, 400),
        ("GET", "/api/statistics?since=x", None, 400),
        ("GET", "/api/unit?serial_number=SN1", None, 400),
        ("GET", "/api/unit?sequence=Asking", None, 400),
        ("GET", "/api/figures/yield?by=stand&by=slot&span=day", None, 200),
        ("GET", "/api/figures/yield?by=stand&by=nothing", None, 400),
        ("GET", "/api/figures/yield?stand=A&stand=B", None, 400),
        ("GET", "/api/figures/failures?by=case&by=measurement", None, 400),
        ("GET", "/api/figures/unit", None, 400),
        ("GET", "/api/chart", None, 404),
        ("GET", "/api/frames/none", None, 404),
        ("GET", "/api/pictures/none.png", None, 404),
        ("POST", "/api/start", {"params": {"none": 1}}, 422),
        ("POST", "/api/start", {"nothing": 1}, 400),
        ("POST", "/api/start", b"x" * 300_000, 413),
        ("POST", "/api/stop", {}, 409),
        ("POST", "/api/stop", {"slot": "left"}, 404),
        ("GET", "/api/state?slot=left", None, 404),
        ("POST", "/api/start", {"slot": "left"}, 404),
        ("POST", "/api/start", {"slots": {}}, 400),
        ("POST", "/api/start", {"slots": {"left": {}}}, 409),
        ("POST", "/api/start", {"slots": {"left": {"serial": 1}}}, 400),
        ("POST", "/api/dialogs/none", {"result": "confirm"}, 404),
        ("POST", "/api/messages/none", {}, 404),
        ("POST", "/api/choice", {"name": "none"}, 404),
        ("POST", "/api/runs/none/retry-after-run", {}, 404),
    ],
)
def test_every_error_is_as_described(contract: Contract, method: str, path: str, body: Any, status: int) -> None:
    """Errors have the described statuses and the one form, whoever finds them."""
    assert contract.ask(method, path, body).status == status
