"""The report sheet for paper: verdict, logo, PDF."""

from __future__ import annotations

import socketserver
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sequencer.project.logo import LARGEST, read_logo
from sequencer.project.pictures import NoPicture
from sequencer.report.event import RunStarted, Stamped
from sequencer.report.exports import exports
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.vocabulary.extension import UnusableExtension

HOSTILE = '<img src="http://127.0.0.1:{port}/a.png"><style>@import "http://127.0.0.1:{port}/b.css"</style>'


def report_of(name: str) -> RunReport:
    started = RunStarted(
        "r", {"name": name, "version": "1.0", "file": "s.yaml", "sha256": "ab"}, [], "0.1.0", {"name": "bench"}, {}
    )
    report = fold([Stamped(1, 100.0, started)], aborted=True)
    report["status"] = "failed"
    return report


def logo_of(drawn: str) -> str:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{drawn}</svg>'
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def pdf() -> object:
    """The export, where the extra and the system's libraries are installed."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        pytest.skip(f"no WeasyPrint: {error}")
    return weasyprint


def test_a_sheet_has_the_logo_and_the_colour_of_its_verdict() -> None:
    """The HTML carries the logo in itself, and its strip follows the status; without a logo there is no picture."""
    html = exports()["html"]
    sheet = html.bytes_of(report_of("Board"), logo_of("<rect width='9' height='9'/>")).decode()
    assert '<body class="failed-sheet">' in sheet
    assert '<img class="logo" src="data:image/svg+xml;base64,' in sheet
    assert "img-src data:" in sheet
    assert "<img" not in html.bytes_of(report_of("Board")).decode()


@pytest.mark.slow
def test_pdf_is_made_and_loads_nothing(tmp_path: Path) -> None:
    """A whole PDF comes out; what names and pictures point to on the network is never asked for."""
    pdf()
    asked: list[str] = []

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with socketserver.TCPServer(("127.0.0.1", 0), Asked) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        picture = f'<image href="http://127.0.0.1:{port}/c.png" width="9" height="9"/>'
        written = exports()["pdf"].bytes_of(report_of(HOSTILE.format(port=port)), logo_of(picture))
        server.shutdown()
    assert written.startswith(b"%PDF-")
    assert written.rstrip().endswith(b"%%EOF")
    assert asked == []


def test_pdf_without_its_libraries_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Pango is missing, the import fails: that is told with what to do, and no traceback."""
    from sequencer.report.exports.pdf import to_pdf

    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    with pytest.raises(UnusableExtension, match=r"pip install 'hardseq\[pdf\]'"):
        to_pdf(report_of("Board"))


def test_a_logo_is_a_small_picture_of_the_project(tmp_path: Path) -> None:
    """Files outside, of another kind, missing or too large are refused with the reason."""
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    (tmp_path / "large.svg").write_bytes(b" " * (LARGEST + 1))
    (tmp_path / "logo.txt").write_bytes(b"ACME")
    assert read_logo(tmp_path, "logo.png") == "data:image/png;base64,iVBORw=="
    for name, words in (
        ("gone.svg", "there is no picture"),
        ("large.svg", "too large for a logo"),
        ("logo.txt", "is not a picture"),
        ("../logo.png", "must be a file in the project folder"),
    ):
        with pytest.raises(NoPicture, match=words):
            read_logo(tmp_path, name)
