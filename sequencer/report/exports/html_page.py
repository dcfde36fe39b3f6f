"""``html``: the report as one page to print, mail or keep: it loads nothing, runs nothing, and escapes every text.

What is shown is chosen here; all markup is in ``templates/``, whose expressions are escaped by Jinja2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from sequencer.report.after_run import standing
from sequencer.report.exports.html_chart import drawing_of
from sequencer.report.exports.words import duration, limits_in_words, printable, shown, slot_text
from sequencer.report.model import CaseReport, ModuleReport, RunReport
from sequencer.report.outcome import verdict_word, warnings
from sequencer.vocabulary.json_text import as_text, indented
from sequencer.vocabulary.status import BAD_STATUSES
from sequencer.vocabulary.times import moment, shown_seconds

if TYPE_CHECKING:
    from jinja2 import Environment


def to_html(report: RunReport, logo: str | None = None) -> str:
    """A whole HTML document; ``logo`` is a picture as ``data:`` address."""
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            title=report["sequence"]["name"] or "Test report",
            verdict=verdict_word(report),
            logo=logo,
            started=_readable(report["start_time"]),
            facts=_facts(report),
            failed=list(_failed(report)),
            after_run=standing(report),
            notes=[(_readable(note["time"]), note) for note in report.get("notes", ())],
        )
    )


@cache
def _environment() -> Environment:
    # Imported here: few commands export a page, and all of them import the list of formats.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sequencer.report.exports"),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["duration"] = duration
    environment.filters.update(
        as_text=as_text,
        clock=_clock,
        drawing=drawing_of,
        json=_json,
        limits_in_words=limits_in_words,
        seconds=shown_seconds,
        shown=shown,
    )
    return environment


def _finalized(value: object) -> object:
    """What stands in the page for a value: a text without characters that no page can hold, anything else as it is."""
    return printable(value) if type(value) is str else value  # not Markup, which the templates made


def _json(value: object) -> str:
    return indented(value).rstrip()


def _readable(time: float) -> str:
    return moment(time).split(".")[0].replace("T", " ") + " UTC"


def _clock(time: float) -> str:
    return moment(time).partition("T")[2][:12] + " UTC"


def _failed(report: RunReport) -> Iterator[tuple[ModuleReport, CaseReport]]:
    """The cases that kept the run from passing."""
    for module in report["modules"]:
        for case in module["cases"]:
            if case["status"] in BAD_STATUSES:
                yield module, case


def _facts(report: RunReport) -> Iterator[tuple[str, object]]:
    """The head of the page, name and value; what is empty is not shown."""
    dut, stand = report["dut"], report["stand"]
    yield "Serial number", dut.get("serial_number")
    yield "Part number", dut.get("part_number")
    yield "DUT", " ".join(dut[key] for key in ("name", "type", "revision") if dut.get(key))
    for index, unit in enumerate(dut.get("sub_units") or (), 1):
        yield f"Sub unit {index}", _in_one_line(unit)
    yield "Batch", report["batch"].get("serial_number")
    yield "Process", report["process"].get("name")
    yield "Stand", stand.get("name")
    yield "Location", stand.get("location")
    yield "Slot", slot_text(report)
    for index, instrument in enumerate(report["instruments"], 1):
        yield f"Instrument {index}", _in_one_line(instrument)
    yield "Operator", report["user"]
    yield "Variant", report.get("variant")
    if "imported" in report:
        yield "Imported from", f"{report['imported']['program']}: {report['imported']['file']}"
    yield "Sequence version", report["sequence"]["version"]
    yield "Duration", shown_seconds(duration(report["start_time"], report["stop_time"]))
    yield "Warnings", warnings(report) or None
    yield "Error code", report["error_code"]
    yield "Stopped", report["stop_reason"]
    yield "Simulated", "yes" if report["simulated"] else None
    yield "Aborted", "yes: the run died, this is what its journal held" if report["aborted"] else None
    for section in (dut, report["process"], stand):
        yield from (section.get("info") or {}).items()
    yield from report["params"].items()


def _in_one_line(fields: Mapping[str, object]) -> str:
    return " ".join(as_text(value) for key, value in fields.items() if key != "info" and value)
