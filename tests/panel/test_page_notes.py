"""A stored run gets comments and a disposition later: on its page, in the list, in files; only a manager waives."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sequencer.app.exit_codes import Refusal
from sequencer.cli.runs import command
from tests.panel.sequences import SIMPLE
from tests.panel.staff import as_user

expect = pytest.importorskip("playwright.sync_api").expect


def hardseq_runs(folder: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(command, [*arguments, "--project", str(folder)], input=typed, standalone_mode=False)


def test_only_a_manager_waives(staffed: Any) -> None:
    """Others are refused by the server, which logs it; who it was comes from the login, whatever the request says."""
    panel = staffed.open()
    panel.wait_for("ready")
    run = panel.run()["id"]
    before = panel.report_store.store.get(run)

    def add(name: str, **body: Any) -> Any:
        return panel.ask("POST", f"/api/runs/{run}/notes", body, token=False, headers=as_user(name))

    waived = {"disposition": "waived", "comment": "the scratch is inside"}
    assert [add(name, **waived).status for name in ("Oda", "Eve")] == [403, 403]
    assert panel.ask("POST", f"/api/runs/{run}/notes", waived).status == 403, "a program of the machine is no manager"
    assert add("Max", disposition="waived").json["error"]["coded_reason"]["code"] == "waiver_reason"
    assert add("Oda", comment=" ").status == 422
    assert add("Oda", disposition="sold").status == 400
    assert add("Oda", comment="x" * 2001).status == 400
    assert add("Oda", disposition="repair", comment="=R12 was cold", user="Max").json["note"]["user"] == "Oda"
    assert add("Max", **waived).status == 200
    nowhere = panel.ask("POST", "/api/runs/none/notes", {"comment": "x"}, token=False, headers=as_user("Oda"))
    assert nowhere.status == 404
    log = panel.ask("GET", "/api/log", token=False, headers=as_user("Max")).json["actions"]
    assert [(one["user"], one["action"], one["outcome"], one["details"]["disposition"]) for one in log] == [
        ("Max", "add_note", "done", "waived"),
        ("Max", "add_note", "refused", "waived"),
        (None, "add_note", "refused", "waived"),
        ("Eve", "add_note", "refused", "waived"),
        ("Oda", "add_note", "refused", "waived"),
    ]
    latest = panel.ask("POST", "/api/runs/latest/notes", waived, token=False, headers=as_user("Max")).json
    panel.ask("POST", f"/api/runs/{'x' * 9000}/notes", waived, token=False, headers=as_user("Oda"))
    log = panel.ask("GET", "/api/log", token=False, headers=as_user("Max")).json["actions"]
    assert (latest["note"]["run"], log[1]["details"]["run"], log[0]["details"]["run"]) == (run, run, "x" * 200)
    (line,) = panel.ask("GET", "/api/runs").json["runs"]
    assert (line["status"], line["disposition"], [one["user"] for one in line["notes"]]) == (
        "passed",
        "waived",
        ["Oda", "Max", "Max"],
    )
    report = panel.ask("GET", f"/api/runs/{run}").json
    assert [one["comment"] for one in report.pop("notes")] == ["=R12 was cold", *["the scratch is inside"] * 2]
    assert report == before == panel.report_store.store.get(run)
    rows = list(csv.DictReader(io.StringIO(panel.ask("GET", "/api/runs?format=csv").body.decode("utf-8-sig"))))
    assert rows[0]["disposition"] == "waived"
    assert rows[0]["comments"].startswith("'=R12 was cold\nthe scratch")
    page = panel.ask("GET", f"/api/runs/{run}?format=html").body.decode()
    assert "Added later" in page and "the scratch is inside" in page
    assert "the scratch is inside" in panel.ask("GET", f"/api/runs/{run}/sheet").body.decode()
    assert json.loads(panel.ask("GET", "/api/runs?format=json").body)["runs"][0]["disposition"] == "waived"


def test_the_command_asks_who_it_is(staffed: Any) -> None:
    """Where people log in, `hardseq runs comment` wants a name and a PIN; lists and what is shown of it have it."""
    panel = staffed.open()
    run = panel.run()["id"]
    panel.close()
    waive = ("comment", "latest", "scratch", "--disposition", "waived")
    for arguments, typed, words in (
        (waive, "", "say who you are"),
        ((*waive, "--user", "Max"), "Oda-pin\n", "nobody has this name"),
        ((*waive, "--user", "Eve"), "Eve-pin\n", "only a manager"),
        (("comment", "none", "x", "--user", "Oda"), "Oda-pin\n", "there is no run"),
        (("comment", run, "--user", "Oda"), "Oda-pin\n", "write a comment"),
    ):
        refused = hardseq_runs(staffed.folder, *arguments, typed=typed)
        assert isinstance(refused.exception, Refusal) and words in str(refused.exception)
    assert hardseq_runs(staffed.folder, "comment", run, "cold", "--user", "Oda", typed="Oda-pin\n").exception is None
    done = hardseq_runs(staffed.folder, *waive, "--user", "Max", typed="Max-badge\n")
    assert done.stdout == f"added to run {run}\n"
    assert "waived" in hardseq_runs(staffed.folder, "list").stdout
    assert (
        json.loads(hardseq_runs(staffed.folder, "list", "--format", "json").stdout)["runs"][0]["disposition"]
        == "waived"
    )
    shown = hardseq_runs(staffed.folder, "show", run).stdout
    assert re.search(r"waived: scratch Max, \d", shown) and "comment: cold Oda" in shown
    exported = json.loads(hardseq_runs(staffed.folder, "export", run).stdout)
    assert [(one["user"], one["disposition"]) for one in exported["notes"]] == [("Oda", None), ("Max", "waived")]


def test_a_run_is_commented_on_its_page(staffed: Any, browse: Any) -> None:
    """Whoever is logged in writes and chooses there; waiving is offered to a manager alone; the list has a mark."""
    staffed.sequence("board", SIMPLE.replace("4.8, 5.2", "1.0, 2.0"))
    panel = staffed.open()
    panel.wait_for("ready")
    run = panel.run()["id"]
    look = browse(panel, f"/runs/{run}", strict=False)
    expect(look.locator(".report-head")).to_be_visible()
    expect(look.get_by_label("What becomes of the unit")).to_have_count(0)

    def page_of(name: str) -> Any:
        page = browse(panel, f"/login?next=/runs/{run}", strict=False)
        page.get_by_label("Badge").fill(f"{name}-badge")
        page.keyboard.press("Enter")
        expect(page.get_by_label("What becomes of the unit")).to_be_visible()
        return page

    page = page_of("Oda")
    expect(page.get_by_role("option", name="Waived")).to_have_count(0)
    page.get_by_label("Comment", exact=True).fill("<i>cold</i> joint at R12")
    page.get_by_label("What becomes of the unit").select_option("repair")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".notes .note")).to_contain_text("<i>cold</i> joint at R12")
    expect(page.locator(".notes .note")).to_contain_text("Oda")
    expect(page.locator(".report-head")).to_contain_text("Fail")
    boss = page_of("Max")
    boss.get_by_label("What becomes of the unit").select_option("waived")
    boss.get_by_role("button", name="Add").click()
    expect(boss.locator(".notes .note")).to_have_count(1)  # the field says that it lacks the reason
    boss.get_by_label("Comment", exact=True).fill("customer accepts")
    boss.get_by_role("button", name="Add").click()
    expect(boss.locator(".notes .note")).to_have_count(2)
    boss.set_viewport_size({"width": 360, "height": 740})
    assert boss.evaluate("document.documentElement.scrollWidth") <= 360
    boss.goto(panel.url + "/runs")
    row = boss.locator(".runs tbody tr")
    expect(row).to_contain_text("Waived")
    expect(row).to_contain_text("failed")
