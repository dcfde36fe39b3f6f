"""Reports as files for other programs and for people: one file here per format, and those of other packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache

from sequencer.report.exports.base import Export, export_of_package
from sequencer.vocabulary.registry import Registry

__all__ = ["Export", "exports"]


def exports() -> Registry[Export]:
    """Every format by its name: what the command line, the HTTP interface and the panel offer.

    Asking for one of another package raises ``UnusableExtension`` when it cannot be used.
    """
    return _along(tuple(sys.path))


@cache
def _along(path: tuple[str, ...]) -> Registry[Export]:
    formats: Registry[Export] = Registry("an export", "hardseq.exports", export_of_package)
    for export in _own():
        formats.add(export.name, export)
    return formats


def _own() -> Iterator[Export]:
    # Imported here: every run loads this package, and few ask for a format.
    from sequencer.report.exports.csv_rows import to_csv
    from sequencer.report.exports.html_page import to_html
    from sequencer.report.exports.json_text import json_parts, standcloud_parts, to_json, to_standcloud
    from sequencer.report.exports.junit import to_junit
    from sequencer.report.exports.pdf import is_installed, to_pdf

    json = "application/json"
    yield Export(name="json", label="JSON", media_type=json, suffix="json", write=to_json, parts=json_parts)
    yield Export(name="csv", label="CSV", media_type="text/csv", suffix="csv", write=to_csv, byte_order_mark=True)
    yield Export(name="html", label="HTML", media_type="text/html", suffix="html", write=to_html, sheet=True)
    if is_installed():
        yield Export(name="pdf", label="PDF", media_type="application/pdf", suffix="pdf", write=to_pdf, sheet=True)
    yield Export(name="junit", label="JUnit", media_type="application/xml", suffix="xml", write=to_junit)
    yield Export(
        name="standcloud",
        label="StandCloud",
        media_type=json,
        suffix="standcloud.json",
        write=to_standcloud,
        parts=standcloud_parts,
    )
