"""What the history pages and their files say, held against figures made by hand."""

from __future__ import annotations

import copy
import csv
import io
import math
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from sequencer.figures import service
from tests.store.tampering import change_report

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SEQUENCE = """
name: Rails
modules:
  rails:
    name: Supply rails
    cases:
      rail:
        name: Rail
        steps:
          - record: {dut: {serial_number: A, part_number: PB-7}}
          - {measure: Output, value: 5.0, unit: V, limits: [4.8, 5.2]}
      button:
        name: Button
        steps:
          - {check: true}
"""
BEGIN = 1_790_000_000.0


class Past:
    """A panel with whatever history a test wants."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self._real = panel.run()
        self._number = 0

    def add(self, value: Any = 5.0, **changed: Any) -> str:
        """A run like the real one, a minute after the one before; ``unit`` and ``limits`` are the measurement's."""
        self._number += 1
        report = copy.deepcopy(self._real)
        begun = BEGIN + 60 * self._number
        case = report["modules"][0]["cases"][0]
        measurement = case["attempts"][-1]["measurements"][0]
        measurement["value"] = value
        measurement |= {key: changed.pop(key) for key in ("unit", "limits") if key in changed}
        report["dut"] = {**report["dut"], "serial_number": changed.pop("serial", "A")}
        report |= {"id": str(uuid.uuid4()), "start_time": begun, "stop_time": begun + 10.0, **changed}
        report["sequence"] = {**report["sequence"], "name": changed.get("name", "Rails")}
        if report["status"] in ("failed", "error"):
            case["status"] = report["status"]
        self.panel.report_store.store.save(report)
        return str(report["id"])

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.panel.ask("GET", f"{path}?{urlencode(parameters)}")
        assert answer.status == 200, answer.body
        return answer

    def series(self, **parameters: Any) -> Any:
        asked = {"case": "rails::rail", "measurement": "Output", "until": BEGIN + 1e6, **parameters}
        return self.get("/api/series", **asked).json

    def rows(self, path: str, **parameters: Any) -> list[dict[str, str]]:
        body = self.get(path, format="csv", until=BEGIN + 1e6, **parameters).body
        assert body.startswith(b"\xef\xbb\xbf")
        return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


@pytest.fixture
def past(stand: Any, monkeypatch: pytest.MonkeyPatch) -> Past:
    """A panel and one real run, which lies after all that tests add. A machine that is busy is slow, not wrong."""
    monkeypatch.setattr(service, "COUNTING_SECONDS", 60.0)
    stand.sequence("rails", SEQUENCE)
    return Past(stand.open())


def test_yield_by_hand(past: Past, browse: Callable[..., Any]) -> None:
    """A board that passes when tested again counts as failed first; stopped, chosen and simulated runs do not count."""
    past.add(serial="A", status="failed")
    past.add(serial="A")
    past.add(serial="B")
    past.add(serial="B", status="failed")
    past.add(serial="C", status="error")
    past.add(serial="D", status="stopped")
    past.add(serial="E", status="failed", selection=["rails::rail"])
    past.add(serial="F", status="failed", simulated=True)
    past.add(serial="G", status="failed", debugged=True)
    past.add(serial=None)
    found = past.get("/api/statistics", until=BEGIN + 1e6).json
    assert (found["runs"], found["judged"], found["passed"], found["stopped"]) == (7, 6, 3, 1)
    assert (found["yield"], found["units"], found["first_passed"]) == (0.5, 3, 1)
    assert found["mean_seconds"] == 10.0
    assert found["failures"] == [{"case": "rails::rail", "runs": 3}]
    page = browse(past.panel, "/yield?span=custom&from=2026-01-01&to=2026-10-01")
    expect(page.locator("[data-figure=yield] .tile-figure")).to_have_text("50%")
    expect(page.locator("[data-figure=first_pass_yield] .tile-figure")).to_have_text("33.3%")
    assert {row["name"]: row["value"] for row in past.rows("/api/statistics")}["total_yield"] == "0.5"


def test_a_run_that_is_no_evidence_is_marked(past: Past, browse: Callable[..., Any]) -> None:
    """Partial, debugged, simulated, cut-off and changed runs are told apart in the list and on their own page."""
    changed = past.add()
    change_report(past.panel.project.state.database, changed, user="Nobody")
    assert past.get(f"/api/runs/{changed}").json["status"] == "error"
    marked = {
        past.add(selection=["rails::rail"]): ("partial", "Partial"),
        past.add(debugged=True): ("partial", "Debugged"),
        past.add(simulated=True): ("simulated", "Simulated"),
        past.add(aborted=True, stop_time=None): ("aborted", "The test process died"),
        changed: ("changed", "the stored report was changed"),
    }
    page = browse(past.panel, "/runs")
    for run, (tag, line) in marked.items():
        row = page.locator(".runs tbody tr", has=page.locator(f'a[href="/runs/{run}"]'))
        expect(row.locator(".tag")).to_have_text(tag)
        row.locator(".row-link").click()
        expect(page.locator(".flag-line, .run-failures")).to_contain_text([line])
        page.go_back()
    page.goto(f"{past.panel.url}/units?serial_number=A")
    expect(page.locator(f'.unit-runs tr[data-run="{changed}"] .tag')).to_have_text("changed")


def test_capability_by_hand(past: Past) -> None:
    """Mean, s (n - 1), Cp and Cpk of 4.9, 5.0, 5.1; what is no number counts for nothing but is told."""
    for value in (4.9, 5.0, 5.1):
        past.add(value)
    past.add("NaN", status="failed")
    found = past.series()["capability"]
    assert (found["count"], found["missing"], found["limits_changed"]) == (3, 1, False)
    assert (found["mean"], found["stdev"]) == (pytest.approx(5.0), pytest.approx(0.1))
    assert (found["cp"], found["cpk"]) == (pytest.approx(0.4 / 0.6), pytest.approx(0.2 / 0.3))
    assert (found["minimum"], found["maximum"], found["lower"], found["upper"]) == (4.9, 5.1, 4.8, 5.2)


CAPABILITIES: dict[str, tuple[list[float], Any, float | None, float | None]] = {
    "upper only": ([4.9, 5.0, 5.1], {"le": 5.2}, None, 0.2 / 0.3),
    "lower only": ([4.9, 5.0, 5.1], {"ge": 4.9}, None, 0.1 / 0.3),
    "none": ([4.9, 5.0, 5.1], None, None, None),
    "tolerance": ([4.9, 5.0, 5.1], {"nominal": 5.0, "tolerance": "4 %"}, 0.4 / 0.6, 0.2 / 0.3),
    "outside": ([5.5, 5.6, 5.7], [4.8, 5.2], 0.4 / 0.6, -0.4 / 0.3),
    "no spread": ([5.0, 5.0, 5.0], [4.8, 5.2], None, None),
    "one value": ([5.0], [4.8, 5.2], None, None),
}
"""Values and limits of a sequence of that name, their Cp and Cpk."""


def test_capability_with_any_limits(past: Past, browse: Callable[..., Any]) -> None:
    """One limit gives a Cpk alone, no spread and a single value give none; the page says the same."""
    page = browse(past.panel, "/runs")
    for sequence, (values, limits, cp, cpk) in CAPABILITIES.items():
        for value in values:
            past.add(value, limits=limits, name=sequence)
        found = past.series(sequence=sequence)["capability"]
        for figure, wanted in (("cp", cp), ("cpk", cpk)):
            assert found[figure] == (None if wanted is None else pytest.approx(wanted)), sequence
        asked = {"sequence": sequence, "case": "rails::rail", "measurement": "Output", "unit": "V"}
        span = {"span": "custom", "from": "2026-01-01", "to": "2026-10-01"}
        page.goto(f"{past.panel.url}/measurements?{urlencode({**asked, **span})}")
        expect(page.get_by_label("Sequence")).to_have_value(sequence)
        # Of the overall sigma, the same that the call of before has.
        overall = page.locator("[data-figure=ppk]")
        expect(overall.locator(".tile-figure")).to_have_text("—" if cpk is None else f"{cpk:.2f}")
        expect(overall).to_contain_text("Pp —" if cp is None else f"Pp {cp:.2f}")


def test_units_and_limits_that_changed(past: Past, browse: Callable[..., Any]) -> None:
    """Each unit is a measurement of its own; against several limits the newest count, and the page says so."""
    for value in (4.9, 5.1):
        past.add(value, limits=[4.0, 6.0])
    for value in (5000.0, 5010.0):
        past.add(value, unit="mV", limits=[4800, 5200])
    past.add(5.0, limits=[4.8, 5.2])
    volts = past.series()
    assert (volts["unit"], [point["value"] for point in volts["points"]]) == ("V", [4.9, 5.1, 5.0])
    assert (volts["capability"]["upper"], volts["capability"]["limits_changed"]) == (5.2, True)
    millivolts = past.series(unit="mV")
    assert [point["value"] for point in millivolts["points"]] == [5000.0, 5010.0]
    assert millivolts["capability"]["mean"] == 5005.0
    page = browse(past.panel, "/measurements?since=all")
    names = page.locator(".measurements tbody th")
    expect(names.filter(has_text="Output (V)")).to_have_count(1)
    names.filter(has_text="Output (mV)").get_by_role("link").click()
    expect(page.locator("[data-figure=mean]")).to_contain_text("5005 mV")
    expect(page.locator(".measurement-limits tbody tr")).to_have_count(1)
    page.reload()
    expect(page.locator("[data-figure=mean]")).to_contain_text("5005 mV")
    page.goto(f"{past.panel.url}/measurements/one?case=rails::rail&measurement=Output&unit=V&since=all")
    expect(page.locator("[data-figure=limits] .tile-figure")).to_have_text("4.8 … 5.2 V")
    expect(page.locator(".measurement-limits tbody tr")).to_have_count(2)


def test_a_measurement_of_two_sequences(past: Past, browse: Callable[..., Any]) -> None:
    """The same case in two sequences stays apart, also after a reload; a case without numbers shows no other's."""
    past.add(4.9, name="Another")
    page = browse(past.panel, "/measurements?since=all&case=rails::rail")
    expect(page.locator(".measurements tbody tr")).to_have_count(2)
    page.locator(".measurements tbody tr", has_text="Another").get_by_role("link").click()
    mean = page.locator("[data-figure=mean] .tile-figure")
    expect(mean).to_have_text("4.9 V")
    page.get_by_label("Sequence").select_option("Rails")
    expect(mean).to_have_text("5 V")
    page.reload()
    expect(mean).to_have_text("5 V")
    page.goto(f"{past.panel.url}/measurements?since=all&case=rails::button")
    expect(page.locator(".measurements [role=status]")).to_have_text("No measurement has these words.")


def test_files_hold_all_that_matches(past: Past) -> None:
    """Files go past the longest page, keep to the filters, and a spreadsheet reads their letters, numbers, formulas."""
    past.add(status="failed", serial="=SUM(A1)", user="Jürgen µΩ")
    for number in range(501):
        past.add(float(number), serial=f"N{number}")
    rows = past.rows("/api/runs")
    assert len(rows) == 502
    assert len({row["id"] for row in rows}) == 502
    assert [row["serial_number"] for row in past.rows("/api/runs", status="failed")] == ["'=SUM(A1)"]
    assert rows[-1]["user"] == "Jürgen µΩ"
    assert (rows[-1]["start_time"], rows[-1]["simulated"]) == ("2026-09-21T14:14:20.000Z", "false")
    file = past.get("/api/runs", format="json", until=BEGIN + 1e6)
    assert file.headers["Content-Disposition"] == 'attachment; filename="runs.json"'
    assert [run["id"] for run in file.json["runs"]] == [row["id"] for row in rows]
    values = past.rows("/api/series", case="rails::rail", measurement="Output", limit=10)
    assert [row["value"] for row in values] == ["5.0", *(f"{float(number)}" for number in range(501))]
    assert (values[0]["lower"], values[0]["unit"], values[0]["result"]) == ("4.8", "V", "true")
    whole = past.get("/api/series", format="json", case="rails::rail", measurement="Output", serial_number="N7").json
    assert [point["value"] for point in whole["points"]] == [7.0]
    report = past.get("/api/runs/latest", format="csv").body
    assert report.startswith(b"\xef\xbb\xbfrun,")


def test_an_empty_history_says_so(stand: Any, browse: Callable[..., Any]) -> None:
    """No run at all is something else than none that matches, whatever is filtered; one can only start the first."""
    panel = stand.open()
    page = browse(panel, "/runs")
    for path, text in (
        ("/runs", "No runs are stored yet."),
        ("/runs?status=failed", "No runs are stored yet."),
        ("/overview", "No runs are stored yet."),
        ("/failures?sequence=x&since=7d", "No runs are stored yet."),
        ("/measurements", "No runs are stored yet."),
        ("/measurements/one?case=a::b&measurement=c&unit=", "No runs are stored yet."),
        ("/time?since=today", "No runs are stored yet."),
    ):
        page.goto(panel.url + path)
        expect(page.locator(".empty")).to_contain_text(text)
        expect(page.locator(".empty a")).to_have_text("Start the first run on the live page")
        expect(page.locator("main").get_by_role("link", name="CSV")).to_have_count(0)
    page.goto(f"{panel.url}/storage")
    expect(page.locator(".empty")).to_contain_text("Nothing is sent elsewhere")
    expect(page.locator("main").get_by_role("button")).to_have_count(0)
    for path in ("/api/runs?", "/api/statistics?", "/api/series?case=a::b&measurement=c&"):
        for form in ("csv", "json"):
            assert panel.ask("GET", f"{path}format={form}").status == 200


def test_pages_begin_with_all_time_and_lead_out_of_a_filter(past: Past, browse: Callable[..., Any]) -> None:
    """What is chosen at first is the same on all pages of a kind; what matches nothing is one click from everything."""
    page = browse(past.panel, "/runs")
    begins = {"/runs": "all", **dict.fromkeys(("/overview", "/failures", "/measurements", "/time"), "30d")}
    for path, first in begins.items():
        page.goto(past.panel.url + path)
        expect(page.get_by_label("Time", exact=True)).to_have_value(first)
    page.goto(f"{past.panel.url}/overview?part_number=nothing")
    expect(page.locator(".empty")).to_contain_text("No runs in this choice.")
    page.get_by_role("link", name="Show all runs").click()
    expect(page.locator(".tile-figure").first).to_have_text("100%")
    expect(page.get_by_label("Part number")).to_be_hidden()


def test_a_day_of_25_hours(past: Past, browse: Callable[..., Any]) -> None:
    """Days are those of the browser's clock, also when it is set back."""
    page = browse(past.panel, "/runs", timezone_id="Europe/Berlin")
    page.get_by_label("Time").select_option("own")
    page.get_by_label("From", exact=True).fill("2026-10-25T00:00")
    with page.expect_request(lambda request: "until=" in request.url) as asked:
        page.get_by_label("To", exact=True).fill("2026-10-26T00:00")
    assert "since=1792879200&until=1792969200" in asked.value.url
    assert 1792969200 - 1792879200 == 25 * 3600


def test_a_late_answer_changes_nothing(past: Past, browse: Callable[..., Any]) -> None:
    """Of two questions the newer one stands: the older one, not answered yet, is given up."""
    page = browse(past.panel, "/overview?since=all")
    expect(page.locator(".tile-figure").first).to_have_text("100%")
    held: list[Any] = []
    page.route("**/api/figures/overview?*span=hour*", lambda route: held.append(route))
    with page.expect_request("**/api/figures/overview?*span=hour*"):
        page.get_by_label("Time step").select_option("hour")
    with page.expect_event("requestfailed", lambda request: "span=hour" in request.url):
        page.get_by_label("Time step").select_option("week")
    expect(page.locator(".figures-body:not([aria-busy]) .chart-title").first).to_have_text("Runs per week")
    assert len(held) == 1


def test_back_finds_the_list_as_it_was_left(past: Past, browse: Callable[..., Any]) -> None:
    """After a look at a run far down the list is as long as before, at the same place."""
    for number in range(120):
        past.add(serial=f"N{number}")
    page = browse(past.panel, "/runs?part_number=PB-7")
    rows = page.locator(".runs tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)
    far = page.locator(".runs tbody tr", has_text="N30").locator(".row-link")
    far.click()
    expect(page.locator(".report-head")).to_be_visible()
    page.go_back()
    expect(rows).to_have_count(100)
    expect(far).to_be_in_viewport()
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(121)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_a_large_run_opens(past: Past, browse: Callable[..., Any]) -> None:
    """1,000 cases with ten measurements each stand on one page."""
    report = copy.deepcopy(past.panel.last())
    module = report["modules"][0]
    case = module["cases"][0]
    case["attempts"][0]["measurements"] *= 10
    module["cases"] = [{**case, "id": f"c{number}", "name": f"Case {number}"} for number in range(1000)]
    report["id"] = str(uuid.uuid4())
    past.panel.report_store.store.save(report)
    page = browse(past.panel, f"/runs/{report['id']}")
    expect(page.locator(".case")).to_have_count(1000)
    page.locator(".case-head").last.click()
    expect(page.locator(".measurements tbody tr")).to_have_count(10)


def test_a_wrong_run_is_told(past: Past, browse: Callable[..., Any]) -> None:
    """Whatever stands in the address: words, and the way back."""
    page = browse(past.panel, "/", strict=False)
    for run in ("nonsense", "%", "%E0%A4%A", quote("<img src=x onerror=alert(1)>")):
        page.goto(f"{past.panel.url}/runs/{run}")
        expect(page.locator(".empty")).not_to_be_empty()
        expect(page.locator(".back-link")).to_be_visible()


def test_cp_of_large_numbers_stays_finite(past: Past) -> None:
    """Values at the edge of what a number can hold break no page: those whose squares are none are as good as none."""
    for value in (1e308, -1e308, math.pi):
        past.add(value)
    found = past.series()["capability"]
    assert (found["count"], found["missing"]) == (1, 2)
    assert found["cp"] is None or math.isfinite(found["cp"])
