"""Pages of a browser that one test after the other has: most of what a page costs is to be a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

api = pytest.importorskip("playwright.sync_api")

LASTING = frozenset(
    {
        "add_init_script",
        "add_locator_handler",
        "clock",
        "context",
        "expect_popup",
        "expose_binding",
        "expose_function",
        "once",
        "route_from_har",
        "route_web_socket",
        "set_default_navigation_timeout",
        "set_default_timeout",
        "set_extra_http_headers",
    }
)
"""What a test asks of a page that would still hold for the next one: its page is closed then."""
_MOST_KEPT = 4
_OF_THE_PAGE = ("media", "reduced_motion", "color_scheme", "forced_colors", "contrast")
"""What a page can be told at any time."""
_EMPTY = "/healthz"
"""What a panel always answers, and with next to nothing."""


class TestedPage(api.Page):
    """A page that knows whether the next test may have it, too, and who listens to it."""

    __test__ = False

    def __getattribute__(self, name: str) -> Any:
        if name in LASTING:
            object.__getattribute__(self, "__dict__")["lasting"] = True
        return super().__getattribute__(name)

    def on(self, event: Any, f: Any) -> None:
        self.__dict__["listeners"].append((event, f))
        super().on(event, f)

    def leave(self) -> None:
        """Nobody listens to it or answers in its server's place any more."""
        for event, listener in self.__dict__["listeners"]:
            self.remove_listener(event, listener)
        self.__dict__["listeners"].clear()
        self.unroute_all(behavior="ignoreErrors")


class Pages:
    """The pages of ``browser`` that no test has just now, by the options of their contexts."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._kept: list[_Page] = []
        self._taken: list[_Page] = []

    def take(self, options: Mapping[str, Any], now: float | None, *, new: bool = False) -> _Page:
        """A page with nothing in its storage, of the right size; ``now``: what time it is for it (Unix seconds).

        A ``new`` one never saw a panel.
        """
        of_page = {name: options.get(name) for name in _OF_THE_PAGE}
        size = options["viewport"]
        others = {name: value for name, value in options.items() if name not in (*_OF_THE_PAGE, "viewport")}
        fitting = (one for one in self._kept if one.others == others and (one.now is None) == (now is None))
        found = None if new else next(fitting, None)
        if found is None:
            found = _Page(self._browser.new_context(viewport=size, **others), others, now)
        else:
            self._kept.remove(found)
        found.begin(size, {name: "null" if value is None else value for name, value in of_page.items()}, now)
        self._taken.append(found)
        return found

    def put_back(self) -> list[str]:
        """Takes all pages from the test; what went wrong on them."""
        wrong = [text for one in self._taken for text in one.wrong]
        for one in self._taken:
            if one.emptied():
                self._kept.append(one)
            else:
                one.context.close()
        self._taken.clear()
        while len(self._kept) > _MOST_KEPT:
            self._kept.pop(0).context.close()
        return wrong


class _Page:
    """A page, its context, and what was heard of it."""

    def __init__(self, context: Any, others: Mapping[str, Any], now: float | None) -> None:
        self.context = context
        self.others = others
        self.now = now
        self.wrong: list[str] = []
        self.strict = True
        self._origins: set[str] = set()
        context.set_default_timeout(60_000)
        self.page = page = context.new_page()
        page.on("pageerror", lambda error: self._heard(str(error)))
        page.on("console", lambda said: self._heard(said.text) if said.type == "error" else None)
        page.on("framenavigated", self._went)
        self._clock = page.clock
        page.__class__ = TestedPage
        page.__dict__["listeners"] = []

    def begin(self, size: Mapping[str, int], of_page: Mapping[str, Any], now: float | None) -> None:
        """For a test."""
        self.wrong = []
        self._origins.clear()
        self.page.__dict__["lasting"] = False
        if self.page.viewport_size != size:
            self.page.set_viewport_size(size)
        self.page.emulate_media(**of_page)
        if now is not None:
            self._clock.set_system_time(now)

    def emptied(self) -> bool:
        """Whether it is as new: it was at one place alone, which lives, and has nothing of it any more."""
        self.strict = False  # what it was about to load is not wrong
        if self.page.__dict__["lasting"] or self.page.is_closed() or len(self.context.pages) > 1:
            return False
        if len(self._origins) != 1 or not next(iter(self._origins)).startswith("http"):
            return False
        try:
            self.page.leave()
            # From here it goes to a page of the same place, so that the process and what it has compiled stay.
            self.page.goto(next(iter(self._origins)) + _EMPTY)
            self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
            self.page.mouse.move(-1, -1)
            self.context.clear_cookies()
        except api.Error:
            return False
        return True

    def _heard(self, text: str) -> None:
        if self.strict:
            self.wrong.append(text)

    def _went(self, frame: Any) -> None:
        if frame.parent_frame is None:
            parts = urlsplit(frame.url)
            self._origins.add(f"{parts.scheme}://{parts.netloc}")
