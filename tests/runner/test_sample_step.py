"""The step ``sample``: signals again and again, as a chart that grows, and as measurements of what became of them."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.panel.patches import AttemptView
from sequencer.report import event as events
from sequencer.report.event import Stamped
from sequencer.report.fold import fold
from tests.runner.test_judgements import run

METER = """
class Meter:
    def __init__(self):
        self.count = 0

    def ramp(self):
        self.count += 1
        return self.count

    def fixed(self, value=5.0):
        return value

    def text(self):
        return "much"

    def fails_late(self):
        self.count += 1
        if self.count > 3:
            raise OSError("gone")
        return self.count
"""

SEQUENCE = """
name: Samples
drivers: {meter: {use: meter.Meter, scope: case}}
modules:
  main:
    cases:
      judged:
        steps:
          - sample: {v: {call: meter.fixed, unit: V, name: Output}, n: meter.ramp}
            every: 1 ms
            for: 20 ms
            limits:
              v: {mean: [4900 mV, 5.1 V], rms: [4.9, 5.1], each: {ge: 5}}
              n: {min: {eq: 1}, max: {ge: 2}, last: {ge: 2}}
            save: curve
          - check: len(curve.times) == len(curve.n) and curve.n[-1] == n and curve.times[0] < 0.01 and v == 5
      until: {steps: [{sample: {n: meter.ramp}, every: 1 ms, until: n >= 7, timeout: 10 s}, {check: n == 7}]}
      never: {steps: [{sample: {n: meter.fixed}, every: 1 ms, for: 3 ms, until: n > 7, error_code: 3}]}
      missed: {steps: [{sample: {n: meter.ramp}, every: 1 ms, for: 5 ms, limits: {n: {max: {le: 1}, min: {ge: 2}}}}]}
      nan: {steps: [{sample: {n: {call: meter.fixed, with: {value: "${{ float('nan') }}"}}}, every: 1 ms, for: 3 ms,
                     limits: {n: {min: &ge {ge: 0}, max: *ge, mean: *ge, last: *ge, rms: *ge, each: *ge}}}]}
      text: {steps: [{sample: {n: meter.text}, every: 1 ms, for: 3 ms}]}
      late: {steps: [{sample: {a: meter.fixed, n: meter.fails_late}, every: 1 ms, for: 1 s}]}
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The cases of the sequence above, run."""
    folder = tmp_path_factory.mktemp("samples")
    (folder / "meter.py").write_text(METER)
    return run(folder, SEQUENCE)


def attempt(case: dict[str, Any]) -> dict[str, Any]:
    """Its only one."""
    (found,) = case["attempts"]
    return dict(found)


def test_a_sample_is_a_chart_and_measurements(cases: dict[str, Any]) -> None:
    """Every statistic with limits is a measurement in the signal's unit; the chart has each round of each signal."""
    judged = attempt(cases["judged"])
    assert cases["judged"]["status"] == "passed", judged["failures"]
    names = [measured["name"] for measured in judged["measurements"]]
    assert names == ["Output mean", "Output rms", "Output each", "n min", "n max", "n last"]
    assert (judged["measurements"][0]["unit"], judged["measurements"][0]["limits"]) == ("V", [4.9, 5.1])
    (chart,) = judged["charts"]
    assert (chart["title"], chart["marker_name"], chart["x_label"]) == ("v, n", ["Output", "n"], "s")
    times, values = chart["x_data"][0], chart["y_data"]
    assert len(times) == len(values[0]) == len(values[1]) >= 2
    assert values[1] == list(range(1, len(times) + 1))
    assert times == sorted(times)


def test_a_sample_ends_when_it_should(cases: dict[str, Any]) -> None:
    """Once its expression holds; where it does not in time, the product failed."""
    assert (cases["until"]["status"], cases["never"]["status"]) == ("passed", "failed")
    (failure,) = attempt(cases["never"])["failures"]
    assert (failure["coded_reason"]["code"], failure["error_code"]) == ("never_true", 3)


def test_no_value_that_is_wrong_or_missing_passes(cases: dict[str, Any]) -> None:
    """Each missed statistic is recorded; NaN fails all; a text is an error, as is a driver that raises, by its name."""
    missed = attempt(cases["missed"])
    assert [measured["result"] for measured in missed["measurements"]] == [False, False]
    assert "n max: " in missed["failures"][0]["message"] and "n min: " in missed["failures"][0]["message"]
    nan = attempt(cases["nan"])
    assert [measured["result"] for measured in nan["measurements"]] == [False] * 6
    assert set(nan["charts"][0]["y_data"][0]) == {None}
    assert (cases["text"]["status"], cases["late"]["status"]) == ("error", "error")
    late = attempt(cases["late"])
    assert late["failures"][0]["call"] == "meter.fails_late"
    assert late["charts"][0]["y_data"] == [[5.0] * 3, [1.0, 2.0, 3.0]]


def test_pages_get_what_was_added_to_a_chart() -> None:
    """The first part as a chart in short, each further part once, and a page that comes late none of what it has."""
    plan = [{"id": "m", "cases": [{"id": "a"}]}]
    first = events.SamplesTaken("m::a", "s.yaml:1:1", "v", ["v"], "V", 0, [0.0, 0.1], [[1.0, None]])
    more = events.SamplesTaken("m::a", "s.yaml:1:1", "v", ["v"], "V", 2, [0.2], [[3.0]])
    again = events.SamplesTaken("m::a", "s.yaml:1:1", "v", ["v"], "V", 0, [0.0], [[4.0]])
    begun: list[events.Event] = [events.RunStarted("r", {}, plan, "", {}), events.CaseStarted("m::a"), first]

    def attempt_after(*said: events.Event) -> Any:
        report = fold(Stamped(seq, 1.0, each) for seq, each in enumerate([*begun, *said], 1))
        return report["modules"][0]["cases"][0]["attempts"][0]

    view = AttemptView()
    told = view.patch(attempt_after())
    assert told["add"]["charts"] == [{"index": 0, "title": "v", "type": "line", "points": 2}]
    assert "grow" not in told
    assert view.patch(attempt_after(more))["grow"] == {"0": {"first": 2, "x": [0.2], "y": [[3.0]]}}
    assert view.patch(attempt_after(more)) == {}
    late = attempt_after(more, again)
    assert "grow" not in AttemptView().patch(late)
    assert [chart["y_data"] for chart in late["charts"]] == [[[1.0, None, 3.0]], [[4.0]]]
