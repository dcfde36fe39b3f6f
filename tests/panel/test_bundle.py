"""The scripts and sheets of the pages as one file each: what is asked for, and what the bundle cannot take over."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sequencer.panel import bundle
from tests.panel.live_page import started

expect = pytest.importorskip("playwright.sync_api").expect

STATIC = Path(bundle.__file__).parent / "static"
MODULES = {
    "main.js": 'import { twice as double } from "./math.js";\nimport "./side.js";\n'
    'const { lazy } = await import("./late.js");\nglobalThis.told.push(double(21), lazy());\n',
    "math.js": "export const TWO = 2;\n\n/** Twice. */\nexport function twice(of) {\n  return TWO * of;\n}\n",
    "side.js": 'import { TWO } from "./math.js";\nglobalThis.told = [TWO];\n',
    "late.js": 'import { twice } from "./math.js";\n\nexport async function waits() {}\nexport class Kept {}\n'
    'export const lazy = () => `${twice(1)} import { no } from "./x.js"`;\n',
}


def written(folder: Path, **modules: str) -> Path:
    for name, text in {**MODULES, **{f"{name}.js": text for name, text in modules.items()}}.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.slow
def test_the_bundle_does_what_the_modules_do(tmp_path: Path, chromium: Any) -> None:
    """Run by a browser: each module once, when it is first needed, with what others give out."""
    page = chromium.new_page()
    first, rest = bundle.scripts(written(tmp_path), "rest.js")
    assert '"late.js": ' not in first
    assert '"late.js": ' in rest
    served = {"": "<title>x</title>", "all.js": f"{first}\nglobalThis.done = true;", "rest.js": rest}
    kinds = {"": "text/html"}

    def answer(route: Any) -> None:
        name = route.request.url.partition("?")[0].rpartition("/")[2]
        route.fulfill(body=served[name], content_type=kinds.get(name, "text/javascript"))

    page.route("http://bundle/**", answer)
    page.goto("http://bundle/")
    page.add_script_tag(url="http://bundle/all.js", type="module")
    page.wait_for_function("globalThis.done")
    assert page.evaluate("globalThis.told") == [2, 42, '2 import { no } from "./x.js"']
    page.close()


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("math", 'export * from "./side.js";\n', r"export \* from"),
        ("math", "export let changing = 1;\n", "export let"),
        ("math", "export default 1;\n", "export default"),
        ("math", 'import all from "./side.js";\n', "import all"),
        ("math", "import {\n  TWO,\n} from \"./side.js\";\nimport './x.js';\n", "import"),
        ("side", 'import { nobody } from "./nowhere.js";\n', "no module nowhere.js"),
        ("math", 'import "./side.js";\n', "cycle: .*math.js > side.js > math.js"),
        ("side", "await fetch('/');\n", "may wait"),
    ],
)
def test_what_the_bundle_cannot_take_over_is_refused(tmp_path: Path, name: str, text: str, why: str) -> None:
    """With the module and the line, before a browser gets half of it."""
    with pytest.raises(bundle.NotBundled, match=why):
        bundle.scripts(written(tmp_path, **{name: text}), "rest.js")


def test_every_script_and_sheet_of_the_pages_is_in_it() -> None:
    """Each module is one of the functions; nothing of them is lost but the words import and export."""
    text = "\n".join(bundle.scripts(STATIC / "js", "rest.js"))
    for path in (STATIC / "js").glob("*.js"):
        assert f'"{path.name}": ' in text
        for line in path.read_text("utf-8").splitlines():
            if not re.match(r"import\b|export\b|.*\bimport\(", line):
                assert line in text, f"{path.name}: {line}"


@pytest.mark.slow
def test_a_browser_that_never_saw_the_panel_asks_for_little(shared_stand: Any, browse: Any) -> None:
    """The live page is a dozen requests and 200 kB, a later visit asks for the page and the stream of events only.

    It is drawn before the script is there, and says nothing of the stand then.
    """
    panel = shared_stand.open()
    page = browse(panel, "/healthz", new=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(panel.url)))
    page.goto(panel.url)
    started(page)
    assert len(asked) <= 12, asked
    size = "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.transferSize, 0)"
    assert 50_000 < page.evaluate(size) < 200_000
    page.reload()
    started(page)
    assert page.evaluate(size) < 20_000
    page.route("**/js/all.js", lambda route: None)
    page.goto(panel.url, wait_until="commit")
    expect(page.locator(".verdict")).to_have_text("Loading")
    expect(page.locator(".bar")).to_contain_text("hardseq")


@pytest.mark.slow
def test_a_page_that_cannot_be_loaded_says_so(shared_stand: Any, browse: Any) -> None:
    """Where the panel is away before a browser has loaded what is beside the live page; the next look tries again."""
    page = started(browse(shared_stand.open(), strict=False))
    page.route("**/js/later.js*", lambda route: route.abort())
    page.get_by_role("link", name="Storage").click()
    expect(page.locator(".empty")).to_contain_text("No connection to the stand.")
    page.unroute("**/js/later.js*")
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
