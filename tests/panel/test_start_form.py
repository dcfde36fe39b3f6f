"""What the start form keeps for a batch: over HTTP, over a restart, and when the sequence was changed meanwhile."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.panel import start_form
from sequencer.panel.refusals import InvalidRequest
from sequencer.panel.start_form import BatchForm, KeptForms, StartForm, changed, restored
from sequencer.vocabulary.model import Param
from tests.effort import examples

SERIAL = Param(name="serial", each_run=True)
VARIANT = Param(name="variant", one_of=("basic", "pro"), default="basic", required=False)
CYCLES = Param(name="cycles", type="integer", minimum=1, maximum=9, default=3, required=False)
PARAMS = (SERIAL, VARIANT, CYCLES)
BATCH = """
name: Batch
params:
  serial: {type: string, pattern: '^SN[0-9]+$'}
  variant: {type: string, one_of: [basic, pro], default: basic}
  cycles: {type: integer, min: 1, max: 9, default: 3}
modules:
  main: {cases: {identify: {steps: [{record: {dut: {serial_number: '${{ params.serial }}'}}}, {check: true}]}}}
"""


def session(panel: Any) -> Any:
    return panel.ask("GET", "/api/state").json["session"]


def fill(panel: Any, **values: Any) -> Any:
    return panel.ask("POST", "/api/form", {"sequence": "board", "values": values})


def test_values_are_kept_until_they_are_changed() -> None:
    """Texts are read as the parameter's type; an empty field is the default again."""
    form = changed(PARAMS, BatchForm(), {"variant": "pro", "cycles": "5"})
    assert form == BatchForm({"variant": "pro", "cycles": 5})
    assert changed(PARAMS, form, {"variant": None}) == BatchForm({"cycles": 5})


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("serial", "SN1", "of_one_product"),
        ("variant", "max", "choice"),
        ("cycles", "12", "max"),
        ("colour", "red", "unknown"),
    ],
)
def test_nothing_is_kept_of_what_cannot_be_used(name: str, value: str, code: str) -> None:
    """Neither what belongs to one product nor what no run could begin with; the rest is not changed either."""
    with pytest.raises(InvalidRequest) as refused:
        changed(PARAMS, BatchForm(), {"variant": "pro", name: value})
    (problem,) = refused.value.more["fields"]  # type: ignore[misc]
    assert (problem["field"], problem["code"]) == (name, code)


def test_what_the_sequence_does_not_take_any_more_is_told() -> None:
    """It is not tested with the default instead unless somebody has read that; a change of the form is reading it."""
    kept = {"variant": "max", "cycles": 5, "colour": "red", "serial": "SN1"}
    form = restored(PARAMS, kept)
    assert form == BatchForm({"cycles": 5}, {"variant": "max", "colour": "red"})
    assert changed(PARAMS, form, {}) == BatchForm({"cycles": 5})


@settings(max_examples=examples(30))
@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.none() | st.booleans() | st.floats() | st.text())))
def test_any_form_is_read_as_it_was_written(tmp_path_factory: Any, forms: dict[str, Any]) -> None:
    """Whatever the names and values are, and however many sequences there are in the file."""
    path = tmp_path_factory.mktemp("forms") / "start_form.json"
    kept = KeptForms(path)
    for name, values in forms.items():
        kept.put(name, values)
        kept.write()
    for name, values in forms.items():
        assert str(KeptForms(path).get(name)) == str(values)


@pytest.mark.parametrize("written", ["", "[]", '{"board": 1}', "{"])
def test_a_file_that_cannot_be_read_is_told_and_written_anew(tmp_path: Path, written: str) -> None:
    """The form must not fall back to its defaults without a word."""
    path = tmp_path / "start_form.json"
    path.write_text(written)
    with pytest.raises(ValueError):
        KeptForms(path).get("board")
    forms = KeptForms(path)
    forms.put("board", {"variant": "pro"})
    forms.write()
    assert KeptForms(path).get("board") == {"variant": "pro"}


def test_a_form_that_cannot_be_written_is_not_lost_when_the_sequence_is_read_again(tmp_path: Path) -> None:
    """A sequence that is changed while the disk is full must not be tested with the defaults; the alert stays."""
    path = tmp_path / "start_form.json"
    forms = KeptForms(path)
    path.mkdir()
    for sequence, values in {"other": {"cycles": 4}, "board": {"variant": "pro"}}.items():
        form = StartForm(forms, sequence, PARAMS)
        form.fill(values, decimal_comma=False)
        form.write()
    again = StartForm(forms, "board", PARAMS)
    assert again.shown == BatchForm({"variant": "pro"})
    assert again.problem is not None and again.problem.code == "form_not_kept"
    path.rmdir()
    again = StartForm(forms, "board", PARAMS)
    assert (again.shown, again.problem) == (BatchForm({"variant": "pro"}), None)
    assert json.loads(path.read_text()) == {"board": {"variant": "pro"}, "other": {"cycles": 4}}


def test_neither_stop_nor_another_value_waits_for_the_disk(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a value is written the run stops and the next value comes; what came last is what the file has."""
    stand.sequence("board", BATCH.replace("{check: true}", "{check: true}, {wait: 60 s}"))
    panel = stand.open()
    panel.wait_for("ready")
    begun, go_on = threading.Event(), threading.Event()
    write = start_form.write_private

    def slow(path: Path, content: str) -> None:
        begun.set()
        assert go_on.wait(60)
        write(path, content)

    monkeypatch.setattr(start_form, "write_private", slow)
    panel.ask("POST", "/api/start", {"params": {"serial": "SN1"}})
    with ThreadPoolExecutor() as pool:
        first = pool.submit(fill, panel, variant="pro")
        assert begun.wait(60)
        second = pool.submit(fill, panel, variant="basic", cycles=7)
        panel.wait_until(lambda: session(panel)["form"]["values"] == {"variant": "basic", "cycles": 7})
        assert panel.ask("POST", "/api/stop", {}).status == 200
        assert not first.done() and not second.done(), "it is on the disk when it is answered"
        go_on.set()
        assert (first.result().status, second.result().status) == (200, 200)
    assert json.loads(panel.project.state.start_form.read_text()) == {"board": {"variant": "basic", "cycles": 7}}
    assert session(panel)["alerts"] == []


@pytest.mark.slow
def test_the_form_is_kept_over_a_restart_and_a_change_of_the_sequence(stand: Any) -> None:
    """Programs that start runs see nothing of it: what they do not give has its default."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    panel.wait_for("ready")
    before = session(panel)["form"]["revision"]
    filled = fill(panel, variant="pro", cycles="5")
    assert filled.json["form"] == {"values": {"variant": "pro", "cycles": 5}, "lost": {}, "revision": before + 1}
    assert session(panel)["form"] == filled.json["form"]
    assert fill(panel, cycles=50).json["error"]["fields"][0]["code"] == "max"
    assert panel.ask("POST", "/api/form", {"sequence": "other", "values": {}}).status == 409
    assert panel.run(params={"serial": "SN1"})["params"] == {"serial": "SN1", "variant": "basic", "cycles": 3}
    assert session(panel)["form"]["values"] == {"variant": "pro", "cycles": 5}
    panel.close()

    stand.sequence("board", BATCH.replace("[basic, pro]", "[basic, plus]"))
    panel = stand.open()
    panel.wait_for("ready")
    form = session(panel)["form"]
    assert (form["values"], form["lost"]) == ({"cycles": 5}, {"variant": "pro"})
    stand.sequence("board", BATCH)
    panel.wait_until(lambda: session(panel)["form"]["values"] == {"variant": "pro", "cycles": 5})
    assert session(panel)["form"]["lost"] == {}
    assert session(panel)["form"]["revision"] > form["revision"]


def test_a_form_that_cannot_be_kept_or_read_says_so(stand: Any) -> None:
    """An alert stands on every page; the form works as long as the panel does."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    panel.wait_for("ready")
    file = panel.project.state.start_form
    file.mkdir()
    assert fill(panel, variant="pro").status == 200
    (alert,) = session(panel)["alerts"]
    assert alert["coded_reason"]["code"] == "form_not_kept"
    assert session(panel)["form"]["values"] == {"variant": "pro"}
    file.rmdir()
    assert fill(panel, variant="pro").status == 200
    assert session(panel)["alerts"] == []
    assert json.loads(file.read_text()) == {"board": {"variant": "pro"}}
    panel.close()

    file.write_text("{")
    panel = stand.open()
    panel.wait_for("ready")
    (alert,) = session(panel)["alerts"]
    assert alert["coded_reason"]["code"] == "form_not_read"
    assert session(panel)["form"]["lost"]["variant"] == "?"


@pytest.mark.slow
def test_after_a_refused_start_the_next_one_starts(stand: Any) -> None:
    """Each start is judged by itself, however soon it follows a refusal: for a tag, a case, a value, a lateness."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    panel.wait_for("ready")
    right = {"params": {"serial": "SN1"}}
    wrong: list[dict[str, Any]] = [{**right, "tags": ["nope"]}, {**right, "only": ["nope"]}, {}, {**right, "asked": 1}]
    for refused in wrong * 2:
        panel.wait_for("ready")
        assert panel.ask("POST", "/api/start", refused).status in (409, 422)
        assert panel.ask("POST", "/api/start", right).status == 200
        panel.wait_for("saving", "loading", "ready")
    panel.wait_for_runs(8)
