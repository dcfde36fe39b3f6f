"""The live state: a snapshot and the patches after it always lead to the whole state."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.panel.live import LiveRun
from sequencer.panel.patches import CASE_FIELDS
from sequencer.report import event as events
from sequencer.report.event import Stamped
from sequencer.report.fields import blank
from sequencer.report.fold import Fold
from sequencer.report.model import CaseReport
from tests.effort import examples

PLAN = [
    {"id": "a", "name": "A", "group": "main", "cases": [{"id": "one", "name": "One"}, {"id": "two", "name": "Two"}]},
    {"id": "b", "name": "B", "group": "teardown", "cases": [{"id": "three", "name": "Three"}]},
]
CASES = ["a::one", "a::two", "b::three"]
LISTS = ("measurements", "checks", "failures", "charts", "programs", "attachments", "log")


def started(run: str = "r1") -> events.RunStarted:
    return events.RunStarted(run, {"name": "S", "file": "s.yaml"}, PLAN, "0", {})


def measured(case: str, name: str = "U", value: float = 1.0) -> events.MeasurementRecorded:
    return events.MeasurementRecorded(case, "s.yaml:1:1", name, value, "numeric", "V", [0, 2], True)


def apply(state: dict[str, Any] | None, kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """What a page does with a change."""
    if kind == "snapshot":
        return document
    assert state is not None
    run = state["run"]
    if document.get("begin"):
        for module in run["modules"]:
            module.update(status="ready", start_time=None, stop_time=None)
            for case in module["cases"]:
                case.update({name: value for name, value in blank(CaseReport).items() if name in CASE_FIELDS})
                case["attempts"] = []
    run.update(document.get("run", {}))
    state["session"].update(document.get("session", {}))
    run["messages"] = document.get("messages", run["messages"])
    modules = {module["id"]: module for module in run["modules"]}
    for name, fields in document.get("modules", {}).items():
        modules[name].update(fields)
    cases = {f"{m['id']}::{c['id']}": c for m in run["modules"] for c in m["cases"]}
    for name, patch in document.get("cases", {}).items():
        cases[name].update(patch.get("set", {}))
        for index, change in patch.get("attempts", {}).items():
            attempts = cases[name]["attempts"]
            if int(index) == len(attempts):
                unsaid = dict.fromkeys(("timeout", "progress", "step", "omitted", "newest", "waiting", "printing"))
                attempts.append({**{key: [] for key in LISTS}, "messages": {}, "dialogs": [], **unsaid})
            attempt = attempts[int(index)]
            attempt.update(change.get("set", {}))
            for key, new in change.get("add", {}).items():
                attempt[key] += new
            attempt["messages"].update(change.get("merge", {}).get("messages", {}))
    return state


class Page:
    """Follows the live state as a browser does."""

    def __init__(self, live: LiveRun) -> None:
        self.live = live
        live.followed(+1)
        self.last: str | None = None
        self.state: dict[str, Any] | None = None
        self.kinds: list[str] = []

    def catch_up(self, timeout: float = 0.0) -> dict[str, Any]:
        changes = self.live.after(self.last, timeout)
        if changes is None:
            changes = [self.live.snapshot()]
        for change in changes:
            self.state = apply(self.state, change.kind, json.loads(change.data))
            self.last = change.id
            self.kinds.append(change.kind)
        assert self.state is not None
        return self.state


@pytest.fixture
def live() -> Any:
    live = LiveRun({"state": "ready"}, pause=0.001)
    yield live
    live.close()


def whole(live: LiveRun) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(live.snapshot().data)
    return {key: document[key] for key in ("session", "run")}


case = st.sampled_from(CASES)
happenings = st.one_of(
    st.builds(events.CaseStarted, case, st.integers(1, 3)),
    st.builds(events.StepStarted, case, st.just("s.yaml:2:1"), st.just("call"), st.text(max_size=3)),
    st.builds(measured, case, st.text(max_size=3), st.floats(-5, 5)),
    st.builds(events.MessageShown, case, st.sampled_from(["", "k"]), st.text(max_size=3)),
    st.builds(events.CheckEvaluated, case, st.just("s.yaml:3:1"), st.just("x == 1"), st.booleans()),
    st.builds(
        events.TryFailed,
        case,
        st.just("s.yaml:3:1"),
        st.just("U"),
        st.integers(1, 3),
        st.just("low"),
        st.integers(0, 3),
        st.integers(0, 2),
    ),
    st.builds(events.FailureRecorded, case | st.none(), st.sampled_from(["failed", "error"]), st.text(max_size=3)),
    st.builds(
        lambda name, measurements, checks: events.TryFailed(name, "s.yaml:2:1", "U", 1, "no", measurements, checks),
        case,
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    st.builds(events.ProgressChanged, case, st.floats(0, 100)),
    st.builds(events.DialogAsked, case, st.sampled_from(["d1", "d2"]), st.just({"text": "?"})),
    st.builds(events.DialogAnswered, case, st.sampled_from(["d1", "d2"]), st.just("confirm"), st.integers()),
    st.builds(events.OperatorMessageShown, case | st.none(), st.just("m"), st.text(max_size=3) | st.none()),
    st.builds(events.ChartAdded, case, st.just({"title": "T", "type": "line", "y_data": [[1, 2]]})),
    st.builds(events.FactRecorded, case, st.just("dut"), st.fixed_dictionaries({"serial_number": st.text(max_size=2)})),
    st.builds(events.CaseFinished, case, st.sampled_from(["passed", "failed", "skipped"]), st.integers(1, 3)),
    st.builds(events.RunFinished, st.sampled_from(["passed", "failed", "stopped"])),
    st.just("look"),
    st.just("session"),
    st.just("again"),
)


@settings(max_examples=examples(60))
@given(st.lists(happenings, max_size=40))
def test_snapshot_and_patches_lead_to_the_whole_state(happened: list[Any]) -> None:
    """Whatever happens, and wherever a page joins or looks, it ends up with what a fresh snapshot says."""
    live = LiveRun({"state": "ready", "n": 0}, pause=0.0)
    try:
        early, late = Page(live), Page(live)
        live.listen(Stamped(1, 1.0, started()))
        early.catch_up()
        for seq, event in enumerate(happened, 2):
            if event == "look":
                late.catch_up()
            elif event == "session":
                live.set(n=seq)
            elif event == "again":
                live.listen(Stamped(1, float(seq), started(f"r{seq}")))
            else:
                # A fold takes each number once: they count on, with gaps where another run began.
                live.listen(Stamped(seq, float(seq), event))
        expected = whole(live)
        for page in (early, late):
            state = page.catch_up()
            assert {key: state[key] for key in expected} == expected
    finally:
        live.close()


def test_a_page_that_keeps_up_gets_patches_only(live: LiveRun) -> None:
    """After the first snapshot only what changed is sent, measurements one by one."""
    page = Page(live)
    live.listen(Stamped(1, 1.0, started()))
    live.listen(Stamped(2, 1.0, events.CaseStarted("a::one")))
    page.catch_up()
    for seq in range(3, 13):
        live.listen(Stamped(seq, float(seq), measured("a::one", f"U{seq}")))
        page.catch_up(30.0)
    assert page.kinds == ["snapshot", *["patch"] * 10]
    last = live.after(f"{live.epoch}-{int(page.last.rpartition('-')[2]) - 1}", 0)  # type: ignore[union-attr]
    assert last is not None
    assert json.loads(last[-1].data) == {
        "cases": {
            "a::one": {
                "attempts": {
                    "0": {
                        "add": {
                            "measurements": [
                                {
                                    "name": "U12",
                                    "value": 1.0,
                                    "type": "numeric",
                                    "unit": "V",
                                    "limits": [0, 2],
                                    "result": True,
                                    "reason": None,
                                    "place": "s.yaml:1:1",
                                    "time": 12.0,
                                }
                            ]
                        }
                    }
                }
            }
        }
    }


def test_a_new_run_of_the_same_plan_is_a_beginning(live: LiveRun) -> None:
    """When the next run begins, pages keep the plan that they have and forget what happened before."""
    page = Page(live)
    live.listen(Stamped(1, 1.0, started("r1")))
    live.listen(Stamped(2, 1.0, events.CaseStarted("a::one")))
    page.catch_up()
    live.listen(Stamped(1, 9.0, started("r2")))
    state = page.catch_up(30.0)
    assert page.kinds == ["snapshot", "patch"]
    assert state["run"]["id"] == "r2"
    assert state["run"]["modules"][0]["cases"][0]["attempts"] == []
    live.listen(Stamped(1, 10.0, events.RunStarted("r3", {"name": "S"}, PLAN[:1], "0", {})))
    assert [module["id"] for module in page.catch_up(30.0)["run"]["modules"]] == ["a"]
    assert page.kinds[-1] == "snapshot"


@pytest.mark.parametrize("last", [None, "", "nonsense", "feedbeef-3", "x-99999999999", "-"])
def test_an_id_from_elsewhere_gets_the_whole_state(live: LiveRun, last: str | None) -> None:
    """A server that was restarted, or an id that never was, leads to a snapshot."""
    assert live.after(last, 0) is None
    for number in ("99", "", "x", "²", "9" * 5000):
        assert live.after(f"{live.epoch}-{number}", 0) is None


def test_what_is_too_old_to_patch_leads_to_a_snapshot() -> None:
    """Changes are kept up to a bound; who is further behind starts anew."""
    live = LiveRun(pause=0.0)
    try:
        live.listen(Stamped(1, 1.0, started()))
        first = live.snapshot().id
        for number in range(6):
            live.set(text=str(number) * 1_000_000)
            live.snapshot()
        assert live.after(first, 0) is None
        state = Page(live).catch_up()
        assert state["session"]["text"][0] == "5"
    finally:
        live.close()


def test_what_nobody_followed_is_told_whole(live: LiveRun) -> None:
    """While no page is open no patches are made; one that comes back, with or without an id, gets the whole state."""
    page = Page(live)
    live.listen(Stamped(1, 1.0, started()))
    page.catch_up(30.0)
    seen = page.last
    live.followed(-1)
    live.listen(Stamped(2, 2.0, events.CaseStarted("a::one")))
    live.publish()
    assert live.after(seen, 0) == []
    live.followed(+1)
    state = page.catch_up(30.0)
    assert page.kinds[-1] == "snapshot"
    assert state["run"]["modules"][0]["cases"][0]["status"] == "run"


def test_a_page_that_comes_late_can_set_its_clock(live: LiveRun) -> None:
    """The time in a snapshot is that of now, however long nothing has changed."""
    live.snapshot()
    time.sleep(0.25)
    before = time.time()
    assert json.loads(live.snapshot().data)["now"] >= before


def test_a_waiting_reader_is_woken_by_a_change_and_by_the_end(live: LiveRun) -> None:
    """Nobody polls: a reader sleeps until something changed, or until the panel closes."""
    page = Page(live)
    page.catch_up()
    threading.Timer(0.02, lambda: live.set(state="running")).start()
    changes = live.after(page.last, 30.0)
    assert changes is not None
    assert json.loads(changes[0].data) == {"session": {"state": "running"}}
    threading.Timer(0.02, live.close).start()
    assert live.after(changes[-1].id, 30.0) == []


def test_the_plan_stands_there_before_the_first_run(live: LiveRun) -> None:
    """Before Start the page already shows what would run."""
    live.plan({"name": "S", "file": "s.yaml"}, PLAN)
    run = Page(live).catch_up()["run"]
    assert run["status"] == "ready"
    assert [case["status"] for module in run["modules"] for case in module["cases"]] == ["ready"] * 3


def test_attempts_that_follow_quickly_are_all_there(live: LiveRun) -> None:
    """Three attempts between two patches: pages get each of them."""
    page = Page(live)
    live.listen(Stamped(1, 1.0, started()))
    page.catch_up()
    for seq in range(2, 8, 2):
        live.listen(Stamped(seq, float(seq), events.CaseStarted("a::one", seq // 2)))
        live.listen(Stamped(seq + 1, float(seq), events.CaseFinished("a::one", "failed", seq // 2, seq == 6)))
    live.snapshot()
    attempts = page.catch_up()["run"]["modules"][0]["cases"][0]["attempts"]
    assert [attempt["status"] for attempt in attempts] == ["failed"] * 3


def test_many_measurements_are_bounded_on_the_page(live: LiveRun) -> None:
    """A page gets at most a thousand entries of a list and how many more there are; the report has them all."""
    page = Page(live)
    live.listen(Stamped(1, 1.0, started()))
    live.listen(Stamped(2, 1.0, events.CaseStarted("a::one")))
    for seq in range(3, 1503):
        live.listen(Stamped(seq, time.time(), measured("a::one")))
    attempt = page.catch_up()["run"]["modules"][0]["cases"][0]["attempts"][0]
    assert len(attempt["measurements"]) == 1000
    assert attempt["omitted"] == {"measurements": 500}


def test_a_message_every_millisecond_costs_each_patch_the_same(live: LiveRun) -> None:
    """A page gets the first thousand and the last three; what a patch takes does not grow with what was said."""
    page = Page(live)
    live.listen(Stamped(1, 1.0, started()))
    live.listen(Stamped(2, 1.0, events.CaseStarted("a::one")))
    page.catch_up()
    seq, sizes = 2, []
    for _ in range(20):
        for _ in range(1000):
            seq += 1
            live.listen(Stamped(seq, 1.0 + seq / 1000, events.MessageShown("a::one", "", f"says {seq:05}")))
        live.publish()
        changes = live.after(page.last, 0)
        assert changes
        sizes.append(max(len(change.data) for change in changes))
        attempt = page.catch_up()["run"]["modules"][0]["cases"][0]["attempts"][0]
        assert [*attempt["messages"].values(), *(attempt["newest"] or ())][-1] == f"says {seq:05}"
    assert len(attempt["messages"]) == 1000
    assert attempt["newest"] == [f"says {number:05}" for number in (20000, 20001, 20002)]
    assert attempt["omitted"] == {"messages": 19000}
    assert max(sizes[2:]) < 1000
    assert len(live.snapshot().data) < 40_000


def test_what_nobody_follows_is_not_folded_and_is_there_for_who_comes(
    live: LiveRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events only wait; the first page gets all of it, one that was away gets it as a whole, and a run is shown."""
    folded: list[int] = []

    class Counting(Fold):
        def apply(self, stamped: Stamped) -> str | None:
            folded.append(stamped.seq)
            return super().apply(stamped)

    monkeypatch.setattr("sequencer.panel.live.Fold", Counting)
    asked: list[str] = []
    live.when_followed(lambda: asked.append("followed"))
    for seq, event in enumerate((started(), events.CaseStarted("a::one"), measured("a::one")), 1):
        live.listen(Stamped(seq, float(seq), event))
    live.publish()
    assert asked == folded == []
    page = Page(live)
    assert asked == ["followed"]
    attempt = page.catch_up()["run"]["modules"][0]["cases"][0]["attempts"][0]
    assert [one["value"] for one in attempt["measurements"]] == [1.0]
    live.followed(-1)
    live.listen(Stamped(4, 4.0, measured("a::one", value=2.0)))
    live.listen(Stamped(5, 5.0, events.CaseFinished("a::one", "passed")))
    live.publish()
    assert len(folded) == 3
    live.followed(+1)
    live.publish()
    attempt = page.catch_up()["run"]["modules"][0]["cases"][0]["attempts"][0]
    assert [one["value"] for one in attempt["measurements"]] == [1.0, 2.0]
    assert len(folded) == 5
    assert attempt["status"] == "passed"
