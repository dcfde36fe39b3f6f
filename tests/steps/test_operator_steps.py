"""The steps that speak with the operator: dialog, operator_message, progress, chart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sequencer.report import event
from sequencer.steps.base import DialogAnswer, StepRun
from sequencer.steps.chart import Chart
from sequencer.steps.dialog import Dialog, DialogStep
from sequencer.steps.operator_message import OperatorMessage
from sequencer.steps.progress import Progress
from sequencer.vocabulary.failure import StepError, StepFailed
from sequencer.vocabulary.problem import Place


class Case:
    """A case whose templates are already evaluated, and whose operator answers as told."""

    full_name = "main::case"

    def __init__(self, answer: DialogAnswer | None = None) -> None:
        self.answer = answer
        self.events: list[Any] = []
        self.saved: dict[str, Any] = {}
        self.asked: Mapping[str, Any] | None = None
        self.told: list[event.OperatorMessageShown] = []
        self.judgements = 0
        self.attached: list[tuple[str, bytes, str | None]] = []

    def begin(self, step: StepRun) -> None: ...

    def end(self, step: StepRun, error: BaseException | None) -> bool:
        return False

    def value(self, template: Any) -> Any:
        return template

    def text(self, template: str) -> str:
        return template

    def judged(self, *, limits: bool = False) -> None:
        self.judgements += 1

    def emit(self, happened: event.Event) -> None:
        self.events.append(happened)

    def save(self, name: str, value: Any, scope: str = "case") -> None:
        self.saved[name] = value

    def ask(self, dialog: Mapping[str, Any]) -> DialogAnswer:
        self.asked = dialog
        assert self.answer is not None
        return self.answer

    def attach(self, name: str, data: bytes, media_type: str | None) -> None:
        self.attached.append((name, data, media_type))

    def tell(self, message: event.OperatorMessageShown) -> None:
        self.told.append(message)


def run(kind: type[StepRun], case: Case, *arguments: Any, **keywords: Any) -> None:
    kind(case, "a.yaml:1:1", *arguments, **keywords).run()  # type: ignore[arg-type]


def test_a_confirmation_saves_true() -> None:
    """A dialog without a field saves whether it was confirmed."""
    case = Case(DialogAnswer("confirm", None, "browser", 1.0))
    run(Dialog, case, "Connect", save="done", timeout=9.0)
    assert case.saved == {"done": True}
    assert case.asked is not None and case.asked["timeout"] == 9.0


def test_fail_fails_the_case_with_the_message_given() -> None:
    """The operator's Fail is a StepFailed; what was answered is saved all the same."""
    case = Case(DialogAnswer("fail", None, None, 1.0))
    with pytest.raises(StepFailed, match="LED 3 is dark"):
        run(Dialog, case, {"text": "Lit?", "pass_fail": True}, save="lit", message="LED 3 is dark")
    assert case.saved == {"lit": False}


@pytest.mark.parametrize(
    ("dialog", "answer", "judgements"),
    [
        ({"text": "Lit?", "pass_fail": True}, DialogAnswer("pass", None, None, 1.0), 1),
        ({"text": "Ready?"}, DialogAnswer("confirm", None, None, 1.0), 0),
        ({"type": "text", "text": "Name?", "pass_fail": True}, DialogAnswer("pass", "x", None, 1.0), 1),
    ],
)
def test_pass_or_fail_judges_and_a_confirmation_does_not(
    dialog: dict[str, Any], answer: DialogAnswer, judgements: int
) -> None:
    """What the dialog's step says before the run of whether it judges is what it then does."""
    case = Case(answer)
    run(Dialog, case, dialog)
    place = Place("a.yaml", 1, 1, 1, 2)
    assert case.judgements == judgements == DialogStep(verb="dialog", place=place, dialog=dialog).judges


def test_an_answer_can_be_a_measurement_with_limits() -> None:
    """The number typed in is recorded and judged like any measurement."""
    case = Case(DialogAnswer("confirm", 1.7, None, 1.0))
    with pytest.raises(StepFailed, match=r"Torque: .*1\.7"):
        run(Dialog, case, {"type": "number", "text": "?"}, measurement="Torque", unit="Nm", limits=[1.0, 1.4], save="t")
    (measured,) = case.events
    assert (measured.measurement, measured.value, measured.unit, measured.result) == ("Torque", 1.7, "Nm", False)
    assert case.saved == {"t": 1.7}


def test_no_answer_does_not_pass_a_limited_measurement() -> None:
    """An optional number left empty is a missing value, and that fails."""
    case = Case(DialogAnswer("confirm", None, None, 1.0))
    with pytest.raises(StepFailed):
        run(Dialog, case, {"type": "number", "required": False}, measurement="Torque", limits=[1.0, 1.4])


def test_a_dialog_spoiled_by_an_expression_is_an_error() -> None:
    """Choices that are no list end the case with an error, not with a broken page."""
    with pytest.raises(StepError, match="choices must be a list"):
        run(Dialog, Case(), {"type": "radio", "choices": 5})


def test_operator_message_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text does not block; a mapping may; clear takes away what stands under the key."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").touch()
    case = Case()
    run(OperatorMessage, case, "Hello")
    run(OperatorMessage, case, {"title": "T", "text": "x", "blocking": True, "key": "k", "image": "a.png"})
    run(OperatorMessage, case, {"clear": True, "key": "k"})
    hello, blocking, clear = case.told
    assert (hello.text, hello.blocking, hello.id) == ("Hello", False, "operator_message")
    assert (blocking.blocking, blocking.id, blocking.details) == (True, "k", {"image": {"file": "a.png"}})
    assert (clear.id, clear.text) == ("k", None)


def test_progress_is_held_within_its_bounds() -> None:
    """A value past the maximum fills the bar; a bare number is of 100."""
    case = Case()
    run(Progress, case, 40)
    run(Progress, case, {"value": 9, "max": 8, "label": "Flashing"})
    first, second = case.events
    assert (first.value, first.maximum, first.label) == (40.0, 100.0, None)
    assert (second.value, second.maximum, second.label) == (8.0, 8.0, "Flashing")


@pytest.mark.parametrize("wrong", ["half", None, float("nan"), True, {"value": 1, "max": 0}])
def test_progress_refuses_what_is_no_number(wrong: object) -> None:
    """What an expression spoiled is an error of the case."""
    with pytest.raises(StepError):
        run(Progress, Case(), wrong)


def test_chart_has_the_report_formats_keys() -> None:
    """Names, x and y data by series; a name is null and x counts from 0 when not said; NaN is a gap."""
    case = Case()
    series = [{"name": "5 V", "x": [1, 2, 3], "y": [4.9, float("nan"), 5.1]}, {"y": (1, 2)}]
    run(Chart, case, {"title": "Ripple", "type": "log_x_y", "series": series})
    assert case.events[0].chart == {
        "type": "log_x_y",
        "title": "Ripple",
        "x_label": None,
        "y_label": None,
        "marker_name": ["5 V", None],
        "x_data": [[1, 2, 3], [0, 1]],
        "y_data": [[4.9, None, 5.1], [1, 2]],
    }


@pytest.mark.parametrize(
    ("series", "sentence"),
    [
        ("text", "series of a chart must be a list"),
        ([{"x": [1]}], "no y values"),
        ([{"name": "a", "x": [1], "y": [1, 2]}], "1 x values but 2 y values"),
        ([{"name": "a", "y": ["high"]}], "'high'"),
        ([{"name": "a", "y": 5}], "a list of numbers"),
        ([{"name": "a", "y": range(1_000_001)}], "1000001 points"),
        ([{"name": "a", "y": "1" * 100_001}], "a list of numbers"),
        ([{"name": "a", "y": [*range(100_001), "high"]}], "'high'"),
    ],
)
def test_chart_refuses_what_is_no_series(series: Any, sentence: str) -> None:
    """Unequal lengths, texts and too many points are errors of the case that say which."""
    with pytest.raises(StepError, match=sentence):
        run(Chart, Case(), {"series": series})


def test_a_chart_too_long_to_draw_is_thinned_and_kept_whole() -> None:
    """Every peak is still there, all points are attached as CSV, and the chart says so; a short series stays."""
    y: list[Any] = [0.0] * 300_000
    y[123_456], y[123_457], y[200_000] = 7.5, -7.5, float("nan")
    case = Case()
    run(Chart, case, {"title": "Ripple: 5 V/2", "series": [{"name": "=a", "y": y}, {"x": [1, 2], "y": [3, None]}]})
    (name, data, kind), (added,) = case.attached[0], case.events
    assert (name, kind) == ("Ripple_ 5 V_2.csv", "text/csv")
    assert added.chart["thinned"] == {"points": 300_000, "attachment": name}
    xs, ys = added.chart["x_data"], added.chart["y_data"]
    assert [len(xs[0]), len(ys[0])] == [len(ys[0])] * 2 and 50_000 <= len(ys[0]) <= 100_000
    assert xs[0] == sorted(xs[0]) and [xs[0][ys[0].index(peak)] for peak in (7.5, -7.5)] == [123_456, 123_457]
    assert (xs[1], ys[1]) == ([1, 2], [3, None])
    lines = data.decode().splitlines()
    assert lines[:3] == ["'=a x,'=a y,2 x,2 y", "0,0.0,1,3", "1,0.0,2,"]
    assert (len(lines), lines[200_001], lines[123_457]) == (300_001, "200000,,,", "123456,7.5,,")


@pytest.mark.parametrize(
    ("dialog", "said"),
    [
        ({"type": "number", "default": 50, "max": 10}, "the default must be at most 10"),
        ({"type": "radio", "choices": ["a", "a"]}, "two choices are named 'a'"),
        ({"type": "checkbox", "choices": ["a"], "min": 2}, "2 choices must be ticked, but there are only 1"),
        ({"type": "text", "pattern": "("}, "not a valid regular expression"),
        ({"type": "text", "pattern": 5}, "a pattern must be a string"),
        ({"type": "text", "max_length": "3"}, "max_length must be an integer"),
        ({"text": "Look", "image": "none.png"}, "there is no picture 'none.png'"),
        ({"type": "steps", "steps": [{"text": "Look", "image": "../led.png"}]}, "a file in the project folder"),
        ({"type": "radio", "choices": [{"label": "a", "image": "https://a.b/c.png"}]}, "a file in the project folder"),
    ],
)
def test_what_an_expression_made_unanswerable_is_an_error(
    dialog: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked what cannot be answered, or what cannot be seen; the case says why."""
    monkeypatch.chdir(tmp_path)
    case = Case(DialogAnswer("pass", None, None, 0.0))
    with pytest.raises(StepError, match=f"the dialog cannot be shown: .*{said}"):
        run(Dialog, case, dialog)
    assert case.asked is None


def test_a_message_whose_picture_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator would be told to look at nothing."""
    monkeypatch.chdir(tmp_path)
    case = Case()
    with pytest.raises(StepError, match=r"the message cannot be shown: there is no picture 'none\.png'"):
        run(OperatorMessage, case, {"text": "Look", "image": {"file": "none.png"}})
    assert case.told == []


FORM = {
    "type": "form",
    "fields": [
        {"name": "torque", "type": "number", "unit": "Nm", "measurement": "Torque", "limits": [1.0, 1.4]},
        {"name": "gap", "type": "number", "measurement": "Gap", "limits": {"le": 0.2}, "required": False},
        {"name": "serial", "measurement": "Serial", "remove_prefix": "]C1", "remove_suffix": "#", "required": False},
        {"name": "notes", "type": "textarea"},
    ],
}


def measured(case: Case) -> dict[str, tuple[object, bool | None]]:
    """The values and results of what was measured, by name."""
    found = (each for each in case.events if isinstance(each, event.MeasurementRecorded))
    return {each.measurement: (each.value, each.result) for each in found}


def test_fields_of_a_form_are_measurements() -> None:
    """Each is recorded, also behind one that failed; an empty one only if it has limits; a scanner adds nothing."""
    answer = {"torque": 1.2, "gap": 0.1, "serial": "]C1]C17##", "notes": "a\nb"}
    case = Case(DialogAnswer("confirm", answer, "ann", 1.0))
    run(Dialog, case, FORM, save="given")
    assert measured(case) == {"Torque": (1.2, True), "Gap": (0.1, True), "Serial": ("]C17#", None)}
    assert case.saved["given"] == {**answer, "serial": "]C17#"}
    bad = Case(DialogAnswer("confirm", {"torque": 2, "gap": None, "serial": None, "notes": "-"}, "ann", 1.0))
    with pytest.raises(StepFailed, match=r"Torque: 2 Nm is above the upper limit of 1.4 Nm; Gap: there is no value"):
        run(Dialog, bad, FORM)
    assert measured(bad) == {"Torque": (2, False), "Gap": (None, False)}
    step = DialogStep(verb="dialog", place=Place("s.yaml", 1, 1, 1, 2), dialog=FORM)
    assert (step.judges, step.limited) == (True, True)
