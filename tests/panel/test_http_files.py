"""Files over HTTP: the page's own, which browsers keep, and pictures of the project, which can do nothing."""

from __future__ import annotations

import gzip
import re
import sys
from typing import Any

import pytest


@pytest.fixture(scope="module")
def panel(shared_stand: Any) -> Any:
    """A panel of a project with a picture and a few secrets."""
    shared_stand.write("images/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    shared_stand.write("secret.txt", "secret")
    shared_stand.write(".hidden/a.png", b"secret")
    return shared_stand.open()


def test_the_pages_own_files_are_asked_for_once(panel: Any) -> None:
    """Browsers keep them, since their addresses name their contents; another version's address gets what there is."""
    page = panel.ask("GET", "/").body.decode()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert [address.rsplit("/", 1)[1] for address in addresses if "/all." in address] == ["all.css", "all.js"]
    for address in addresses:
        answer = panel.ask("GET", address)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable"), address
    other = panel.ask("GET", re.sub(r"/v-\w+/", "/v-0000/", addresses[0]))
    assert (other.status, other.headers["Cache-Control"]) == (200, "no-cache")


def test_texts_travel_compressed_to_whoever_takes_that(panel: Any) -> None:
    """A browser gets scripts, sheets and translations packed, a program that does not ask for that the same plain."""
    page = panel.ask("GET", "/").body.decode()
    script = re.search(r'"(/static/[^"]+/js/all\.js)"', page)
    assert script is not None
    for name in ("js/all.js", "css/all.css", "translations/de.json"):
        address = script[1].replace("js/all.js", name)
        packed = panel.ask("GET", address, headers={"Accept-Encoding": "gzip, br"})
        plain = [panel.ask("GET", address, headers={"Accept-Encoding": given}) for given in ("identity", "gzip;q=0")]
        assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
        assert "immutable" in packed.headers["Cache-Control"]
        assert all("Content-Encoding" not in answer.headers for answer in plain)
        assert {gzip.decompress(packed.body)} == {answer.body for answer in plain}
        assert len(packed.body) < len(plain[0].body) / 3


@pytest.mark.parametrize(
    "name",
    [
        "secret.txt",
        "../secret.png",
        "images/../secret.txt",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "..%5c..%5cwindows%5cwin.ini",
        ".hidden/a.png",
        "images",
        "images/none.png",
        "hardseq.toml",
        "drivers/bench.py",
    ],
)
def test_only_pictures_of_the_project_are_served(panel: Any, name: str) -> None:
    """No other file, nothing hidden, nothing outside of the folder."""
    assert panel.ask("GET", f"/api/pictures/{name}").status in (400, 404)


def test_a_picture_can_do_nothing(panel: Any) -> None:
    """An SVG is a document that may hold scripts: it comes sandboxed."""
    answer = panel.ask("GET", "/api/pictures/images/a.svg")
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "image/svg+xml")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_a_picture_is_kept_by_nobody_in_between(panel: Any) -> None:
    """Only the browser that asked keeps one; that there is none is not kept at all, and a part tells the whole size."""
    path = "/api/pictures/images/a.svg"
    kept = panel.ask("GET", path).headers
    assert set(kept["Cache-Control"].split(", ")) == {"private", "max-age=60"}
    assert panel.ask("GET", path, headers={"If-None-Match": kept["ETag"]}).status == 304
    assert panel.ask("GET", "/api/pictures/images/none.svg").headers["Cache-Control"] == "no-store"
    part = panel.ask("GET", path, headers={"Range": "bytes=100000-"})
    assert (part.status, part.headers["Content-Range"]) == (416, f"bytes */{kept['Content-Length']}")


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_link_out_of_the_project_is_not_followed(panel: Any, tmp_path: Any) -> None:
    """A symbolic link in the project does not open the rest of the disk."""
    (tmp_path / "out.png").write_bytes(b"secret")
    link = panel.project.folder / "images/link.png"
    link.symlink_to(tmp_path / "out.png")
    assert panel.ask("GET", "/api/pictures/images/link.png").status == 404


# What stands in it.
