from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.vocabulary.times import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500 ms", 0.5), ("1 s", 1.0), ("1.5s", 1.5), (" .5 min ", 30.0), ("2 h", 7200.0), ("0 s", 0.0), ("5. s", 5.0)],
)
def test_durations(text: str, seconds: float) -> None:
    """A number and a unit give seconds."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "5 sec", "s", "-1 s", "1 s 2 ms", "1e3 s", "١ s", "1 S", "inf s", "9" * 400 + " h", 5]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    """Anything else is refused with a sentence."""
    with pytest.raises(ValueError):
        parse_duration(text)  # type: ignore[arg-type]


@given(st.integers(0, 10**9))
def test_milliseconds_are_exact(number: int) -> None:
    """So many milliseconds are exactly so many thousandths."""
    assert parse_duration(f"{number} ms") == number / 1000
