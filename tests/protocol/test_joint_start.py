"""Several slots are checked together before anything runs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.project.settings import SlotSettings, SlotsSettings
from sequencer.protocol.joint_start import JointStartRefused, check_slots, configured_slots, same_units, unit_of
from sequencer.protocol.request import Slot
from sequencer.vocabulary.model import Param
from sequencer.vocabulary.reason import code_of
from tests.effort import examples

SERIAL = Param(name="serial", pattern="^SN[0-9]+$", each_run=True)
ORDER = Param(name="order")
VOLTS = Param(name="volts", type="number", default=5.0, required=False)


def test_every_problem_of_every_slot_is_told_at_once() -> None:
    """Each by its slot; nothing is decided before all of them were looked at."""
    asked = {"left": {"serial": "7"}, "right": {"order": "B1", "amps": "3"}, "third": {"serial": "SN1", "order": "B1"}}
    with pytest.raises(JointStartRefused) as refused:
        check_slots(asked, [SERIAL, ORDER])
    found = {slot: [problem.name for problem in problems] for slot, problems in refused.value.by_slot.items()}
    assert found == {"left": ["serial", "order"], "right": ["serial", "amps"]}
    assert "slot 'left': parameter 'serial'" in str(refused.value)
    assert "slot 'right': parameter 'amps' is not a parameter of this sequence" in str(refused.value)
    assert refused.value.code == "refused"


def test_the_same_serial_number_in_two_slots_is_refused() -> None:
    """However it is written around: a scanner's blanks and line ends are no difference."""
    asked = {"left": {"serial": "SN1"}, "right": {"serial": "SN2"}, "third": {"serial": " SN1\r\n"}}
    with pytest.raises(JointStartRefused, match="the slots 'left' and 'third' have the same unit, SN1") as refused:
        check_slots(asked, [SERIAL, VOLTS])
    assert (list(refused.value.by_slot), refused.value.code) == (["third"], "same-unit")
    assert code_of(refused.value.reason) == "same_unit"
    values = check_slots({**asked, "third": {"serial": "SN3"}}, [SERIAL, VOLTS])
    assert values["third"] == {"serial": "SN3", "volts": 5.0}


def test_what_the_sequence_records_as_serial_number_counts() -> None:
    """Made of parameters and of the slot as the sequence says; what only the run knows leaves the scanned codes."""
    values = {"serial": "SN1", "order": "B7"}
    slot = Slot(name="left", number=3, count=4)
    assert unit_of(values, [SERIAL], "${{ params.order }}-${{ slot.number }}", slot) == "B7-3"
    assert unit_of(values, [SERIAL], "${{ params.order }}", slot) == "B7"
    assert unit_of(values, [SERIAL], "${{ run.id }}", slot) == "SN1"
    assert unit_of(values, [SERIAL], "DEMO", slot) == "DEMO"
    with pytest.raises(JointStartRefused, match="same unit, B7"):
        check_slots(
            {"left": {"serial": "SN1", "order": "B7"}, "right": {"serial": "SN2", "order": "B7"}},
            [SERIAL, ORDER],
            serial_number="${{ params.order }}",
        )


def test_what_holds_for_a_batch_or_a_type_is_no_unit() -> None:
    """Two scanned codes are compared together: one of them may be that of the product's type."""
    kind = Param(name="kind", each_run=True)
    values = {"serial": "SN1", "kind": "A", "order": "B7", "side": "S", "ok": True}
    assert unit_of(values, [SERIAL, kind, ORDER]) == "SN1, A"
    assert unit_of({**values, "serial": "SN2"}, [SERIAL, kind, ORDER]) == "SN2, A"
    side = Param(name="side", one_of=("S", "L"), each_run=True)
    assert unit_of(values, [ORDER, side, Param(name="ok", type="boolean", each_run=True)]) is None


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["SN1", "SN2", "SN3", None])))
@settings(max_examples=examples(60), deadline=None)
def test_whatever_is_left_is_there_once(units: dict[str, str | None]) -> None:
    """Without the slots that have a problem no two have the same unit; and none without a unit has one."""
    problems = same_units(units)
    left = [unit for slot, unit in units.items() if slot not in problems and unit is not None]
    assert len(left) == len(set(left))
    assert set(left) == {unit for unit in units.values() if unit is not None}


def test_slots_are_those_of_the_configuration() -> None:
    """In its order, each with its number, and none without any."""
    places = (SlotSettings(name="left", number=2), SlotSettings(name="right", number=1))
    left, right = configured_slots(SlotsSettings(places=places))
    assert (left.name, left.number, left.count) == ("left", 2, 2)
    assert (right.name, right.number) == ("right", 1)
    assert configured_slots(SlotsSettings()) == ()
