"""Deliveries as command line, panel and runner use them: real store, real outbox, real server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.settings import DatabaseSettings, Secret, Settings, StandCloudSettings
from sequencer.project.state_folder import StateFolder
from sequencer.report.model import RunReport
from sequencer.standcloud.deliveries import MOST_MISSING, Deliveries
from sequencer.standcloud.outbox import Outbox
from sequencer.store.base import StoreConflict, StoreUnavailable
from sequencer.store.sqlite.store import SqliteStore
from sequencer.vocabulary.reason import Reason, code_of, read_reason

MakeReport = Callable[..., RunReport]


class RemoteStore:
    """A store that is away, or back, as the test wants."""

    place = "http://central:5984/hardseq"

    def __init__(self) -> None:
        self.saved: dict[str, RunReport] = {}
        self.error: Exception | None = StoreUnavailable("CouchDB cannot be reached: connection refused")

    def save(self, report: RunReport) -> None:
        """Saves, or raises what the test wants."""
        if self.error is not None:
            raise self.error
        self.saved[report["id"]] = report


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / ".hardseq")


@pytest.fixture
def open_deliveries(state: StateFolder, key: Secret, tmp_path: Path) -> Iterator[Callable[..., Deliveries]]:
    """Opens deliveries with an embedded store, or with the one given."""
    opened: list[Any] = []

    def open_(address: str | None, *, store: Any = None, **stand_cloud: Any) -> Deliveries:
        settings = Settings(
            stand_cloud=StandCloudSettings(**{"address": address, "api_key": key, **stand_cloud}),
            database=DatabaseSettings(storage_type="embedded" if store is None else "couchdb"),
        )
        if store is None:
            store = SqliteStore(state.database, state.attachments)
            opened.append(store)
        opened.append(Deliveries(settings, state, store, folder=tmp_path))
        made: Deliveries = opened[-1]
        return made

    yield open_
    for one in reversed(opened):
        one.close()


def eventually(fact: Callable[[], bool]) -> None:
    """Waits until it is so; a minute at most, a moment as a rule."""
    deadline = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_a_finished_run_is_stored_and_sent_at_once(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """With autosync the report is with StandCloud as soon as ``send`` returns, and exactly once."""
    deliveries = open_deliveries(standin.address, autosync=True)
    run = report()
    assert deliveries.accept(run).stored
    delivery = deliveries.send(run["id"])
    assert delivery is not None and delivery.status == 201
    assert deliveries.accept(run).stored
    assert deliveries.send(run["id"]) is None
    assert standin.copies == {run["id"]: 1}


def test_without_autosync_nothing_goes_until_somebody_asks(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """The report waits; ``sync`` sends it and says so."""
    deliveries = open_deliveries(standin.address)
    run = report()
    deliveries.accept(run)
    assert deliveries.send(run["id"]) is None
    deliveries.start(first=0.0)
    assert not deliveries.wake()
    assert standin.copies == {}
    seen: list[Any] = []
    result = deliveries.sync(progress=seen.append)
    assert [(outcome.run, outcome.delivery.status) for outcome in seen] == [(run["id"], 201)]
    assert result.clean and result.drains[0].delivered == 1


def test_three_runs_while_nobody_listens_arrive_once_each(
    start_standin: Callable[..., Any],
    open_deliveries: Callable[..., Deliveries],
    report: MakeReport,
    state: StateFolder,
    free_port: int,
) -> None:
    """The server goes, three runs end, the server comes back: the job brings all three, each once, unasked."""
    away = start_standin(port=free_port)
    away.stop()
    deliveries = open_deliveries(away.address, autosync=True, autosync_timeout=0.005)
    late = [0.0]
    # The first pauses after a failure are minutes; this clock goes on when the test says so.
    deliveries.outbox.close()
    deliveries.__dict__["outbox"] = Outbox(state.database, clock=lambda: time.time() + late[0])
    runs = [report() for _ in range(3)]
    deliveries.start(first=0.0)
    for run in runs:
        deliveries.accept(run)
        delivery = deliveries.send(run["id"])
        assert delivery is None or (delivery.verdict, delivery.status) == ("again", None)
    eventually(lambda: all(entry.attempts for entry in deliveries.outbox.entries("stand_cloud")))
    back = start_standin(port=free_port)
    late[0] = 400.0
    eventually(lambda: deliveries.outbox.counts("stand_cloud").delivered == 3)
    assert back.copies == {run["id"]: 1 for run in runs}


def test_the_job_can_be_woken_and_stopped(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """``wake`` drains now; after ``close`` nothing runs any more."""
    deliveries = open_deliveries(standin.address, autosync=True)
    deliveries.start(first=3600.0)
    run = report()
    deliveries.accept(run)
    assert deliveries.wake()
    eventually(lambda: standin.copies == {run["id"]: 1})
    deliveries.close()
    assert not deliveries.wake()
    assert not [thread for thread in threading.enumerate() if thread.name == "APScheduler"]


def test_a_run_may_start_only_with_a_connection_when_configured(
    standin: Any, open_deliveries: Callable[..., Deliveries]
) -> None:
    """``connection_only`` refuses with the reason while StandCloud does not answer as it should."""
    assert open_deliveries("https://nowhere.invalid").refusal() is None
    assert open_deliveries(standin.address, connection_only=True).refusal() is None
    standin.fail(path="healthcheck", status=503, text="maintenance")
    refusal = open_deliveries(standin.address, connection_only=True).refusal()
    assert isinstance(refusal, Reason) and refusal.code == "stand_cloud_away"
    assert "503" in str(refusal) and "maintenance" in str(refusal)
    assert code_of(refusal.parameters["detail"]) == "server_answered"
    refusal = open_deliveries(standin.address, connection_only=True, api_key=None).refusal()
    assert refusal is not None and "no API key" in str(refusal)


def test_a_store_that_is_away_loses_nothing(open_deliveries: Callable[..., Deliveries], report: MakeReport) -> None:
    """The report waits in the outbox with the store's reason, and reaches the store once it is back."""
    remote = RemoteStore()
    deliveries = open_deliveries(None, store=remote)
    run = report()
    acceptance = deliveries.accept(run)
    assert (acceptance.stored, acceptance.problem) == (False, str(remote.error))
    assert not deliveries.sync().clean
    remote.error = None
    deliveries.outbox.make_due("couchdb")
    deliveries.start(first=0.0)
    eventually(lambda: remote.saved == {run["id"]: run})
    eventually(lambda: deliveries.outbox.counts("couchdb").delivered == 1)


def test_what_the_store_lacks_is_known(open_deliveries: Callable[..., Deliveries], report: MakeReport) -> None:
    """Reports that wait for the store or were refused by it, whole; not those that it has, nor too many to look at."""
    remote = RemoteStore()
    deliveries = open_deliveries(None, store=remote)
    refused, waiting, stored = report(), report(), report()
    deliveries.accept(refused)
    remote.error = StoreConflict("another report is already there")
    deliveries.sync()
    remote.error = StoreUnavailable("away")
    deliveries.accept(waiting)
    remote.error = None
    deliveries.accept(stored)
    assert deliveries.missing_reports() == [refused, waiting]
    assert open_deliveries(None).missing_reports() == []
    remote.error = StoreUnavailable("away")
    for number in range(MOST_MISSING):
        deliveries.outbox.put(f"run {number}", "couchdb", waiting)
    with pytest.raises(StoreUnavailable, match="too many"):
        deliveries.missing_reports()


def test_a_conflict_in_the_store_is_parked_and_told(
    open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """What the store does not take stays, with its words."""
    remote = RemoteStore()
    deliveries = open_deliveries(None, store=remote)
    deliveries.accept(report())
    remote.error = StoreConflict("another report is already there")
    result = deliveries.sync()
    assert (result.drains[0].parked, result.left["couchdb"].parked, result.clean) == (1, 1, False)
    assert deliveries.status()["targets"][0]["entries"][0]["text"] == "another report is already there"


def test_an_embedded_store_that_fails_is_the_callers_to_tell(
    open_deliveries: Callable[..., Deliveries], report: MakeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the embedded database gone there is no outbox either: the error goes to the caller, the journal stays."""

    def fail(self: object, report: RunReport) -> None:
        raise StoreUnavailable("the disk is full")

    deliveries = open_deliveries(None)
    monkeypatch.setattr(SqliteStore, "save", fail)
    with pytest.raises(StoreUnavailable):
        deliveries.accept(report())


def test_a_parked_report_is_sent_again_on_demand(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """``resend`` and an insisting ``sync`` try again what the server had refused; a plain ``sync`` does not."""
    deliveries = open_deliveries(standin.address, autosync=True)
    runs = [report(), report()]
    standin.fail(status=422, text="wrong unit")
    for run in runs:
        deliveries.accept(run)
        deliveries.send(run["id"])
    standin.behave()
    assert deliveries.sync().left["stand_cloud"].parked == 2
    assert deliveries.resend(runs[0]["id"]) == 1
    assert deliveries.sync().left["stand_cloud"].parked == 1
    assert deliveries.sync(force=True).clean
    assert standin.copies == {run["id"]: 1 for run in runs}


def test_a_run_without_a_panel_takes_along_what_waited(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport, state: StateFolder
) -> None:
    """Once a report has arrived, those before it go too; while nobody answers they are left in peace."""
    remote = RemoteStore()
    deliveries = open_deliveries(standin.address, autosync=True, store=remote)
    deliveries.outbox.close()
    late = [0.0]
    deliveries.__dict__["outbox"] = Outbox(state.database, clock=lambda: time.time() + late[0])
    first, second = report(), report()
    standin.fail(drop="before", times=1)
    deliveries.accept(first)
    deliveries.send(first["id"])
    late[0] = 3600.0
    assert deliveries.catch_up(first["id"]) == 0
    remote.error = None
    deliveries.accept(second)
    deliveries.send(second["id"])
    assert deliveries.catch_up(second["id"]) == 2
    assert standin.copies == {first["id"]: 1, second["id"]: 1}
    assert remote.saved == {first["id"]: first, second["id"]: second}


def test_a_refused_key_is_told_and_tried_again_once_it_changed(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """After 401 everything waits, marked as blocked, until the configuration has another key."""
    wrong = open_deliveries(standin.address, autosync=True, api_key=Secret("old-key"))
    runs = [report() for _ in range(3)]
    for run in runs:
        wrong.accept(run)
    delivery = wrong.send(runs[0]["id"])
    assert delivery is not None and (delivery.verdict, delivery.status) == ("refused", 401)
    [target] = wrong.status()["targets"]
    assert (target["blocked"], target["waiting"], target["hold"]["reason"]) == (3, 0, "refused")
    assert {entry["state"] for entry in target["entries"]} == {"blocked"}
    right = open_deliveries(standin.address, autosync=True)
    assert right.sync().clean
    assert standin.copies == {run["id"]: 1 for run in runs}


def test_an_upload_answers_what_the_sequence_shows(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """``{delivered, status, text}`` with 201 for success, the server's status otherwise, null without an answer."""
    deliveries = open_deliveries(standin.address)
    run = report()
    answer = deliveries.upload("stand_cloud", run)
    assert (answer["delivered"], answer["status"]) == (True, 201)
    assert deliveries.upload("stand_cloud", run) == answer
    standin.fail(status=500, text="tired")
    assert deliveries.upload("stand_cloud", report()) == {"delivered": False, "status": 500, "text": "tired"}
    standin.behave()
    standin.fail(status=422, text="wrong unit")
    parked = report()
    expected = {"delivered": False, "status": 422, "text": "wrong unit"}
    assert [deliveries.upload("stand_cloud", parked) for _ in range(2)] == [expected, expected]
    nobody = open_deliveries("http://127.0.0.1:9")
    answer = nobody.upload("stand_cloud", report())
    assert (answer["delivered"], answer["status"]) == (False, None)
    assert "no connection" in answer["text"]
    assert json.loads(json.dumps(answer)) == answer


def test_an_uploaded_report_is_not_sent_again_after_the_run(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """The same run accepted after its upload is known as delivered."""
    deliveries = open_deliveries(standin.address, autosync=True)
    run = report()
    deliveries.upload("stand_cloud", run)
    deliveries.accept({**run, "stop_time": 1_700_000_100.0})
    assert deliveries.send(run["id"]) is None
    assert deliveries.sync().clean
    assert standin.copies == {run["id"]: 1}


@pytest.mark.parametrize(
    ("address", "settings", "words"),
    [
        (None, {}, "no address"),
        ("standcloud.io", {"api_key": None}, "no API key"),
        ("http://standcloud.io", {}, "unprotected"),
        ("standcloud.io", {"api_key": Secret("two words")}, "one word"),
    ],
)
def test_an_upload_without_configuration_says_what_is_missing(
    open_deliveries: Callable[..., Deliveries],
    report: MakeReport,
    address: str | None,
    settings: dict[str, Any],
    words: str,
) -> None:
    """A missing or unusable setting is an answer, not an exception; the report waits for the configuration."""
    deliveries = open_deliveries(address, **settings)
    answer = deliveries.upload("stand_cloud", report())
    assert (answer["delivered"], answer["status"]) == (False, None)
    assert words in answer["text"]
    result = deliveries.sync()
    assert result.left["stand_cloud"].waiting == 1 and words in str(result.problems["stand_cloud"])
    told = deliveries.status()["targets"][0]
    assert words in told["problem"]
    assert str(read_reason(told["coded_reason"], told["problem"])) == told["problem"]
    assert told["coded_reason"] is not None


MARKED: list[dict[str, Any]] = [{"simulated": True}, {"debugged": True}, {"selection": ["main::rail_0"]}]


@pytest.mark.parametrize("marks", MARKED)
def test_a_run_that_is_no_evidence_goes_nowhere_but_into_the_store(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport, marks: dict[str, Any]
) -> None:
    """Invented, partial and debugged measurements are no evidence: neither autosync nor upload sends them."""
    deliveries = open_deliveries(standin.address, autosync=True)
    run = report(**marks)
    assert deliveries.accept(run).stored
    assert deliveries.send(run["id"]) is None
    assert not deliveries.upload("stand_cloud", run)["delivered"]
    assert deliveries.sync().clean
    assert standin.copies == {}
    # Nor is it said to wait for a key.
    keyless = open_deliveries(standin.address, autosync=True, api_key=None)
    assert keyless.accept(run).stored
    assert keyless.send(run["id"]) is None


@pytest.mark.parametrize("marks", MARKED)
def test_what_was_asked_for_leaves_with_a_name_that_says_so(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport, marks: dict[str, Any]
) -> None:
    """By the setting or for one run: never as a plain passed one, and simulated runs not at all."""
    may_leave = "simulated" not in marks
    deliveries = open_deliveries(standin.address, autosync=True, send_partial=True)
    uploaded, kept = report(**marks), report(**marks)
    assert deliveries.accept(uploaded).stored
    assert deliveries.upload("stand_cloud", uploaded)["delivered"] is may_leave
    word = next(iter(marks)).replace("selection", "partial")
    strict = open_deliveries(standin.address, autosync=True)
    assert strict.accept(kept).stored
    reason = strict.release(kept["id"])
    assert (reason is None) is may_leave
    strict.sync()
    assert standin.copies == ({uploaded["id"]: 1, kept["id"]: 1} if may_leave else {})
    for run in standin.copies:
        assert standin.control("GET", f"reports/{run}")["name"] == f"Board ({word})"
    assert strict.release("01900000-0000-7000-8000-000000000000") is not None


def test_reports_are_kept_while_only_the_key_is_missing(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """A forgotten environment variable costs no report: with autosync they wait for the key."""
    deliveries = open_deliveries(standin.address, autosync=True, api_key=None)
    run = report()
    deliveries.accept(run)
    delivery = deliveries.send(run["id"])
    assert delivery is not None and "no API key" in delivery.text
    assert open_deliveries(standin.address, autosync=True).sync().clean
    assert standin.copies == {run["id"]: 1}


def test_a_project_without_deliveries_says_so(open_deliveries: Callable[..., Deliveries], report: MakeReport) -> None:
    """Nothing configured: nothing waits, nothing is asked, everything is clean."""
    deliveries = open_deliveries(None, api_key=None)
    assert deliveries.accept(report()).stored
    deliveries.start()
    assert deliveries.status() == {"targets": []}
    assert deliveries.sync().clean


def test_the_status_is_json_and_bounded(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """The panel's page of what waits holds at most so many reports of each state, whatever waits."""
    deliveries = open_deliveries(standin.address)
    for _ in range(5):
        deliveries.accept(report())
    status = deliveries.status(limit=2)
    [target] = json.loads(json.dumps(status))["targets"]
    assert (target["target"], target["usable"], target["automatic"], target["waiting"]) == (
        "stand_cloud",
        True,
        False,
        5,
    )
    assert len(target["entries"]) == 2
    assert set(target["entries"][0]) == {
        *("run", "target", "state", "queued", "attempts", "last_try", "next_try", "status", "text", "delivered"),
        "coded_reason",
    }


def test_a_relative_ca_bundle_is_found_from_the_project(
    open_deliveries: Callable[..., Deliveries],
    serve: Callable[..., Any],
    tls: Any,
    authority: Path,
    tmp_path: Path,
    report: MakeReport,
) -> None:
    """``ca_bundle = "authority.pem"`` means the file in the project folder."""
    (tmp_path / "authority.pem").write_bytes(authority.read_bytes())
    server = serve(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", tls)
    deliveries = open_deliveries(f"https://localhost:{server.port}", ca_bundle="authority.pem")
    assert deliveries.upload("stand_cloud", report())["delivered"]


def test_settings_stay_as_they_were(open_deliveries: Callable[..., Deliveries]) -> None:
    """Neither repr nor comparison of the settings in use shows the key."""
    settings = StandCloudSettings(address="standcloud.io", api_key=Secret("k-1"))
    assert "k-1" not in repr(settings) and replace(settings) == settings


def test_what_no_target_lacks_is_delivered(
    standin: Any, open_deliveries: Callable[..., Deliveries], report: MakeReport
) -> None:
    """A run counts as undelivered as long as one of its targets lacks it, also one that refused it."""
    deliveries = open_deliveries(standin.address, autosync=True)
    one, other = report(), report()
    deliveries.accept(one)
    deliveries.accept(other)
    assert deliveries.undelivered() == {one["id"], other["id"]}
    deliveries.send(one["id"])
    assert deliveries.undelivered() == {other["id"]}
    deliveries.sync()
    assert deliveries.undelivered() == set()
