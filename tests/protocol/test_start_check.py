"""Whether a run can be as it is asked for: one rule, with every problem in one go."""

from __future__ import annotations

import json

import pytest

from sequencer.protocol.request import RunRefused, StartRequest
from sequencer.protocol.selection import Candidate
from sequencer.protocol.start_check import check_start
from sequencer.vocabulary.model import Param
from sequencer.vocabulary.reason import coded, read_reason

PARAMS = [Param(name="serial", type="string", required=True), Param(name="volts", type="number", maximum=5)]
CASES = [Candidate("main::a", "main", ("quick",)), Candidate("main::b", "main", ())]


def test_values_are_typed_and_the_rest_stays() -> None:
    """Texts become values of their parameters' types, and a name is written as it is recorded."""
    asked = StartRequest(params={"serial": " SN1 ", "volts": "2.5"}, only=["main"], user=" Ada ", breaks=["main::a"])
    checked = check_start(asked, PARAMS, CASES)
    assert checked.params == {"serial": "SN1", "volts": 2.5}
    assert (checked.only, checked.breaks, checked.user) == (["main"], ["main::a"], "Ada")


def test_all_problems_come_in_one_go() -> None:
    """A parameter too large, one that is missing, names that mean nothing, and a name that nobody has."""
    asked = StartRequest(params={"volts": 9}, only=["main::x"], breaks=["nothing"], user="a\x00b")
    with pytest.raises(RunRefused) as refused:
        check_start(asked, PARAMS, CASES)
    assert [(found.part, found.name, found.code) for found in refused.value.problems] == [
        ("params", "serial", "required"),
        ("params", "volts", "max"),
        ("only", "only", "unknown"),
        ("breaks", "breaks", "unknown"),
        ("user", "user", "text"),
    ]
    assert refused.value.problems[1].limit == 5
    assert str(refused.value).startswith("parameter 'serial' is required; parameter 'volts' must be at most 5; ")
    assert refused.value.problems[1].coded_reason == {"code": "max", "parameters": {"limit": 5}}
    assert read_reason(json.loads(json.dumps(coded(refused.value.reason)))) == refused.value.reason


def test_a_selection_that_leaves_nothing_is_refused() -> None:
    """A run of no case would pass."""
    with pytest.raises(RunRefused) as refused:
        check_start(StartRequest(params={"serial": "1", "volts": 1}, only=["main::b"], tags=["quick"]), PARAMS, CASES)
    assert [(found.part, found.code) for found in refused.value.problems] == [("tags", "empty")]


def test_thousands_of_problems_are_a_refusal_like_any_other() -> None:
    """Whoever sends nonsense gets all of it back, and the sentence stays one that can be written and sent."""
    with pytest.raises(RunRefused) as refused:
        check_start(StartRequest(params={f"p{number}": number for number in range(3000)}), [], [])
    assert len(refused.value.problems) == 3000
    assert "p0" in str(refused.value)
    assert coded(refused.value.reason) is not None
