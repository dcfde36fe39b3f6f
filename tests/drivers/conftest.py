"""What holds for all tests of drivers."""

from __future__ import annotations

import pytest

from sequencer.drivers import _pending_answers


@pytest.fixture(autouse=True)
def debtless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pseudo-terminals of different tests have one name."""
    monkeypatch.setattr(_pending_answers, "BY_DEVICE", {})
