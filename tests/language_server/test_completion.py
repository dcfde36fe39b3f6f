"""Completion: what can be written where the cursor stands, in texts that are seldom YAML at that moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.language_server.conftest import SEQUENCE
from tests.language_server.editor import Editor

STEPS = SEQUENCE[: SEQUENCE.index("          - measure")]
BLOCKS = """\
steps:
  wake:
    params:
      volts:
      channel: {default: 1}
    steps:
      - call: meter.reset
"""


def offered(editor: Editor, project: Path, text: str) -> list[str]:
    """What is offered at the `|` of a text in the sequence, whose text it becomes."""
    path = project / "sequences" / "rail.yaml"
    written = text.replace("|", "")
    line = text[: text.index("|")].count("\n")
    column = len(text[: text.index("|")].rpartition("\n")[2].encode("utf-16-le")) // 2
    if path in editor.texts:
        editor.type(path, written)
    else:
        editor.open(path)
        editor.problems(path)  # what is declared is known before somebody writes on
        editor.type(path, written)
    return editor.completion(path, line, column)


CASES = {
    "a verb": ("          - mea|", {"measure"}),
    "a verb above what belongs to it": ("          - mea|\n            call: meter.reset", {"measure"}),
    "all verbs": ("          - |", {"measure", "check", "call", "wait", "dialog"}),
    "a key of the verb": ("          - measure: 5 V\n            li|", {"limits"}),
    "a driver": ("          - call: me|", {"meter"}),
    "a method": ("          - call: meter.|", {"meter.read_voltage", "meter.reset"}),
    "a method in braces": ("          - {measure: x, call: meter.re|", {"meter.read_voltage", "meter.reset"}),
    "an argument": ("          - call: meter.read_voltage\n            with: {|", {"channel", "samples"}),
    "an argument below": (
        "          - call: meter.read_voltage\n            with:\n              channel: 1\n              |",
        {"samples"},
    ),
    "a variable": ("          - check: nom|", {"nominal"}),
    "a variable in a text": ("          - message: ü🔋 ${{ nom|", {"nominal"}),
    "a parameter": ("          - check: params.|", {"params.serial"}),
    "a function": ("          - check: rou|", {"round"}),
    "a unit": ("          - measure: x\n            unit: m|", {"mV", "mA"}),
    "a value": ("          - check: 1 == 1\n            on_fail: |", {"continue", "stop"}),
    "true or false": ("          - call: meter.reset\n        critical: |", {"true", "false"}),
    "a case": ("          - call: meter.reset\n      ripple:\n        depends: ::|", {"::rails"}),
    "a case in a list": ("          - call: meter.reset\n      ripple:\n        depends: [::|", {"::rails"}),
    "a key of a limit": ("          - measure: x\n            limits: {|", {"le", "ge", "eq"}),
}


@pytest.mark.parametrize("name", CASES)
def test_what_can_be_written_is_offered(editor: Editor, project: Path, name: str) -> None:
    """Where the cursor stands in a line that is being written, with a whole sequence around it or not."""
    written, expected = CASES[name]
    found = set(offered(editor, project, STEPS + written))
    assert expected <= found


def test_nothing_is_offered_that_is_there(editor: Editor, project: Path) -> None:
    """A key that a step has, above or below, and an argument that is given cannot be given again."""
    text = STEPS + "          - measure: x\n            unit: V\n            |\n            limits: [1, 2]\n"
    assert not {"unit", "limits", "measure"} & set(offered(editor, project, text))
    text = STEPS + "          - call: meter.read_voltage\n            with: {channel: 1, |"
    assert "channel" not in offered(editor, project, text)


def test_a_variable_is_offered_from_where_it_is_set(editor: Editor, project: Path) -> None:
    """In the same case, and not before."""
    assert "volts" in offered(editor, project, SEQUENCE.replace("volts > nominal", "vo| > nominal"))
    assert "volts" not in offered(editor, project, SEQUENCE.replace("depends:", "if: vol|\n        depends:"))


def test_drivers_of_the_project_are_offered_with_their_classes(editor: Editor, project: Path) -> None:
    """Where a driver is declared: its file first, then what is in the file."""
    assert "bench" in offered(editor, project, SEQUENCE.replace("bench.Meter", "be|"))
    assert "bench.Meter" in offered(editor, project, SEQUENCE.replace("bench.Meter", "bench.|"))
    text = SEQUENCE.replace("bench.Meter", "{use: bench.Meter, with: {a|")
    assert "address" in offered(editor, project, text)


def test_blocks_and_their_parameters_are_offered(editor: Editor, project: Path) -> None:
    """By the name that the included file has here."""
    (project / "sequences" / "parts").mkdir()
    (project / "sequences" / "parts" / "bench.yaml").write_text(BLOCKS)
    start = STEPS.replace("vars:", "include: {parts: parts/bench.yaml}\nvars:")
    used = "          - use: parts.wake\n            with: {volts: 5}\n"
    (project / "sequences" / "rail.yaml").write_text(start + used)
    assert "parts.wake" in offered(editor, project, start + used + "          - use: |")
    assert set(offered(editor, project, start + "          - use: parts.wake\n            with: {|")) == {
        "volts",
        "channel",
    }


def test_the_docstring_of_a_method_stands_beside_it(editor: Editor, project: Path) -> None:
    """With its signature, as text: a docstring has no markup of its own."""
    path = project / "sequences" / "rail.yaml"
    offered(editor, project, STEPS + "          - call: meter.read|")
    item = next(each for each in editor.completed(path, 16, 28) if each.label == "meter.read_voltage")
    assert item.detail == "def read_voltage(self, channel: int, samples: int=1) -> float"
    assert "The voltage of a channel." in item.documentation.value
    assert (item.text_edit.range.start.character, item.text_edit.range.end.character) == (18, 28)
