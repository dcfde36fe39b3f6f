"""``pdf``: the page to print as PDF, laid out by WeasyPrint, which comes with ``pip install hardseq[pdf]``."""

from __future__ import annotations

from importlib.util import find_spec

from sequencer.report.exports.html_page import to_html
from sequencer.report.model import RunReport
from sequencer.vocabulary.extension import UnusableExtension


def is_installed() -> bool:
    """Whether the extra is there; whether it can be used shows when it is."""
    return find_spec("weasyprint") is not None


def to_pdf(report: RunReport, logo: str | None = None) -> bytes:
    """A whole PDF document. Raises ``UnusableExtension`` where a library that WeasyPrint needs is missing."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        raise UnusableExtension(
            f"PDF needs `pip install 'hardseq[pdf]'` and the system's Pango library: {error}"
        ) from error
    # The logo is in the page: nothing that a picture names is loaded from a disk or the network.
    inside = URLFetcher(allowed_protocols={"data"})
    written: bytes = HTML(string=to_html(report, logo), url_fetcher=inside).write_pdf()
    return written
