"""Reports as files for other programs and for people: one pure function from report to text per format."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sequencer.report.exports.csv_rows import to_csv
from sequencer.report.exports.html_page import to_html
from sequencer.report.exports.json_text import to_json, to_standcloud
from sequencer.report.exports.junit import to_junit
from sequencer.report.model import RunReport
from sequencer.vocabulary.registry import Registry

__all__ = ["EXPORTERS", "exporters", "to_csv", "to_html", "to_json", "to_junit", "to_standcloud"]


def exporters() -> Registry[Callable[[RunReport], str]]:
    """Every export format by its name; the text that each returns is written as UTF-8."""
    formats: Registry[Callable[[RunReport], str]] = Registry("export formats")
    formats.add("json", to_json)
    formats.add("standcloud", to_standcloud)
    formats.add("junit", to_junit)
    formats.add("csv", to_csv)
    formats.add("html", to_html)
    return formats


EXPORTERS: Mapping[str, Callable[[RunReport], str]] = exporters()
"""What the command line and the panel offer."""
