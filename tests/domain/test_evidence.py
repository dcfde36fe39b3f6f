"""What may count for a product: whole runs on real instruments in which nobody interfered."""

from __future__ import annotations

import pytest

from sequencer.domain.evidence import is_evidence, marks


@pytest.mark.parametrize("selection", [None, [], ["m::c"]])
@pytest.mark.parametrize("debugged", [False, True])
@pytest.mark.parametrize("simulated", [False, True])
def test_each_reason_is_told_and_one_is_enough(selection: list[str] | None, debugged: bool, simulated: bool) -> None:
    """A run is evidence exactly when no cases were chosen, nobody debugged and nothing was simulated."""
    report = {"selection": selection, "debugged": debugged, "simulated": simulated}
    expected = {"partial": selection is not None, "debugged": debugged, "simulated": simulated}
    assert marks(report) == tuple(name for name, holds in expected.items() if holds)
    assert is_evidence(report) == (not any(expected.values()))


def test_a_report_of_an_earlier_version_lacks_a_mark() -> None:
    """Reports from before debugging existed are judged by what they hold."""
    assert is_evidence({"selection": None, "simulated": False})
