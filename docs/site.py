"""What the site adds to the Markdown of docs/: the navigation, the changelog, and the examples that pages link to.

The lists of ``index.md`` are the navigation, so that each page is listed once. A link that leaves docs/, to a file or a
folder of the checkout, leads to a page that shows it, so that the site is whole without the checkout.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parent
CHECKOUT = DOCS.parent
LINK = re.compile(r"(?<=\]\()([^)#:\s]+)(?=[#)])")
LANGUAGES = {
    ".csv": "text",
    ".md": "markdown",
    ".py": "python",
    ".sh": "bash",
    ".toml": "toml",
    ".txt": "text",
    ".yaml": "yaml",
    ".yml": "yaml",
}
"""The files of an example that are shown, with the highlighting of each."""


def on_config(config: MkDocsConfig) -> None:
    """The navigation: the sections of ``index.md`` with the pages that each links to."""
    outside.cache_clear()
    index = DOCS / "index.md"
    config.nav = [{"Home": index.name}]
    _, *sections = re.split(r"^## ", index.read_text("utf-8"), flags=re.MULTILINE)
    for section in sections:
        heading, _, text = section.partition("\n")
        config.nav.append({heading: [{title: page_of(resolved(index, target))} for title, target in links(text)]})
    config.nav.append({"Examples": [{path.name: page_of(path)} for path in outside() if path.suffix != ".md"]})


def on_files(files: Files, config: MkDocsConfig) -> None:
    """A page for everything of the checkout that the pages link to."""
    for path in outside():
        files.append(File.generated(config, page_of(path), content=shown(path)))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The links that leave docs/ lead to the pages made for them, and the links of those pages into docs/."""
    made = {page_of(path): path / "README.md" if path.is_dir() else path for path in outside()}
    here = DOCS / page.file.src_uri
    written = made.get(page.file.src_uri, here)

    def inside(link: re.Match[str]) -> str:
        target = resolved(written, link[1])
        if DOCS not in target.parents and page_of(target) not in made:
            return link[1]
        return os.path.relpath(DOCS / page_of(target), here.parent).replace(os.sep, "/")

    return LINK.sub(inside, markdown)


def on_post_build(config: MkDocsConfig) -> None:
    """Without what nothing reads: source maps, the search of other languages, the list for search engines."""
    for pattern in ("**/*.map", "assets/javascripts/lunr/**/*.js", "sitemap.xml*"):
        for unused in Path(config.site_dir).glob(pattern):
            unused.unlink()


def links(text: str) -> list[tuple[str, str]]:
    """The title and target of each link."""
    return re.findall(r"\[([^\]]+)\]\(([^)#:\s]+)\)", text)


def resolved(page: Path, target: str) -> Path:
    """The file or folder that a page's link names, whether it is there or not."""
    return Path(os.path.normpath(page.parent / target))


@cache
def outside() -> list[Path]:
    """Everything beyond docs/ that a page links to and that is there."""
    pages = sorted(DOCS.rglob("*.md"))
    targets = {resolved(page, target) for page in pages for target in LINK.findall(page.read_text("utf-8"))}
    return sorted(path for path in targets if DOCS not in (path, *path.parents) and path.exists())


def page_of(path: Path) -> str:
    """The site's page of a page in docs/, or of a file or folder beyond it."""
    if DOCS in path.parents:
        return path.relative_to(DOCS).as_posix()
    name = os.path.relpath(path, CHECKOUT).replace(os.sep, "/")
    return name.lower() if name.endswith(".md") else f"{name}.md"


def shown(path: Path) -> str:
    """The Markdown of a page for a file or a folder: its README and its other files, whole."""
    if path.suffix == ".md":
        return path.read_text("utf-8")
    if path.is_file():
        return f"# `{path.relative_to(CHECKOUT).as_posix()}`\n\n{fenced(path)}"
    readme = path / "README.md"
    parts = [readme.read_text("utf-8") if readme.exists() else f"# `{path.relative_to(CHECKOUT).as_posix()}/`\n"]
    parts += [f"## `{file.relative_to(path).as_posix()}`\n\n{fenced(file)}" for file in files_of(path)]
    return "\n".join(parts)


def files_of(folder: Path) -> Iterator[Path]:
    """The text files below a folder but its README, those nearest first; not what a run left there."""
    for path in sorted(folder.rglob("*"), key=lambda path: (len(path.parts), path)):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        if path.is_file() and path.suffix in LANGUAGES and path.name != "README.md" and not hidden:
            yield path


def fenced(path: Path) -> str:
    """A file as a block of code; a longer fence than any that it could hold."""
    return f"~~~~~~ {LANGUAGES[path.suffix]}\n{path.read_text('utf-8').rstrip()}\n~~~~~~\n"
