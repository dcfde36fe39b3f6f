"""Reports as files for other programs and for people: one file here per format, and those of other packages."""

from __future__ import annotations

import sys
from functools import cache

from sequencer.report.exports.base import Export, export_of_package
from sequencer.report.exports.csv_rows import to_csv
from sequencer.report.exports.html_page import to_html
from sequencer.report.exports.json_text import to_json, to_standcloud
from sequencer.report.exports.junit import to_junit
from sequencer.vocabulary.registry import Registry

__all__ = ["Export", "exports", "to_csv", "to_html", "to_json", "to_junit", "to_standcloud"]

_OWN = (
    Export(name="json", label="JSON", media_type="application/json", suffix="json", write=to_json),
    Export(name="csv", label="CSV", media_type="text/csv", suffix="csv", write=to_csv, byte_order_mark=True),
    Export(name="html", label="HTML", media_type="text/html", suffix="html", write=to_html),
    Export(name="junit", label="JUnit", media_type="application/xml", suffix="xml", write=to_junit),
    Export(
        name="standcloud",
        label="StandCloud",
        media_type="application/json",
        suffix="standcloud.json",
        write=to_standcloud,
    ),
)


def exports() -> Registry[Export]:
    """Every format by its name: what the command line, the HTTP interface and the panel offer.

    Asking for one of another package raises ``UnusableExtension`` when it cannot be used.
    """
    return _along(tuple(sys.path))


@cache
def _along(path: tuple[str, ...]) -> Registry[Export]:
    formats: Registry[Export] = Registry("an export", "hardseq.exports", export_of_package)
    for export in _OWN:
        formats.add(export.name, export)
    return formats
