"""Reports written for other programs and for people."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sequencer.report.exports
from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.exports import exports
from sequencer.report.exports.csv_rows import COLUMNS, to_csv
from sequencer.report.exports.html_page import to_html
from sequencer.report.exports.json_text import to_json, to_standcloud
from sequencer.report.exports.junit import to_junit
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from tests.effort import examples

NASTY = "<img src=x onerror=alert(1)>\x00&\"'"


def report_of(*said: Event, name: str = "Board test", finished: bool = True) -> RunReport:
    cases = [{"id": case, "name": case.upper(), "place": "s.yaml:3:1"} for case in ("a", "b", "c")]
    started = events.RunStarted(
        "run-1",
        {"name": name, "version": "1.0", "file": "s.yaml", "sha256": "ab"},
        [{"id": "m", "name": "Main", "cases": cases}],
        "0.1.0",
        {"name": "bench"},
        {"dut": {"serial_number": "SN1"}},
    )
    whole: list[Event] = [started, *said]
    return fold([Stamped(seq, 100.0 + seq, event) for seq, event in enumerate(whole, 1)], aborted=finished)


def measured(value: Any, kind: Any = "numeric", limits: Any = None, **more: Any) -> list[Event]:
    measurement = events.MeasurementRecorded(
        "m::a", "s.yaml:4:7", more.pop("name", "rail"), value, kind, limits=limits, **more
    )
    return [events.CaseStarted("m::a"), measurement, events.CaseFinished("m::a", "passed")]


def rows_of(report: RunReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(report))))


def test_json_is_the_report() -> None:
    """The JSON export reads back as the report itself, a lone surrogate of a driver included."""
    report = report_of(events.CaseStarted("m::a"), events.MessageShown("m::a", "k", "µ\udc80"))
    text = to_json(report)
    assert json.loads(text) == report
    assert text.encode()


def test_standcloud_is_version_1() -> None:
    """The StandCloud export has that format's keys and no others."""
    assert json.loads(to_standcloud(report_of()))["id"] == "run-1"


def test_exports_for_people_show_numbers_as_the_terminal_does() -> None:
    """Without the noise of binary fractions; the report itself has all digits."""
    report = report_of(
        events.CaseStarted("m::a", 1),
        events.MeasurementRecorded("m::a", "s.yaml:4:7", "current", 5.6999999999999975, "numeric", "A"),
        events.CaseFinished("m::a", "passed", 1),
    )
    for text in (to_html(report), to_junit(report)):
        assert "5.7 A" in text
        assert "5.69999" not in text


def test_csv_has_a_row_per_measurement_of_every_attempt() -> None:
    """Attempts that did not count have their rows too, under the columns that are documented."""
    report = report_of(
        events.CaseStarted("m::a", 1),
        events.MeasurementRecorded("m::a", "s.yaml:4:7", "rail", 4.5, "numeric", "V", [4.8, 5.2], False, "too low"),
        events.CaseFinished("m::a", "failed", 1, final=False),
        events.CaseStarted("m::a", 2),
        events.MeasurementRecorded("m::a", "s.yaml:4:7", "rail", 5, "numeric", "V", [4.8, 5.2], True),
        events.CaseFinished("m::a", "passed", 2),
    )
    first, second = rows_of(report)
    assert list(first) == list(COLUMNS)
    assert (first["value"], first["lower_limit"], first["upper_limit"]) == ("4.5", "4.8", "5.2")
    assert (first["attempt"], first["attempt_status"], first["result"]) == ("1", "failed", "failed")
    assert (second["attempt"], second["case_status"], second["limits"]) == ("2", "passed", "4.8 V ≤ value ≤ 5.2 V")
    assert second["time"] == "1970-01-01T00:01:46.000Z"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_csv_texts_are_no_formulas(text: str) -> None:
    """A text that a spreadsheet would evaluate is quoted, also when blanks hide it; a control character is shown."""
    (row,) = rows_of(report_of(*measured("  " + text, "string", name=text, unit="\x00" + text)))
    assert row["value"].startswith("'")
    assert row["measurement"].startswith("'")
    assert row["unit"].startswith("\\u0000")


def test_texts_that_differ_in_a_control_character_stay_apart() -> None:
    """GS1 codes are parted by U+001D: without it two of them would read the same, in every export."""
    for export in (to_csv, to_junit, to_html):
        assert "21AB\\u001d10CD" in export(report_of(*measured("21AB\x1d10CD", "string", name="code \x1d")))


def test_csv_negative_numbers_stay_numbers() -> None:
    """The guard against formulas leaves measured numbers alone."""
    (row,) = rows_of(report_of(*measured(-1.5)))
    assert row["value"] == "-1.5"


@pytest.mark.parametrize(
    ("limits", "bounds"),
    [
        ({"ge": 1}, ("1", "")),
        ({"lt": 2}, ("", "2")),
        ({"outside": {"lt": 1, "gt": 2}}, ("", "")),
        ({"eq": 5}, ("5", "5")),
        (None, ("", "")),
    ],
)
def test_csv_bounds_are_those_of_the_limits(limits: Any, bounds: tuple[str, str]) -> None:
    """Whoever judges by the two columns comes to the verdict: outside of a range there are no such two."""
    (row,) = rows_of(report_of(*measured(5, limits=limits)))
    assert (row["lower_limit"], row["upper_limit"]) == bounds


def junit(report: RunReport) -> ElementTree.Element:
    return ElementTree.fromstring(to_junit(report).encode())


def test_junit_counts_and_tells() -> None:
    """Every case is a test with its outcome, its words and its measurements; the counts agree."""
    root = junit(
        report_of(
            *measured(5, limits=[4, 6], unit="V", result=True),
            events.CaseStarted("m::b"),
            events.FailureRecorded("m::b", "failed", "5 V rail: too low", "s.yaml:9:7", call="dmm.read", error_code=3),
            events.CaseFinished("m::b", "failed"),
            events.CaseFinished("m::c", "skipped", reason="depends on m::b"),
            events.RunFinished("failed"),
        )
    )
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    passed, failed, skipped = root.iter("testcase")
    assert "rail = 5 V (passed, 4 V ≤ value ≤ 6 V)" in (passed.findtext("system-out") or "")
    failure = failed.find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("failed", "5 V rail: too low")
    assert failure.text == "s.yaml:9:7: 5 V rail: too low\nerror code 3\nin dmm.read"
    assert skipped[0].get("message") == "depends on m::b"


@pytest.mark.parametrize("status", ["error", "stopped"])
def test_junit_errors(status: Any) -> None:
    """A case with an error, or one that was stopped, is an error of the suite."""
    root = junit(report_of(events.CaseStarted("m::a"), events.CaseFinished("m::a", status), events.RunFinished(status)))
    assert root.get("errors") == "1"


@pytest.mark.parametrize(
    "said",
    [
        [],
        [events.RunFinished("skipped")],
        [*measured(5), events.FailureRecorded(None, "error", "the supply did not close"), events.RunFinished("error")],
        [*measured(5), events.RunFinished("stopped", "by the operator")],
    ],
    ids=["died", "nothing ran", "run failure", "stopped"],
)
def test_a_run_that_did_not_pass_is_red_in_ci(said: list[Event]) -> None:
    """When no case says so, a test for the run itself does."""
    root = junit(report_of(*said))
    assert root.get("errors") == "1"


class Checker(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def checked(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    assert not {"script", "img", "link", "iframe", "object", "form", "a"} & set(checker.tags)
    assert not [name for name in checker.attributes if name.startswith("on") or name in ("src", "href", "style")]
    return checker


def test_html_escapes_every_text() -> None:
    """A name full of markup shows as it is wherever a name can stand, and nothing is loaded or run."""
    report = report_of(
        events.CaseStarted("m::a"),
        events.MeasurementRecorded("m::a", NASTY, NASTY, NASTY, "string", NASTY, {"eq": NASTY}, False, NASTY),
        events.MessageShown("m::a", NASTY, NASTY),
        events.ChartAdded(
            "m::a",
            {
                "type": "line",
                "title": NASTY,
                "x_label": NASTY,
                "marker_name": [NASTY],
                "x_data": [[1, 2]],
                "y_data": [[3, 4]],
            },
        ),
        events.DialogAsked("m::a", NASTY, {"title": NASTY}),
        events.DialogAnswered("m::a", NASTY, NASTY, NASTY, NASTY),
        events.ProgramFinished("m::a", NASTY, [NASTY], 1, NASTY, 1.0),
        events.FileAttached("m::a", NASTY, NASTY, 1),
        events.FailureRecorded("m::a", "failed", NASTY, NASTY, NASTY, NASTY, traceback=NASTY),
        events.FailureRecorded(None, "error", NASTY),
        events.FactRecorded("m::a", "dut", {"name": NASTY, "info": {NASTY: NASTY}, "sub_units": [{"name": NASTY}]}),
        events.FactRecorded("m::a", "instruments", [{"name": NASTY}]),
        events.FactRecorded("m::a", "artifact", {level: {NASTY: NASTY} for level in ("run", "module", "case")}),
        events.OperatorMessageShown("m::a", NASTY, NASTY, NASTY),
        events.CaseFinished("m::a", "failed", reason=NASTY),
        events.RunFinished("failed", NASTY),
        name=NASTY,
    )
    checker = checked(to_html(report))
    assert sum("<img src=x" in text for text in checker.texts) >= 15


def test_html_shows_what_matters() -> None:
    """Verdict, serial number, values with limits, reasons, what the operator was told and artifacts stand there."""
    report = report_of(
        events.CaseStarted("m::a"),
        events.MeasurementRecorded("m::a", "s.yaml:4:7", "5 V rail", 5.31, "numeric", "V", [4.8, 5.2], False, "high"),
        events.FailureRecorded("m::a", "failed", "5 V rail: 5.31 V is above the upper limit of 5.2 V", "s.yaml:4:7"),
        events.OperatorMessageShown("m::a", "lid", "Close the lid", "Lid"),
        events.FactRecorded("m::a", "artifact", {"run": {"lot": 7}, "module": {"jig": "J2"}, "case": {"raw": [1, 2]}}),
        events.CaseFinished("m::a", "failed"),
        events.RunFinished("failed"),
    )
    text = " ".join(checked(to_html(report)).texts)
    for words in ("failed", "SN1", "5.31 V", "4.8 V ≤ value ≤ 5.2 V", "above the upper limit", "s.yaml:4:7"):
        assert words in text
    for words in ("Lid: Close the lid", '"lot": 7', '"jig": "J2"', '"raw": ['):
        assert words in text


def drawn(**chart: Any) -> str:
    """The page of a report with this chart."""
    return to_html(
        report_of(events.CaseStarted("m::a"), events.ChartAdded("m::a", chart), events.CaseFinished("m::a", "passed"))
    )


def test_charts_are_drawn_without_what_has_no_place() -> None:
    """Points that a logarithmic axis cannot show, and values that are no numbers, are left out of the drawing."""
    page = drawn(type="log_x_y", x_data=[[0, 1, 10, 100]], y_data=[[1, "NaN", 10, 1000]], marker_name=["Gain"])
    assert re.findall(r'points="([^"]+)"', page) == ["70.0,215.0 620.0,30.0 "]
    assert ">Gain</text>" in page
    assert "<svg" not in drawn(type="line", x_data=[[]], y_data=[[]])
    assert '<circle cx="345.0" cy="122.5"' in drawn(type="line", x_data=[[1]], y_data=[[1]])


def test_markup_is_in_templates_alone() -> None:
    """No Python of an export writes a tag, so that nothing can be left unescaped."""
    folder = Path(sequencer.report.exports.__file__).parent
    for file in folder.glob("html*.py"):
        texts = [node.value for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Constant)]
        assert not [text for text in texts if re.search("<[a-z/!]", str(text))], file
    for template in (folder / "templates").glob("*.j2"):
        assert not re.search(r"\|\s*safe|autoescape", template.read_text("utf-8")), template


@given(data=st.data())
@settings(max_examples=examples(30))
def test_any_report_can_be_exported(data: st.DataObject, streams: Any) -> None:
    """Every format takes every report: the text is UTF-8, the XML is well formed, the page is safe."""
    stream = data.draw(streams)
    report = fold(stream[: data.draw(st.integers(1, len(stream)))], aborted=data.draw(st.booleans()))
    # PDF is the page of HTML laid out, which takes a second.
    texts = {name: str(export.write(report)) for name, export in exports().items() if name != "pdf"}
    for text in texts.values():
        text.encode("utf-8")
    root = ElementTree.fromstring(texts["junit"].encode())
    assert (report["status"] == "passed") == (root.get("failures") == root.get("errors") == "0")
    measurements = [
        m for mod in report["modules"] for c in mod["cases"] for a in c["attempts"] for m in a["measurements"]
    ]
    assert len(rows_of(report)) == max(1, len(measurements))
    checked(texts["html"])


def test_the_columns_are_documented() -> None:
    """The report's reference names every format and every column of the table."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "report.md").read_text(encoding="utf-8")
    for name in (*exports(), *COLUMNS):
        assert f"`{name}`" in page
