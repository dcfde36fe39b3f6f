"""A stand with slots over HTTP: each run is a run like any other, and what they have in common is there once."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import click
import pytest
from click.testing import CliRunner

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli import start, status, stop
from sequencer.panel.bench import PreparedSequence
from sequencer.panel.refusals import ActionRefused
from sequencer.panel.shared_bench import SharedBench
from sequencer.panel.slots_session import OneSlotSession, SlotsSession
from sequencer.project.project_folder import open_project
from sequencer.protocol.request import StartRequest
from sequencer.report.model import RunReport
from sequencer.vocabulary.reason import Reason
from tests.panel.sequences import SIMPLE, SLOTS
from tests.panel.test_http_contract import Contract


def nests(*names: str, start: str = "together", more: str = "") -> str:
    """A configuration with these slots; each has a code."""
    tables = "".join(f'[slots.{name}]\ncode = "NEST-{name}"\n' for name in names)
    return f'[slots]\nstart = "{start}"\n{tables}{more}'


def opened(stand: Any, *names: str, start: str = "together", sequence: str = SLOTS, more: str = "") -> Any:
    """A panel whose slots are all ready."""
    stand.sequence("nests", sequence)
    stand.configure(nests(*names, start=start, more=more))
    panel = stand.open()
    ready(panel)
    return panel


def ready(panel: Any, *names: str) -> None:
    """Until they are, and pages are told so."""
    until(panel, lambda slots: all(slots[name]["state"] == "ready" for name in names or slots))


def slots_of(panel: Any) -> Any:
    return panel.ask("GET", "/api/state").json["slots"]


def until(panel: Any, true: Callable[[Any], bool]) -> Any:
    """The slots, once something is so of them."""
    panel.wait_until(lambda: true(slots_of(panel)))
    return slots_of(panel)


def fill(panel: Any, slot: str, serial: str | None) -> Any:
    return panel.ask("POST", f"/api/slots/{slot}", {"params": None if serial is None else {"serial": serial}})


def reports(panel: Any, count: int) -> list[RunReport]:
    """All stored reports, by slot."""
    panel.wait_for_runs(count)
    store = panel.report_store.store
    found = [store.get(run.id) for run in store.find().runs]
    return sorted(found, key=lambda report: report["slot"]["name"])


@pytest.mark.slow
def test_filled_slots_start_together_and_each_ends_by_itself(stand: Any) -> None:
    """An empty slot is left out; one of them is stopped, the others go on; the runs share their start."""
    panel = opened(stand, "left", "middle", "right")
    assert [fill(panel, "left", "SN1").status, fill(panel, "right", " SN3 ").status] == [200, 200]
    shown = slots_of(panel)
    assert shown["left"]["filled"] == {"params": {"serial": "SN1"}, "serial_number": "SN1"}
    assert shown["middle"]["filled"] is None
    begun = panel.ask("POST", "/api/start", {}).json
    assert list(begun["slots"]) == ["left", "right"]
    shown = until(panel, lambda slots: all(slots[name]["case"] == "Hold" for name in ("left", "right")))
    assert shown["left"]["filled"] is None
    assert (shown["left"]["serial_number"], shown["left"]["progress"]) == ("SN1", 0.25)
    assert (shown["middle"]["state"], shown["middle"]["run"]) == ("ready", None)
    own = panel.ask("GET", "/api/state?slot=left").json
    assert own["run"]["id"] == begun["slots"]["left"]["run"]
    assert own["session"]["slot"]["name"] == "left"
    assert "slots" not in own
    assert panel.ask("POST", "/api/stop", {"slot": "right"}).status == 200
    until(panel, lambda slots: slots["right"]["status"] == "stopped")
    assert slots_of(panel)["left"]["status"] == "run"
    panel.go()
    left, right = reports(panel, 2)
    assert [left["status"], right["status"]] == ["passed", "stopped"]
    assert left["start"] == right["start"] == {"id": begun["start"], "slots": ["left", "right"]}
    assert [left["slot"], right["slot"]] == [{"name": "left", "number": 1}, {"name": "right", "number": 3}]
    assert (left["params"]["serial"], right["params"]["serial"]) == ("SN1", "SN3")


def test_what_is_wrong_with_one_slot_starts_none(stand: Any) -> None:
    """A missing value, the same product twice, an unknown slot: told with the slot, and nothing runs."""
    panel = opened(stand, "left", "right")

    def refused(body: Any) -> Any:
        answer = panel.ask("POST", "/api/start", body)
        fields = answer.json["error"].get("fields", [])
        return answer.status, answer.json["error"]["code"], [(one["slot"], one["field"], one["code"]) for one in fields]

    one, both = {"params": {"serial": "SN1"}}, {"left": {"params": {"serial": "SN1"}}}
    assert refused({"slots": {**both, "right": {}}}) == (422, "invalid", [("right", "serial", "required")])
    assert refused({"slots": {**both, "right": {"params": {"serial": " SN1 "}}}})[2] == [("right", "slot", "same-unit")]
    assert refused({"slots": {**both, "top": one}})[:2] == (404, "not-found")
    assert refused({}) == (409, "no-slot-filled", [])
    assert fill(panel, "left", "SN1").status == 200
    assert fill(panel, "right", "SN1").json["error"]["fields"][0]["code"] == "same-unit"
    assert fill(panel, "right", "").json["error"]["fields"][0]["code"] == "required"
    assert fill(panel, "top", "SN2").status == 404
    assert fill(panel, "left", None).status == 200
    assert fill(panel, "right", "SN1").status == 200
    assert {slot["state"] for slot in slots_of(panel).values()} == {"ready"}
    assert not panel.report_store.store.find().runs


@pytest.mark.slow
def test_each_slot_starts_as_soon_as_it_is_filled(stand: Any) -> None:
    """While others run; what runs is in no other slot, and a slot that runs takes nothing."""
    panel = opened(stand, "left", "right", start="each")
    assert fill(panel, "left", "SN1").json["run"]
    until(panel, lambda slots: slots["left"]["case"] == "Hold")
    assert fill(panel, "left", "SN9").status == 409
    assert fill(panel, "right", "SN1").json["error"]["fields"][0]["code"] == "same-unit"
    assert fill(panel, "right", "SN2").json["run"]
    until(panel, lambda slots: slots["right"]["case"] == "Hold")
    assert panel.ask("POST", "/api/choice", {"name": "nests"}).status == 409
    assert panel.ask("POST", "/api/stop", {}).status == 200
    left, right = reports(panel, 2)
    assert left["status"] == right["status"] == "stopped"
    assert left["start"]["slots"] == ["left"]
    assert left["start"]["id"] != right["start"]["id"]


def test_values_of_a_batch_are_those_of_all_slots(stand: Any) -> None:
    """They are entered once, also on the page of one slot, and hold for what was filled before."""
    panel = opened(stand, "left", "right")
    fill(panel, "left", "SN1")
    assert panel.ask("POST", "/api/form", {"sequence": "nests", "values": {"lot": "L7"}}).status == 200
    for asked in ("", "?slot=left", "?slot=right"):
        assert panel.ask("GET", f"/api/state{asked}").json["session"]["form"]["values"] == {"lot": "L7"}
    panel.go()
    assert panel.ask("POST", "/api/start", {}).status == 200
    (report,) = reports(panel, 1)
    assert report["params"] == {"serial": "SN1", "lot": "L7"}


ASKING = """
name: Asking
params: {serial: {type: string, required: true}}
modules:
  main:
    name: Main
    cases:
      ask:
        name: Ask
        steps: [{dialog: {type: confirm, title: "Close ${{ slot.name }}", pass_fail: true}}]
"""


@pytest.mark.slow
def test_every_answer_of_a_stand_with_slots_is_as_described(stand: Any) -> None:
    """The state with its slots, the start of several, questions of a slot: each has its form."""
    panel = opened(stand, "left", "right", sequence=ASKING)
    ask = Contract(panel).ask
    ask("GET", "/api/state")
    assert ask("POST", "/api/slots/left", {"params": {"serial": "A"}, "user": "Ann", "asked": None}).status == 200
    assert ask("POST", "/api/slots/left", {"params": {"none": "A"}}).status == 422
    assert ask("POST", "/api/start", {"slots": {"left": {"params": {"serial": "A"}}, "right": {}}}).status == 422
    assert ask("POST", "/api/start", {"slots": {"left": {"x": 1}}}).status == 400
    started = ask("POST", "/api/start", {"slots": {"left": {"params": {"serial": "A"}}}, "params": {"serial": "B"}})
    assert list(started.json["slots"]) == ["left"]
    assert ask("POST", "/api/start", {"slot": "right", "params": {"serial": "B"}}).json["run"]
    shown = until(panel, lambda slots: all(slot["dialogs"] for slot in slots.values()))
    ask("GET", "/api/state")
    ask("GET", "/api/state?slot=left")
    for name, result in (("left", "pass"), ("right", "fail")):
        (asked,) = shown[name]["dialogs"]
        assert asked["dialog"]["title"] == f"Close {name}"
        address = f"/api/dialogs/{asked['id'].replace(':', '%3A')}"
        assert ask("POST", address, {"result": result}).status == 404, "it does not say of which slot"
        assert ask("POST", address, {"result": result, "slot": name}).status == 200
    left, right = reports(panel, 2)
    assert [left["status"], right["status"]] == ["passed", "failed"]


def test_the_stream_of_the_stand_is_small(stand: Any) -> None:
    """It tells of each slot what changed of it, and whoever looks at one slot gets that one's stream."""
    panel = opened(stand, "left", "right")
    live = panel.session.live
    live.followed(+1)
    last = live.snapshot().id
    fill(panel, "left", "SN1")
    panel.ask("POST", "/api/start", {})
    until(panel, lambda slots: slots["left"]["case"] == "Hold")
    changes = live.after(last, 0) or []
    told = [json.loads(change.data) for change in changes]
    assert all(change.kind == "patch" for change in changes)
    assert {name for patch in told for name in patch.get("slots", {})} == {"left"}
    assert not any("cases" in patch for patch in told)
    assert sum(len(change.data) for change in changes) < 4000


PORT = """\
class Port:
    def __init__(self, port):
        self.port = int(port)

    def number(self):
        return self.port
"""


@pytest.mark.slow
def test_a_slot_whose_driver_is_wrong_is_wrong_alone(stand: Any) -> None:
    """It says so at its place, and the others run."""
    stand.write(
        "drivers/port.py", "class Port:\n    def __init__(self, port): int(port)\n    def number(self): return 1\n"
    )
    sequence = SIMPLE.replace("{bench: bench.Bench}", '{bench: bench.Bench, port: {use: port.Port, with: {port: "0"}}}')
    sequence = sequence.replace("value: 12.5", "call: port.number")
    more = '[slots.left.drivers.port]\nport = "1"\n[slots.right.drivers.port]\nport = "x"\n'
    panel = opened(stand, "left", "right", sequence=sequence, more=more)
    panel.ask("POST", "/api/start", {"slots": {"left": {}, "right": {}}})
    left, right = reports(panel, 2)
    assert [left["status"], right["status"]] == ["passed", "error"]


METER = """\
import os


class Meter:
    def process(self):
        return os.getpid()
"""

SHARING = """
name: Sharing
drivers: {meter: {use: meter.Meter, shared: true}}
modules:
  main:
    name: Main
    cases:
      one:
        name: One
        steps:
          - sync: here
          - {measure: Process, call: meter.process}
"""


@pytest.mark.slow
def test_slots_share_a_driver_that_stays_open(stand: Any) -> None:
    """It is opened once, for this start and the next, and goes with the panel."""
    stand.write("drivers/meter.py", METER)
    panel = opened(stand, "left", "right", sequence=SHARING)
    for count in (2, 4):
        assert panel.ask("POST", "/api/start", {}).status == 200
        found = reports(panel, count)
        ready(panel)
    assert {report["status"] for report in found} == {"passed"}
    (process,) = {
        measured["value"]
        for report in found
        for attempt in report["modules"][0]["cases"][0]["attempts"]
        for measured in attempt["measurements"]
    }
    assert _is_alive(int(str(process)))
    panel.close()
    stand.panels.remove(panel)
    assert not _is_alive(int(str(process)))


def test_a_slot_whose_run_could_not_begin_is_not_waited_for(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was ready when it was looked at, and was not any more: the other one goes on alone from where they meet."""
    stand.write("drivers/meter.py", METER)
    panel = opened(stand, "left", "right", sequence=SHARING)
    begin = OneSlotSession.begin

    def refuse(session: OneSlotSession, request: StartRequest) -> str:
        if session.slot.name == "right":
            raise ActionRefused("not-ready", Reason("coming_up"))
        return begin(session, request)

    monkeypatch.setattr(OneSlotSession, "begin", refuse)
    begun = panel.ask("POST", "/api/start", {}).json
    assert begun["slots"]["right"]["error"]["code"] == "not-ready"
    (report,) = reports(panel, 1)
    assert (report["slot"]["name"], report["status"]) == ("left", "passed")


@pytest.mark.slow
def test_a_shared_driver_that_was_changed_is_imported_again(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As any other driver's file: the next start measures with what stands in it now."""
    loaded: list[str] = []
    load = SharedBench.load

    def told(bench: SharedBench, choice: str) -> PreparedSequence:
        found = load(bench, choice)
        loaded.append(choice)
        return found

    monkeypatch.setattr(SharedBench, "load", told)
    stand.write("drivers/meter.py", METER)
    panel = opened(stand, "left", "right", sequence=SHARING)
    assert panel.ask("POST", "/api/start", {}).status == 200
    reports(panel, 2)
    ready(panel)
    stand.write("drivers/meter.py", METER.replace("os.getpid()", "-1.0"))
    panel.wait_until(lambda: len(loaded) >= 4)
    ready(panel)
    assert panel.ask("POST", "/api/start", {}).status == 200
    values = [
        measured["value"]
        for report in reports(panel, 4)
        for attempt in report["modules"][0]["cases"][0]["attempts"]
        for measured in attempt["measurements"]
    ]
    assert values.count(-1.0) == 2


@pytest.mark.slow
def test_an_invalid_sequence_is_told_once(stand: Any) -> None:
    """Every slot is blocked by it, and all are ready once it is mended."""
    panel = opened(stand, "left", "right")
    stand.sequence("nests", SLOTS.replace("limits: [4.8, 5.2]", "limit: 3"))
    panel.wait_until(lambda: all(session.state == "blocked" for session in panel.session.slots.values()))
    until(panel, lambda slots: {slot["state"] for slot in slots.values()} == {"blocked"})
    panel.wait_until(lambda: panel.ask("GET", "/api/state").json["session"]["problem"] is not None)
    assert panel.ask("GET", "/api/state").json["session"]["state"] == "blocked"
    stand.sequence("nests", SLOTS)
    ready(panel)
    panel.wait_until(lambda: panel.ask("GET", "/api/state").json["session"]["problem"] is None)


def test_whoever_has_just_done_something_in_a_slot_sees_it(stand: Any) -> None:
    """The whole state is that of now in every slot: a slot that was ready a moment ago is not said to be."""
    panel = opened(stand, "left", "right")
    states = ["loading", "ready"] * 20
    seen = []
    for state in states:
        panel.session.slots["left"].live.set(state=state)
        seen.append(json.loads(panel.session.snapshot().data)["slots"]["left"]["state"])
    assert seen == states


@pytest.mark.slow
def test_another_sequence_is_chosen_for_all_slots(stand: Any) -> None:
    """What was scanned for the one before is gone."""
    stand.write("sequences/other.yaml", SIMPLE)
    panel = opened(stand, "left", "right")
    fill(panel, "left", "SN1")
    assert panel.ask("POST", "/api/choice", {"name": "other"}).status == 200
    ready(panel)
    state = panel.ask("GET", "/api/state").json
    assert (state["session"]["choice"], state["run"]["sequence"]["name"]) == ("other", "Board test")
    assert all(slot["filled"] is None for slot in state["slots"].values())
    # Nothing tells one board from the next: every slot has one.
    assert set(panel.ask("POST", "/api/start", {}).json["slots"]) == {"left", "right"}
    reports(panel, 2)


@pytest.mark.slow
@pytest.mark.parametrize("killed", [True, False])
def test_a_panel_that_ends_while_eight_slots_run_leaves_nothing(stand: Any, spawn: Any, killed: bool) -> None:
    """Killed or asked to end: every journal is whole, every teardown was run, and no test process is left."""
    names = [f"s{number}" for number in range(1, 9)]
    off = "off: {name: Switch off, steps: [{call: bench.note, with: {text: '${{ slot.name }}'}}]}"
    sequence = SLOTS.replace("off: {name: Switch off, steps: [{call: bench.voltage}]}", off)
    bench = (stand.folder / "drivers/bench.py").read_text("utf-8")
    note = "\n    def note(self, text):\n        (self.here / f'off-{text}-{os.getpid()}').touch()\n"
    stand.write("drivers/bench.py", bench + note)
    stand.sequence("nests", sequence)
    stand.configure(nests(*names))
    served = spawn("panel", stand.folder, "--port", "0")
    client = _Client(open_project(stand.folder).state.panel)
    client.until(lambda slots: all(slot["state"] == "ready" for slot in slots.values()))
    started = client.post("/api/start", {"slots": {name: {"params": {"serial": f"SN-{name}"}} for name in names}})
    assert set(started["slots"]) == set(names)
    client.until(lambda slots: all(slot["case"] == "Hold" for slot in slots.values()))
    served.send_signal(signal.SIGKILL if killed else signal.SIGTERM)
    served.wait(timeout=30)
    end = time.monotonic() + 60
    while time.monotonic() < end and len(list(stand.folder.glob("off-*"))) < 8:
        time.sleep(0.05)
    off_by = [path.name.split("-") for path in stand.folder.glob("off-*")]
    assert sorted(name for _, name, _ in off_by) == names
    while time.monotonic() < end and any(_is_alive(int(process)) for *_, process in off_by):
        time.sleep(0.05)
    assert not [process for *_, process in off_by if _is_alive(int(process))]
    panel = stand.open()
    found = reports(panel, 8)
    assert [report["slot"]["name"] for report in found] == names
    assert {report["status"] for report in found} == {"stopped"}
    for report in found:
        assert [case["status"] for case in report["modules"][1]["cases"]] == ["passed"]
        assert not report["damaged_lines"]


@pytest.mark.slow
def test_ctrl_c_ends_a_panel_once_every_slot_has_torn_down(stand: Any, spawn: Any) -> None:
    """However often it is pressed, and whatever the running cases ignore; the reports are stored, and it ends well."""
    bench = (stand.folder / "drivers/bench.py").read_text("utf-8")
    deaf = """
    def ignore(self, name):
        (self.here / f"ignores-{name}").touch()
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass

    def note(self, name):
        (self.here / f"off-{name}").touch()
"""
    stand.write("drivers/bench.py", bench + deaf)
    sequence = SLOTS.replace("{call: bench.wait}", "{call: bench.ignore, with: {name: '${{ slot.name }}'}}")
    off = "off: {name: Switch off, steps: [{call: bench.note, with: {name: '${{ slot.name }}'}}]}"
    stand.sequence("nests", sequence.replace("off: {name: Switch off, steps: [{call: bench.voltage}]}", off))
    stand.configure(nests("left", "right"))
    served = spawn("panel", stand.folder, "--port", "0")
    client = _Client(open_project(stand.folder).state.panel)
    client.until(lambda slots: all(slot["state"] == "ready" for slot in slots.values()))
    client.post("/api/start", {"slots": {name: {"params": {"serial": name}} for name in ("left", "right")}})

    def exist(what: str) -> bool:
        return all((stand.folder / f"{what}-{name}").exists() for name in ("left", "right"))

    end = time.monotonic() + 60
    while not exist("off"):
        assert time.monotonic() < end
        if exist("ignores"):
            served.send_signal(signal.SIGINT)
        time.sleep(0.1)
    shown, _ = served.communicate(timeout=60)
    assert served.returncode == 0, shown
    assert b"Traceback" not in shown
    panel = stand.open()
    for report in reports(panel, 2):
        assert report["status"] == "stopped"
        statuses = {case["id"]: case["status"] for module in report["modules"] for case in module["cases"]}
        assert statuses == {"begin": "passed", "hold": "stopped", "rail": "skipped", "off": "passed"}


def test_slots_are_driven_from_the_command_line(stand: Any) -> None:
    """`hardseq start`, `stop` and `status` with a slot, with none, and with one that there is not."""
    panel = opened(stand, "left", "right")

    def hardseq(command: click.Command, *arguments: str) -> tuple[object, str]:
        result = CliRunner().invoke(command, [str(stand.folder), *arguments], standalone_mode=False)
        if isinstance(result.exception, Refusal):
            return result.exception.code, str(result.exception)
        return result.return_value, result.output

    assert hardseq(start.command, "--slot", "lift")[1] == "--slot lift: there is no such slot"
    assert hardseq(start.command, "--arg", "left.serial=SN1", "--arg", "right.serial=SN1")[0] == ExitCode.FAILED
    assert hardseq(start.command)[1] == "no slot is filled"
    code, said = hardseq(start.command, "--slot", "left", "--arg", "lot=L2", "--arg", "left.serial=SN1")
    assert (code, said.partition(" started ")[0]) == (ExitCode.PASSED, "left:")
    until(panel, lambda slots: slots["left"]["case"] == "Hold")
    fill(panel, "right", "SN2")
    code, said = hardseq(status.command)
    assert "left      run        SN1  Hold\n" in said
    assert "right     filled    SN2\n" in said
    assert "state     running" in hardseq(status.command, "--slot", "left")[1]
    assert hardseq(stop.command, "--slot", "right")[0] == ExitCode.FAILED
    assert hardseq(stop.command, "--slot", "left")[0] == ExitCode.PASSED
    (report,) = reports(panel, 1)
    assert (report["status"], report["params"]) == ("stopped", {"serial": "SN1", "lot": "L2"})


@pytest.mark.slow
def test_sixty_four_slots_run_at_once(stand: Any) -> None:
    """The most that there can be: all start together, and each has its own report."""
    names = [f"s{number}" for number in range(1, 65)]
    panel = opened(stand, *names, sequence=SIMPLE)
    assert isinstance(panel.session, SlotsSession)
    begun = panel.ask("POST", "/api/start", {}).json
    assert len(begun["slots"]) == 64
    panel.wait_until(lambda: len(panel.report_store.store.find(limit=100).runs) == 64)
    assert {slot["status"] for slot in until(panel, _all_over).values()} == {"passed"}


def _all_over(slots: Any) -> bool:
    return all(slot["status"] == "passed" for slot in slots.values())


class _Client:
    """The panel of another process, by the note that it leaves."""

    def __init__(self, note: Path) -> None:
        end = time.monotonic() + 60
        while not note.exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        self._known = json.loads(note.read_bytes())

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json", "X-Hardseq-Token": self._known["token"]}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self._known["address"] + path, data, headers, method=method), timeout=30) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: Any) -> Any:
        return self._ask("POST", path, body)

    def until(self, true: Callable[[Any], bool]) -> None:
        end = time.monotonic() + 60
        while not true(self._ask("GET", "/api/state")["slots"]):
            assert time.monotonic() < end
            time.sleep(0.05)


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
