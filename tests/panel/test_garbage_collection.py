"""A panel looks for garbage before it is ready for a run, and never during one."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from sequencer.panel import garbage_collection, start_session


class Cycle:
    """What no count of references frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.slow
def test_garbage_goes_also_where_it_was_thought_to_stay(request: pytest.FixtureRequest) -> None:
    """What is left by a run was frozen before it, and is freed after it; what is there then is let alone again."""
    request.addfinalizer(gc.freeze)
    cycle = Cycle()
    garbage_collection.collect()
    assert not any(known is cycle for known in gc.get_objects())
    gone = weakref.ref(cycle)
    del cycle
    assert gone() is not None
    garbage_collection.collect()
    assert gone() is None


def test_a_panel_collects_before_each_run_and_not_during_it(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once each time it becomes ready, while no test goes on."""
    states: list[str] = []
    monkeypatch.setattr(start_session, "collect", lambda: states.append(panels[0].session.state))
    panels: list[Any] = []
    panels.append(stand.open())
    panels[0].run()
    assert states == ["loading", "loading"]
