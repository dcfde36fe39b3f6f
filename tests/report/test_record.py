"""How recorded facts add up."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report.record import merge
from sequencer.vocabulary.failure import StepError


def test_fields_and_info_merge() -> None:
    """New fields join, and so do the entries of `info`; the same value again changes nothing."""
    first = merge(None, "dut", {"serial_number": "SN1", "info": {"fw": "1.0", "more": {"a": 1}}})
    second = merge(first, "dut", {"serial_number": "SN1", "name": "Board", "info": {"hw": "B", "more": {"b": 2}}})
    assert second == {
        "serial_number": "SN1",
        "name": "Board",
        "info": {"fw": "1.0", "hw": "B", "more": {"a": 1, "b": 2}},
    }
    assert "name" not in first


@pytest.mark.parametrize(
    ("section", "before", "data", "words"),
    [
        ("dut", {"serial_number": "SN1"}, {"serial_number": "SN2"}, "dut.serial_number was already recorded as 'SN1'"),
        ("process", {"info": {"a": 1}}, {"info": {"a": 2}}, "process.info.a was already recorded as 1"),
        ("process", {"info": {"a": 1}}, {"info": {"a": True}}, "process.info.a was already recorded as 1"),
        ("user", "Ada", "Bob", "user was already recorded"),
        ("artifact", {"run": {"k": 1}}, {"run": {"k": 2}}, "artifact.run.k was already recorded"),
        ("dut", None, {"colour": "red"}, "dut has no field 'colour'"),
        ("dut", None, {"sub_units": [{"colour": "red"}]}, r"dut.sub_units\[0\] has no field 'colour'"),
        ("dut", None, {"name": ["a"]}, "dut.name must be a string, not list"),
        ("dut", None, {"name": True}, "dut.name must be a string, not bool"),
        ("dut", None, "SN1", "dut must be a mapping, not str"),
        ("dut", None, {"info": 5}, "dut.info must be a mapping, not int"),
        ("process", None, {"number": 1.5}, "process.number must be an integer from 0 to 9007199254740991, not 1.5"),
        ("process", None, {"number": -1}, "process.number must be an integer"),
        ("process", None, {"number": "one"}, "process.number must be an integer"),
        ("process", None, {"number": True}, "process.number must be an integer"),
        ("instruments", None, 5, "instruments must be a list of mappings, not int"),
        ("artifact", None, {"module": 5}, "artifact.module must be a mapping"),
        ("artifact", None, {"case": {}, "step": {}}, "the level of an artifact must be run, module or case"),
        ("weather", None, {}, "nothing can be recorded under 'weather'"),
    ],
)
def test_what_contradicts_or_has_no_place_is_an_error(section: str, before: Any, data: Any, words: str) -> None:
    """A second, different value, an unknown field and a wrong kind are errors in plain words; nothing was changed."""
    kept = copy.deepcopy(before)
    with pytest.raises(StepError, match=words):
        merge(before, section, data)
    assert before == kept


def test_texts_and_numbers_are_read_as_meant() -> None:
    """A number where text is meant becomes text, digits where a number is meant become one, null says nothing."""
    found = merge(None, "stand", {"name": 7, "revision": 1.5, "number": "2", "location": None})
    assert found == {"name": "7", "revision": "1.5", "number": 2}
    assert merge(None, "process", {"number": 3.0}) == {"number": 3}


def test_sub_units_and_instruments_add_up() -> None:
    """Each record adds its units; the same ones again, as by a second attempt, do not count twice."""
    cell = {"name": "Cell"}
    first = merge(None, "dut", {"sub_units": [cell, cell]})
    assert first["sub_units"] == [cell, cell]
    assert merge(first, "dut", {"sub_units": [cell, cell]}) == first
    assert len(merge(first, "dut", {"sub_units": [cell, cell, cell]})["sub_units"]) == 3
    assert merge([{"name": "DMM"}], "instruments", {"name": "Supply"}) == [{"name": "DMM"}, {"name": "Supply"}]
    assert merge([{"name": "DMM"}], "instruments", [{"name": "DMM"}]) == [{"name": "DMM"}]


def test_artifacts_merge_per_level() -> None:
    """Run, module and case have an artifact of their own, of any JSON-safe content."""
    first = merge(None, "artifact", {"run": {"a": [1, float("nan")]}, "case": {"b": {"x": 1}}})
    assert merge(first, "artifact", {"case": {"b": {"y": 2}}, "module": None}) == {
        "run": {"a": [1, "NaN"]},
        "case": {"b": {"x": 1, "y": 2}},
    }


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b", None]),
        "info": st.dictionaries(st.sampled_from("xyz"), st.one_of(st.integers(0, 2), st.just({"deep": 1}))),
        "sub_units": st.lists(st.sampled_from([{"name": "u"}, {"name": "v"}, {}]), max_size=3),
    },
)


@given(FACTS, FACTS)
def test_merging_is_pure_and_repeatable(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Merging changes none of its arguments, and merging the same facts again changes nothing."""
    start = merge(None, "dut", first)
    kept, given_facts = copy.deepcopy(start), copy.deepcopy(second)
    try:
        merged = merge(start, "dut", second)
    except StepError:
        merged = start
    else:
        assert merge(merged, "dut", second) == merged
    assert (start, second) == (kept, given_facts)
    assert set(merged) >= set(start)


def test_a_number_that_no_store_holds_is_refused() -> None:
    """The numbers of process, stand and instruments are whole numbers that all stores hold exactly."""
    assert merge(None, "process", {"number": 2**53 - 1}) == {"number": 2**53 - 1}
    for number in (2**53, 10**400, str(2**53)):
        with pytest.raises(StepError, match="integer from 0 to 9007199254740991"):
            merge(None, "process", {"number": number})
