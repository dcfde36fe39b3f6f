"""What may count for a product: whole runs on real instruments in which nobody interfered."""

from __future__ import annotations

import pytest

from sequencer.report.evidence import is_evidence, marks, withheld


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


@pytest.mark.parametrize(
    ("selection", "debugged", "simulated", "held_back", "held_back_where_partial_is_wanted"),
    [
        (None, False, False, None, None),
        (["m::c"], False, False, "partial", None),
        (None, True, False, "debugged", None),
        (["m::c"], True, False, "partial", None),
        (None, False, True, "simulated", "simulated"),
        (["m::c"], True, True, "simulated", "simulated"),
    ],
)
def test_what_is_no_evidence_stays_unless_partial_runs_are_wanted(
    selection: list[str] | None,
    debugged: bool,
    simulated: bool,
    held_back: str | None,
    held_back_where_partial_is_wanted: str | None,
) -> None:
    """Partial and debugged runs leave the stand only where somebody asked for them; invented values never do."""
    report = {"selection": selection, "debugged": debugged, "simulated": simulated}
    assert withheld(report) == held_back
    assert withheld(report, partial_too=True) == held_back_where_partial_is_wanted
