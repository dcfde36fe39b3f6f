"""What an instrument says of itself, as it stands in the report."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report.record import merge
from sequencer.vocabulary.instrument import instrument_entry, parse_due


def test_four_fields_are_taken_apart() -> None:
    """Of an answer to ``*IDN?``, model, serial number and firmware have fields; maker and date go to info."""
    identity = "Keysight Technologies,34465A, MY54500000,A.02.17-02.40"
    assert instrument_entry("dmm", identity, "2027-05-01", simulated=False) == {
        "name": "dmm",
        "part_number": "34465A",
        "serial_number": "MY54500000",
        "revision": "A.02.17-02.40",
        "info": {"maker": "Keysight Technologies", "calibration_due": "2027-05-01"},
    }


def test_what_the_instrument_does_not_know_is_left_out() -> None:
    """``0`` is the standard's word for it; a simulated one is marked."""
    assert instrument_entry("dmm", "Maker,Model,0,", None, simulated=True) == {
        "name": "dmm",
        "part_number": "Model",
        "comment": "simulated",
        "info": {"maker": "Maker"},
    }
    assert instrument_entry("dmm", None, None, simulated=False) == {"name": "dmm"}


@given(st.none() | st.text(), st.none() | st.text(), st.booleans())
def test_any_answer_gives_an_entry_that_can_be_recorded(identity: str | None, due: str | None, simulated: bool) -> None:
    """Whatever an instrument answers, the report takes it, and twice the same is once."""
    entry = instrument_entry("dmm", identity, due, simulated=simulated)
    once = merge(None, "instruments", [entry])
    assert len(once) == 1
    assert merge(once, "instruments", [entry]) == once


def test_dates_are_days_of_the_calendar() -> None:
    """One way to write a date, and it must exist."""
    assert parse_due("2027-05-01") == date(2027, 5, 1)
    for wrong in ("20270501", "2027-W18-6", "2027-5-1", "01.05.2027", "2027-02-30", "2027-05-01T00:00", "", None, 2027):
        with pytest.raises(ValueError, match="2027-05-01"):
            parse_due(wrong)
