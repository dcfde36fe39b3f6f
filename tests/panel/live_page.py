"""Where things stand on the live page, for tests in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

MOVING = {"reduced_motion": "no-preference"}
"""Options of a page on which things turn and slide, as they do for most people."""


def started(page: Any) -> Any:
    """The page once its Start button can be pressed."""
    expect(page.locator(".start")).to_be_enabled()
    return page


def verdict(page: Any) -> Any:
    """The one loud word."""
    return page.locator(".hero .verdict-word")


def row(page: Any, name: str) -> Any:
    """A case's row, by ``module::case``."""
    return page.locator(f".case[data-name='{name}']")


def settled(page: Any) -> Any:
    """The page in its own letters: those that stand there until these have come are wider."""
    page.evaluate("document.fonts.ready.then(() => null)")
    return page


STAND_STILL = """
() => {
  const stamp = Object.getOwnPropertyDescriptor(Event.prototype, "timeStamp");
  const { now } = Date;
  const [at, date] = [performance.now(), now()];
  Object.defineProperty(Event.prototype, "timeStamp", { ...stamp, get: () => at });
  Date.now = () => date;
  window.goOn = () => {
    Object.defineProperty(Event.prototype, "timeStamp", stamp);
    Date.now = now;
  };
}
"""


@contextmanager
def at_one_moment(page: Any) -> Iterator[None]:
    """Its keys come for the page at the same time: as quick as a scanner's, however busy the machine is."""
    page.evaluate(STAND_STILL)
    yield
    page.evaluate("goOn()")


def scanned(page: Any, text: str) -> None:
    """What a scanner types, wherever the focus is."""
    with at_one_moment(page):
        page.keyboard.type(text)


def frames(page: Any) -> Any:
    """The page two frames later: what scripts do in the next frame is seen in the one after it."""
    page.evaluate("new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))")
    return page


def at_sizes(page: Any, sizes: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The settled page in windows of these widths and heights, one after the other; then in the first of them again."""
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        settled(frames(page))
        yield width, height
    page.set_viewport_size({"width": sizes[0][0], "height": sizes[0][1]})
