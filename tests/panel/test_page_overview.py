"""Overview and Failures: what is planted in the line is seen, by mouse and keyboard, and a view is its address."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import pytest

from sequencer.figures import service
from sequencer.figures.failures import failures, new_failures
from sequencer.figures.index import FiguresIndex
from sequencer.figures.overview import overview
from sequencer.figures.scope import Scope
from sequencer.store.sqlite.store import SqliteStore
from tests.figures.history import Case, Run, report_of
from tests.figures.line import DAY, END, copied, truths
from tests.panel.axe import violations
from tests.panel.conftest import Panel
from tests.panel.live_page import frames, settled
from tests.store.tampering import change_report

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

TRUTHS = truths()
GREEN = """
(canvas) => {
  const [wide, y] = [canvas.width, Math.round(canvas.height * 0.75)];
  const { data } = canvas.getContext("2d").getImageData(0, y, wide, 1);
  const green = Array.from({ length: wide }, (_, x) => [0, 115, 79].every((part, at) => data[4 * x + at] === part));
  const left = green.indexOf(true);
  const ratio = wide / canvas.clientWidth;
  return [(left + 3) / ratio, y / ratio];
}
"""
"""Where the first bar of passed runs is on a canvas."""
OVER = """
() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("main *")].filter(
  (one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".table-scroll, svg, canvas")
).map((one) => `${one.tagName}.${one.className}: ${Math.round(one.getBoundingClientRect().right)}`)
"""
"""What of a page that is wider than its window goes over its edge."""
MONTH = END - END % DAY - 29 * DAY


@pytest.fixture(scope="module")
def index(line_kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same figures, to be asked beside the panel, which keeps its own to itself."""
    folder = tmp_path_factory.mktemp("index")
    copied(line_kept, folder)
    with FiguresIndex(folder / "figures.duckdb") as index:
        yield index


def figures(page: Any) -> Any:
    """The page's figures, once they have come."""
    expect(page.locator(".figures-body:not([aria-busy]) .card").first).to_be_visible()
    return page.locator(".figures-body")


def at(page: Any) -> str:
    """The page's address without the panel's."""
    return str(page.evaluate("location.pathname + location.search"))


def percent(share: float | None) -> str:
    assert share is not None
    return f"{share * 100:.1f}".removesuffix(".0") + "%"


def test_overview_says_how_the_line_is_and_was(line_panel: Panel, index: Any, browse: Any) -> None:
    """Every tile has the figure of the chosen time and that of the time before; a bar leads to its runs."""
    page = browse(line_panel, "/", now=END, timezone_id="UTC")
    page.get_by_role("link", name="Overview").click()
    body = figures(page)
    (now,) = overview(index.ask, Scope(since=MONTH))
    (before,) = overview(index.ask, Scope(since=MONTH - 30 * DAY, until=END - 30 * DAY))
    shown, earlier = now.document(), before.document()
    for name in ("first_pass_yield", "second_pass_yield", "final_yield", "yield"):
        tile = body.locator(f"[data-figure={name}]")
        expect(tile.locator(".tile-figure")).to_have_text(percent(shown[name]))  # type: ignore[arg-type]
        expect(tile.locator(".tile-change")).to_have_text(f"was {percent(earlier[name])}")  # type: ignore[arg-type]
    expect(body.locator("[data-figure=runs] .tile-figure")).to_have_text(f"{shown['runs']:,}")
    expect(page.locator(".figures-basis")).to_contain_text(f"Runs these rest on: {shown['runs']:,} · left out: ")
    bars = page.locator(".chart", has_text="Runs per day")
    expect(bars.locator("canvas")).to_be_visible()
    bars.locator("summary").click()
    days = bars.locator("tbody tr")
    expect(days).to_have_count(30)
    expect(days.filter(has_text="Sat, May 30").locator("td").first).to_have_text("0")
    bars.locator("summary").click()
    of_units = page.locator(".chart", has_text="Units over time")
    of_units.locator("summary").click()
    (day,) = (one for one in overview(index.ask, Scope(since=MONTH, span="day")) if one.of.split.span == "2026-06-26")
    parts = [day.of.first_passed, day.of.second_passed - day.of.first_passed, day.of.units - day.of.second_passed]
    expect(of_units.locator("tbody tr").last.locator("td")).to_have_text([str(n) for n in (day.of.units, *parts)])
    bars.scroll_into_view_if_needed()
    frames(settled(page))
    box = bars.locator("canvas").bounding_box()
    x, y = bars.locator("canvas").evaluate(GREEN)
    page.mouse.click(box["x"] + x, box["y"] + y)
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    assert "status=passed" in at(page)
    assert re.search(r"&clock_since=2026-\d\d-\d\dT00%3A00&clock_until=2026-\d\d-\d\dT00%3A00", at(page)), at(page)


def test_the_worn_nest_and_the_bad_batch_are_two_clicks_from_overview(line_panel: Panel, browse: Any) -> None:
    """The first click splits, and the lowest stands on top; the second shows what fails there."""
    page = browse(line_panel, "/overview", now=END, timezone_id="UTC")
    figures(page)
    worn, batch = TRUTHS.worn_nest, TRUTHS.bad_batch
    for split, name, filters, case in (
        ("stand,slot", f"{worn.stand} · {worn.slot}", {"Stand": worn.stand, "Slot": worn.slot}, "Contact"),
        ("batch", batch.batch, {"Batch": batch.batch}, "Current"),
    ):
        page.get_by_label("Split by").select_option(split)
        first = page.locator(".figures-split tbody tr").first
        expect(first.locator("th")).to_contain_text(str(name))
        expect(first.locator(".is-worst")).to_have_text("lowest")
        first.locator("a[href^='/failures']").click()
        for label, value in filters.items():
            expect(page.get_by_label(label)).to_have_value(str(value))
        expect(page.locator(".figures-split tbody th").first).to_contain_text(case)
        page.go_back()
        expect(page.get_by_label("Split by")).to_have_value(split)
        page.get_by_role("link", name="Overview").click()
        figures(page)


def test_failures_are_a_pareto_whose_bars_lead_to_their_runs(line_panel: Panel, index: Any, browse: Any) -> None:
    """By case, measurement, error code or stand, with shares; what never failed before comes first."""
    page = browse(line_panel, "/failures?since=7d", now=END, timezone_id="UTC")
    figures(page)
    week = Scope(since=END - END % DAY - 6 * DAY)
    fresh = new_failures(index.ask, week)
    assert TRUTHS.new_failure.case in {row.name for row in fresh}
    expect(page.locator(".figures-new li")).to_have_count(len(fresh))
    expect(page.locator(".figures-new")).to_contain_text("Seal")
    (tested,) = overview(index.ask, week)
    for link, cause in (
        ("Measurement", "measurement"),
        ("Error code", "error_code"),
        ("Stand", "failing_stand"),
        ("Case", "case"),
    ):
        page.locator(".segmented").get_by_role("link", name=link, exact=True).click()
        expect(page.locator(".segmented [aria-current]")).to_have_text(link)
        (most, *others) = failures(index.ask, week._replace(by=(cause,)), cause)
        rows = page.locator(".figures-split tbody tr")
        expect(rows).to_have_count(1 + len(others))
        wanted = [str(most.runs), percent(most.share), percent(most.cumulative), str(most.units)]
        wanted.append(percent(most.units / tested.of.units))
        expect(rows.first.locator("td.number")).to_have_text(wanted)
        if cause == "measurement":
            first = (
                ["/measurements/one?", "case=", "measurement="],
                ["/runs?", f"measurement={quote_plus(most.name)}"],
            )
            for place, parts in zip(("th a", "td a"), first, strict=True):
                href = rows.first.locator(place).get_attribute("href")
                assert all(part in href for part in (*parts, "since=7d")), href
    page.get_by_label("Split by").select_option("stand")
    table = page.locator(".chart .chart-table")
    table.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(table.locator("thead th")).to_have_text(["Case", "Stand 1", "Stand 2", "Stand 3", "Stand 4"])
    page.locator(".figures-split tbody th a").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    assert f"case={most.name.replace(':', '%3A')}" in at(page) and "since=7d" in at(page)


def test_a_view_is_its_address(line_panel: Panel, browse: Any) -> None:
    """Each choice stands in it, and it brings each choice back; addresses of before lead to the same runs."""
    page = browse(line_panel, "/overview", now=END, timezone_id="UTC")
    figures(page)
    page.get_by_label("Time", exact=True).select_option("7d")
    page.get_by_label("Time step").select_option("shift")
    page.get_by_label("Stand", exact=True).select_option("Stand 2")
    page.get_by_label("Split by").select_option("stand,slot")
    wanted = "/overview?since=7d&span=shift&stand=Stand+2&by=stand&by=slot"
    expect(page.locator(".figures-split tbody tr")).to_have_count(4)
    assert at(page) == wanted
    expect(page.locator(".chart-title").first).to_have_text("Runs per shift")
    page.reload()
    expect(page.locator(".figures-split tbody tr")).to_have_count(4)
    assert [
        page.get_by_label(name, exact=True).input_value() for name in ("Time", "Time step", "Stand", "Split by")
    ] == [
        "7d",
        "shift",
        "Stand 2",
        "stand,slot",
    ]
    page.get_by_label("Time", exact=True).select_option("own")
    expect(page.get_by_label("From", exact=True)).to_have_value("2026-06-20T00:00")
    page.get_by_label("To", exact=True).fill("2026-06-22T00:00")
    expect(page.locator(".empty")).to_contain_text("No runs in this choice.")
    page.get_by_role("link", name="Show all runs of all time").click()
    expect(page.locator("[data-figure=runs] .tile-change")).to_have_text("nothing to compare with")
    page.goto(f"{line_panel.url}/yield?span=custom&from=2026-06-24&to=2026-06-24&stand=Stand+1")
    figures(page)
    assert at(page).startswith("/overview?")
    expect(page.get_by_label("From", exact=True)).to_have_value("2026-06-24T00:00")
    expect(page.get_by_label("To", exact=True)).to_have_value("2026-06-25T00:00")
    expect(page.get_by_label("Stand", exact=True)).to_have_value("Stand 1")
    page.goto(f"{line_panel.url}/overview?since=shift")
    expect(page.get_by_label("Time", exact=True)).to_have_value("shift")


def test_while_the_index_is_made_the_page_shows_what_there_is(line_panel: Panel, browse: Any) -> None:
    """How far it is, or what it lacks, beside the figures so far; once it is whole they are asked for again."""
    page = browse(line_panel, "/storage", now=END, timezone_id="UTC")
    lack: dict[str, object] = {"left": 900, "problem": "CouchDB at X cannot be reached"}

    def lacking(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), **lack})

    page.route("**/api/figures/overview*", lacking)
    page.route("**/api/figures/state", lacking)
    page.get_by_role("link", name="Overview").click()
    figures(page)
    expect(page.get_by_role("progressbar", name="Counted runs")).to_be_visible()
    expect(page.locator(".figures-building")).to_contain_text("900")
    lack["left"] = None
    page.reload()
    told = "What came last is not in these figures: CouchDB at X cannot be reached"
    expect(page.locator(".figures-building .field-problem")).to_have_text(told)
    figures(page)
    lack.clear()
    expect(page.locator(".figures-building")).to_be_empty()
    figures(page)


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(360, 740, "light"), (1366, 768, "dark"), (1920, 1080, "light")]
)
def test_figures_are_for_every_screen_and_reader(
    line_panel: Panel, browse: Any, width: int, height: int, scheme: str
) -> None:
    """Nothing runs over an edge from a phone to a wall, axe has nothing to say, and a phone folds its filters."""
    page = browse(
        line_panel,
        "/overview?by=stand",
        now=END,
        timezone_id="UTC",
        viewport={"width": width, "height": height},
        color_scheme=scheme,
    )
    for path in ("/overview?by=stand", "/failures?by=stand"):
        page.goto(line_panel.url + path)
        figures(page)
        page.locator(".figure-area").last.scroll_into_view_if_needed()
        expect(page.locator(".figure-area canvas").last).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert violations(page) == []
    page.goto(f"{line_panel.url}/time")
    figures(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    heights = page.locator(".figures-split tbody tr").evaluate_all("rows => rows.map((row) => row.clientHeight)")
    assert max(heights) < 160
    page.go_back()
    figures(page)
    more = page.get_by_role("button", name="Filters")
    if width > 400:
        expect(more).to_have_count(0)
        return
    expect(page.get_by_label("Batch")).to_be_hidden()
    more.click()
    page.get_by_label("Batch").select_option("B7")
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    assert at(page) == "/failures?since=30d&by=stand"


@pytest.mark.parametrize("span", ["day", "hour", "shift"])
def test_a_bar_of_stands_in_several_time_zones_leads_to_its_runs(stand: Any, browse: Any, span: str) -> None:
    """Each bar is of what the clocks of the stands showed: the list behind it has as many runs, whatever zone the
    browser is in, and says by which clock they were chosen, until somebody wants to see other times, too."""
    store = SqliteStore(stand.folder / ".hardseq" / "hardseq.sqlite3")
    for number, zone in enumerate(("Asia/Tokyo", "America/New_York", "Asia/Kolkata")):
        for run in range(16):
            start = END - 2 * DAY + run * 10_000.0
            made = Run(start=start, serial_number=f"SN{run}", stand=f"Stand {number}", zone=zone)
            store.save(report_of(made.named(number * 100 + run)))
    store.close()
    stand.configure('[frontend]\nshifts = ["06:00", "14:00", "22:00"]\n')
    panel = stand.open()
    page = browse(panel, f"/overview?since=7d&span={span}", now=END, timezone_id="Europe/Berlin")
    figures(page)
    bars = page.locator(".chart", has_text=f"Runs per {span}")
    bars.locator("summary").click()
    links = bars.locator("tbody tr").evaluate_all(
        "rows => rows.map((row) => [row.querySelector('a').getAttribute('href'), row.querySelector('td').textContent])"
    )
    counted = {href: int(amount) for href, amount in links}
    assert sum(counted.values()) == 48 and len(counted) >= 3
    for href, amount in counted.items():
        asked = {key: value for key, value in parse_qsl(urlsplit(href).query) if key.startswith("clock_")}
        times = {key: datetime.fromisoformat(f"{value}+00:00").timestamp() for key, value in asked.items()}
        since = END - 8 * DAY
        answer = panel.ask("GET", f"/api/figures/runs?{urlencode({'since': since, **times, 'limit': 100})}").json
        assert (len(answer["rows"]), answer["totals"]["runs"]) == (amount, amount), href
    href, amount = max(counted.items(), key=lambda one: one[1])
    page.goto(panel.url + href)
    expect(page.locator(".run-totals")).to_contain_text(f"Runs: {amount}")
    clock = page.get_by_role("button", name="By the clock of each stand")
    expect(clock).to_be_visible()
    clock.click()
    expect(page.locator(".run-totals")).to_contain_text("Runs: 48")
    assert "clock" not in at(page)


def test_long_names_run_over_no_edge(stand: Any, browse: Any) -> None:
    """Names without a blank, as people paste them: a page of the history is as wide as its window."""
    long = "Leiterplattenbaugruppe_mit_langem_Namen_und_ohne_Leerzeichen_" * 2
    cases = tuple(
        Case(f"{long[:30]}::{long[:40]}_{at}", measured=((f"{long[:60]} {at}", 5.0 + at, "V", [4.0, 9.0]),), title=long)
        for at in range(3)
    )
    store = SqliteStore(stand.folder / ".hardseq" / "hardseq.sqlite3")
    for at in range(4):
        run = Run(
            start=END - 7_000.0 * at,
            serial_number=f"SN-{long}",
            part_number=long,
            sequence=long,
            version=long[:40],
            stand=f"{long} {at % 2}",
            batch=long,
            operator=long,
            status="failed" if at else "passed",
            cases=tuple(replace(case, status="failed") if at else case for case in cases),
            sub_units=((f"SUB-{long}", long),),
        )
        store.save(report_of(run.named(at)))
    store.close()
    panel = stand.open()
    (row, *_) = panel.ask("GET", "/api/figures/capability").json["rows"]
    measurement = {name: row[name] for name in ("sequence", "case", "measurement", "unit")}
    page = browse(panel, "/overview?by=stand", now=END, timezone_id="UTC")
    for path, shown in (
        ("/failures", ".figures-split"),
        (f"/measurements/one?{urlencode(measurement)}", ".measurement-tiles"),
        (f"/units?{urlencode({'serial_number': f'SN-{long}'})}", ".unit-family"),
    ):
        page.goto(panel.url + path)
        expect(page.locator(shown).first).to_be_visible()
        for width in (360, 1366):
            page.set_viewport_size({"width": width, "height": 800})
            over = page.evaluate(OVER)
            assert (over, page.evaluate("document.documentElement.scrollWidth")) == ([], width), path


def test_pages_say_how_many_reports_were_changed(stand: Any, browse: Any) -> None:
    """Of what somebody changed in the database nobody told: the figures find it, mark it and say so on their pages."""
    file = stand.folder / ".hardseq" / "hardseq.sqlite3"
    store = SqliteStore(file)
    made = [report_of(Run(start=END - 60.0 * at, serial_number=f"SN{at}").named(at)) for at in range(3)]
    for report in made:
        store.save(report)
    store.close()
    panel = stand.open()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "CHECK_PAUSE", 0.0)
        page = browse(panel, "/overview", now=END, timezone_id="UTC")
        figures(page)
        expect(page.locator(".is-changed")).to_have_count(0)
        change_report(file, made[1]["id"], user="Nobody")
        end = time.monotonic() + 60.0
        while not panel.ask("GET", "/api/figures/state").json["changed"]:
            assert time.monotonic() < end
            time.sleep(0.05)
    for path in ("/overview", "/runs"):
        page.goto(panel.url + path)
        expect(page.locator(".is-changed")).to_contain_text("changed in the database: 1")
    expect(page.locator("tbody tr", has_text="SN1")).to_contain_text("changed")
