"""How long a run is expected to take."""

from __future__ import annotations

from typing import Any

from sequencer.panel.plan import case_seconds, expected_seconds


def report(status: str, cases: dict[str, tuple[str, float | None]], selection: list[str] | None = None) -> Any:
    """A report with these cases: status and duration by id."""
    told = [
        {"id": name, "status": of, "start_time": None if took is None else 100.0, "stop_time": took and 100.0 + took}
        for name, (of, took) in cases.items()
    ]
    return {"status": status, "selection": selection, "modules": [{"id": "m", "cases": told}]}


def test_the_median_of_what_passed() -> None:
    """Cases that failed are over too early or too late to tell anything; one run that was slow does not count much."""
    runs = [
        report("passed", {"a": ("passed", 1.0), "b": ("passed", 4.0)}),
        report("passed", {"a": ("passed", 1.2), "b": ("passed", 4.0)}),
        report("failed", {"a": ("passed", 90.0), "b": ("failed", 0.1)}),
    ]
    assert expected_seconds(map(case_seconds, runs)) == {"m::a": 1.2, "m::b": 4.0}
    assert expected_seconds([]) == {}


def test_a_case_that_is_left_out_takes_no_time() -> None:
    """A case whose condition was false is expected to take none; one that was not chosen, or never came, is unknown."""
    left_out = {"a": ("passed", 1.0), "b": ("skipped", None)}
    assert case_seconds(report("passed", left_out)) == {"m::a": 1.0, "m::b": 0.0}
    assert case_seconds(report("passed", left_out, ["m::a"])) == {"m::a": 1.0}
    assert case_seconds(report("stopped", left_out)) == {"m::a": 1.0}
