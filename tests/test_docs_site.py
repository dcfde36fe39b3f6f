"""The documentation as a site: whole, each link leads somewhere, and nothing comes from other machines."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import build_site

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


def test_every_page_is_part_of_the_site(site: Path) -> None:
    """No link is broken and no page left out; the changelog and each example have a page too."""
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in ROOT.glob("docs/**/*.md")}
    examples = {Path("examples", f"{path.name}.html") for path in (ROOT / "examples").iterdir() if path.is_dir()}
    built = {path.relative_to(site) for path in site.rglob("*.html")}
    assert {*pages, *examples, Path("changelog.html")} - built == set()


def test_the_page_of_an_example_shows_its_files(site: Path) -> None:
    """Who has no checkout reads the README, the sequence and the drivers of an example on its page."""
    page = (site / "examples" / "attempts.html").read_text("utf-8")
    assert all(f"<code>{name}</code>" in page for name in ("attempts.yaml", "drivers/contact.py"))


def test_the_site_asks_no_other_machine(site: Path) -> None:
    """No page loads a script, a style, a font or a picture from elsewhere, and search works from a file too."""
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|iframe)[^>]*src=\"?([^\" >]+)|<link[^>]*href=\"?([^\" >]+)", page.read_text("utf-8")
        )
        assert [one for each in loaded for one in each if "//" in one] == [], page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text("utf-8")), style
    assert (site / "search" / "search_index.js").exists()
    assert (site / "assets" / "iframe-worker" / "shim.js").exists()


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("no_such_page.md", "no_such_page.md"),
        ("tutorial.md#no-such-heading", "does not contain an anchor '#no-such-heading'"),
        ("../examples/no_such_example", "../examples/no_such_example"),
    ],
)
def test_a_broken_link_ends_the_build(link: str, told: str, tmp_path: Path) -> None:
    """A page, a heading or an example that is not there is an error that is told with its page."""
    (tmp_path / "docs").mkdir()
    for name in ("mkdocs.yml", "docs/site.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "docs" / "tutorial.md").write_text("# Tutorial\n", encoding="utf-8")
    (tmp_path / "docs" / "index.md").write_text(
        f"## Tutorial\n\n- [Tutorial](tutorial.md)\n\n[x]({link})\n", encoding="utf-8"
    )
    built = build_site(tmp_path, tmp_path / "site")
    assert told in built.stderr
    assert built.returncode == 1
