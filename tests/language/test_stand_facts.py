"""What the stand's configuration and a sequence both say of the stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sequencer.compiler.project import ensure_compiled
from sequencer.language.read import read_sequence
from sequencer.vocabulary.problem import InvalidInput

STAND: dict[str, Any] = {"name": "Bench 1", "number": 3, "info": {"fixture": "F7"}}


def told(folder: Path, stand: str, steps: str = "[{check: true}]", case: str = "", module: str = "") -> list[str]:
    """``line:column code`` of every problem."""
    path = folder / "s.yaml"
    path.write_text(f"name: S\n{stand}\nmodules: {{m: {{{module} cases: {{a: {{{case} steps: {steps}}}}}}}}}\n")
    problems = read_sequence(path, project=folder, stand=STAND).problems
    return [f"{problem.place.line}:{problem.place.column} {problem.code}" for problem in problems]


@pytest.mark.parametrize(
    ("stand", "place"),
    [
        ("stand: {name: Bench}", "2:15"),
        ("stand: {location: Hall, number: 4}", "2:33"),
        ("stand: {info: {maker: us, fixture: F8}}", "2:36"),
    ],
)
def test_a_fact_with_two_values_is_a_problem_at_the_sequence(tmp_path: Path, stand: str, place: str) -> None:
    """Both values are known before the run, which could not begin with them."""
    assert told(tmp_path, stand) == [f"{place} second-value"]


@pytest.mark.parametrize(
    "stand",
    [
        "stand: {name: Bench 1, number: 3}",
        'stand: {name: " Bench 1 "}',
        "stand: {name: '${{ run.name }}'}",
        "",
        "stand: {revision: B}",
    ],
)
def test_the_same_fact_and_another_fact_are_none(tmp_path: Path, stand: str) -> None:
    """What is the same, what only the sequence says, and what an expression will say."""
    assert told(tmp_path, stand) == []


def test_a_record_step_that_surely_runs_is_held_to_the_same(tmp_path: Path) -> None:
    """In a step without any `if` around it; with one, it may be the sequence's way not to contradict."""
    step = "{record: {stand: {name: Bench}}}"
    assert told(tmp_path, "", f"[{step}]") == ["3:61 second-value"]
    assert told(tmp_path, "", f"[{{if: run.simulated, steps: [{step}]}}]") == []
    assert told(tmp_path, "", f"[{step}]", case="if: run.simulated,") == []
    assert told(tmp_path, "", f"[{step}]", module="if: run.simulated,") == []


def test_a_changed_configuration_is_looked_at_again(tmp_path: Path) -> None:
    """A sequence that was compiled for one name of the stand is checked anew when the stand has another."""
    path = tmp_path / "s.yaml"
    path.write_text("name: S\nstand: {name: Bench}\nmodules: {m: {cases: {a: {steps: [{check: true}]}}}}\n")
    state = tmp_path / "compiled"
    assert ensure_compiled(path, project=tmp_path, compiled=state, stand={"name": "Bench"}).fresh
    assert not ensure_compiled(path, project=tmp_path, compiled=state, stand={"name": "Bench"}).fresh
    with pytest.raises(InvalidInput, match="Bench 1"):
        ensure_compiled(path, project=tmp_path, compiled=state, stand={"name": "Bench 1"})
