"""Who may do what with the slots of a stand, who is recorded for each, and what is scanned where it should not be."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.panel.staff import as_user
from tests.panel.test_slots import ASKING, fill, opened, reports, slots_of, until

PARAMS = {"params": {"serial": "SN1"}}


def as_whom(panel: Any, name: str | None) -> dict[str, str]:
    """The headers of a user's program, or of a page where nobody is logged in."""
    if name is not None:
        return as_user(name)
    token = re.search('data-token="([^"]+)"', panel.ask("GET", "/", token=False).body.decode())
    assert token is not None
    return {"X-Hardseq-Token": token[1]}


def by(panel: Any, name: str | None, path: str, body: Any) -> Any:
    """What this user is answered."""
    return panel.ask("POST", path, body, token=False, headers=as_whom(panel, name))


@pytest.mark.slow
def test_slots_are_started_and_stopped_by_those_who_may(staffed: Any) -> None:
    """Nobody without a login fills, starts or stops one; chosen cases are an engineer's, in whichever slot."""
    panel = opened(staffed, "left", "right")

    def code(name: str | None, path: str, body: Any) -> str | None:
        answer = by(panel, name, path, body)
        return answer.json["error"]["code"] if answer.status >= 400 else None

    both = {"left": PARAMS, "right": {"params": {"serial": "SN2"}}}
    chosen = {"only": ["main"]}
    for path, body in (
        ("/api/slots/left", PARAMS),
        ("/api/start", {"slots": both}),
        ("/api/start", {}),
        ("/api/stop", {}),
        ("/api/stop", {"slot": "left"}),
    ):
        assert code(None, path, body) == "login-needed", (path, body)
        assert code("Tim", path, body) == "token", "who has no token of their own is nobody"
    for body in ({"slots": both, **chosen}, {"slot": "left", **PARAMS, **chosen}, chosen):
        assert code("Oda", "/api/start", body) == "role-needed", body
    assert code("Oda", "/api/start", {"slots": {"left": {**PARAMS, **chosen}}}) == "unknown-key"
    assert {slot["state"] for slot in slots_of(panel).values()} == {"ready"}
    assert all(slot["filled"] is None for slot in slots_of(panel).values())
    assert code("Eve", "/api/start", {"slots": both, "tags": ["none"]}) == "invalid"
    assert code("Oda", "/api/start", {"slots": both}) is None
    until(panel, lambda slots: all(slot["case"] == "Hold" for slot in slots.values()))
    assert code(None, "/api/stop", {"slot": "left"}) == "login-needed"
    assert code("Oda", "/api/stop", {"slot": "left"}) is None
    assert code("Max", "/api/stop", {}) is None
    assert {report["status"] for report in reports(panel, 2)} == {"stopped"}


def test_each_slot_has_who_started_it(staffed: Any) -> None:
    """Somebody else scans the next board: the report of each says who, whatever the request says."""
    panel = opened(staffed, "left", "right", start="each", sequence=ASKING)
    assert by(panel, "Oda", "/api/slots/left", {**PARAMS, "user": "Max"}).status == 200
    assert by(panel, "Eve", "/api/slots/right", {"params": {"serial": "SN2"}}).status == 200
    shown = until(panel, lambda slots: all(slot["dialogs"] for slot in slots.values()))
    for name, who in (("left", "Eve"), ("right", "Oda")):
        address = f"/api/dialogs/{shown[name]['dialogs'][0]['id'].replace(':', '%3A')}"
        assert by(panel, None, address, {"result": "pass", "slot": name}).json["error"]["code"] == "login-needed"
        assert by(panel, who, address, {"result": "pass", "slot": name, "by": "Max"}).status == 200
    left, right = reports(panel, 2)
    assert [left["user"], right["user"]] == ["Oda", "Eve"]
    answered = [report["modules"][0]["cases"][0]["attempts"][0]["dialogs"][0]["by"] for report in (left, right)]
    assert [who.partition(" ")[0] if who else None for who in answered] == ["Eve", "Oda"]


def test_slots_that_start_together_have_who_pressed_start(staffed: Any) -> None:
    """Not who filled them: others may have scanned before."""
    panel = opened(staffed, "left", "right")
    assert by(panel, "Oda", "/api/slots/left", PARAMS).status == 200
    assert by(panel, "Max", "/api/slots/right", {"params": {"serial": "SN2"}}).status == 200
    panel.go()
    assert by(panel, "Eve", "/api/start", {"user": "Oda"}).status == 200
    assert [report["user"] for report in reports(panel, 2)] == ["Eve", "Eve"]


def test_the_same_board_scanned_into_two_slots_at_once_runs_in_one(stand: Any) -> None:
    """Two scanners, or one that sends twice: whichever comes first has it, the other is told of the first."""
    names = ["a", "b", "c", "d"]
    panel = opened(stand, *names, start="each")
    with ThreadPoolExecutor(len(names)) as threads:
        answers = list(threads.map(lambda name: fill(panel, name, "SN1"), names))
    assert sorted(answer.status for answer in answers) == [200, 422, 422, 422]
    for answer in answers:
        if answer.status == 422:
            assert [field["code"] for field in answer.json["error"]["fields"]] == ["same-unit"]
    panel.go()
    (report,) = reports(panel, 1)
    until(panel, lambda slots: all(slot["state"] == "ready" for slot in slots.values()))
    other = next(name for name in names if name != report["slot"]["name"])
    assert fill(panel, other, "SN1").status == 200, "once it is over it may be tested elsewhere"
    reports(panel, 2)


@pytest.mark.parametrize("start", ["together", "each"])
def test_the_code_of_a_slot_is_no_serial_number(stand: Any, start: str) -> None:
    """Scanned on the page of a slot, or sent by a program: no product is tested under the name of a nest."""
    panel = opened(stand, "left", "right", start=start)
    for answer in (
        fill(panel, "left", "NEST-right"),
        fill(panel, "left", " NEST-left "),
        panel.ask("POST", "/api/start", {"slots": {"right": {"params": {"serial": "NEST-left"}}}}),
        panel.ask("POST", "/api/start", {"slot": "right", "params": {"serial": "NEST-left"}}),
    ):
        assert answer.status == 422
        (field,) = answer.json["error"]["fields"]
        assert (field["field"], field["code"]) == ("serial", "slot-code")
        assert re.fullmatch("is the code of slot '(left|right)', not of a product", field["message"])
    assert {slot["state"] for slot in slots_of(panel).values()} == {"ready"}
    assert not panel.report_store.store.find().runs
