"""Programs start and stop runs; the panel comes, says where it is, and goes."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from sequencer.panel import app
from sequencer.panel.listening import CannotListen
from tests.panel.sequences import BENCH, SIMPLE, WAITING


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


def test_a_taken_port_is_told(stand: Any) -> None:
    """Two panels cannot share a port, and the second one says so."""
    panel = stand.open()
    with pytest.raises(CannotListen, match="another panel"):
        stand.open(port=panel.port)


def test_routes_are_made_before_drivers_are_read(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads in Python's parser at once is what Python 3.11 does not always survive."""
    make, threads = app.create_app, []
    others = threading.enumerate()  # of panels that other tests have open

    def making(*given: Any) -> Any:
        threads.append([thread.name for thread in threading.enumerate() if thread not in others])
        return make(*given)

    monkeypatch.setattr(app, "create_app", making)
    stand.open()
    assert threads and not any("session" in names for names in threads)


def test_a_start_that_comes_late_is_refused(stand: Any) -> None:
    """What was pressed long ago runs nothing now; the press is timed by the panel's own clock."""
    panel = stand.open()
    panel.wait_for("ready")
    now = panel.ask("GET", "/api/state").json["now"]
    late = panel.ask("POST", "/api/start", {"asked": now - 60})
    assert (late.status, late.json["error"]["code"]) == (409, "too-late")
    early = panel.ask("POST", "/api/start", {"asked": now + 3600})
    assert (early.status, early.json["error"]["code"]) == (409, "too-late")
    for asked in ("now", b'{"asked": 1e400}', b'{"asked": -1e400}', b'{"asked": 1%s}' % (b"0" * 400)):
        body = asked if isinstance(asked, bytes) else {"asked": asked}
        assert panel.ask("POST", "/api/start", body).status == 400
    now = panel.ask("GET", "/api/state").json["now"]
    assert panel.ask("POST", "/api/start", {"asked": now}).status == 200


@pytest.mark.parametrize(
    ("asked", "field", "code", "message"),
    [
        ({"params": {"x": 1}}, "x", "unknown", "parameter 'x' is not a parameter of this sequence"),
        ({"tags": ["x"]}, "tags", "unknown", "no case has the tag 'x'"),
        ({"only": ["rails::rail"]}, "only", "unknown", "did you mean 'rails::rail_5v'?"),
        ({"only": []}, "only", "empty", "no case is chosen"),
        ({"only": ["rails::idle"], "tags": ["quick"]}, "tags", "empty", "leaves no case to run"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_choice_that_means_nothing_is_refused_and_the_next_start_runs(
    tagged: Any, asked: Any, field: str, code: str, message: str
) -> None:
    """Panel and command line say the same of it, with the field; it leaves nothing behind."""
    tagged.wait_for("ready")
    refused = tagged.ask("POST", "/api/start", asked)
    assert refused.status == 422
    assert message in refused.json["error"]["message"]
    assert [(one["field"], one["code"]) for one in refused.json["error"]["fields"]] == [(field, code)]
    assert all("coded_reason" in one for one in (refused.json["error"], *refused.json["error"]["fields"]))
    assert tagged.ask("POST", "/api/start", {"only": ["rails"], "tags": ["quick"]}).status == 200


@pytest.fixture(scope="module")
def tagged(shared_stand: Any) -> Any:
    """A panel whose sequence has a tag."""
    shared_stand.sequence("board", SIMPLE.replace("name: 5 V rail", "name: 5 V rail\n        tags: [quick]"))
    return shared_stand.open()


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


@pytest.mark.slow
def test_a_panel_ends_while_a_run_begins(stand: Any) -> None:
    """Whoever ends the panel need not wait for a driver that is never done with being imported."""
    stand.write("drivers/endless.py", "import time\n\ntime.sleep(60)\n" + BENCH)
    stand.sequence("endless", SIMPLE.replace("bench.Bench", "endless.Bench"))
    panel = stand.open()
    panel.wait_for("ready")
    answers: list[Any] = []
    start = threading.Thread(target=lambda: answers.append(panel.ask("POST", "/api/start", {})))
    start.start()
    panel.wait_for("starting")
    panel.close()
    start.join()
    assert [(answer.status, answer.json["error"]["code"]) for answer in answers] == [(409, "not-ready")]
