"""When a report is tried again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sequencer.standcloud.outbox import LONGEST_DELAY, LONGEST_DELAY_AWAY, delay, is_away

SPREAD = st.floats(min_value=0, max_value=1)


def test_the_pause_doubles_up_to_six_hours() -> None:
    """Without chance the pauses are one minute, two, four, ... and never more than the longest."""
    assert [delay(attempts, 0.5) for attempts in (1, 2, 3, 4)] == [60, 120, 240, 480]
    assert delay(10_000, 0.5) == LONGEST_DELAY


@given(st.integers(min_value=1, max_value=10**6), SPREAD, st.floats(min_value=0, max_value=86_400))
def test_the_servers_wish_is_never_undercut(attempts: int, spread: float, retry_after: float) -> None:
    """Retry-After is a lower bound of the pause."""
    assert delay(attempts, spread, retry_after=retry_after) >= retry_after


@given(st.integers(min_value=1, max_value=10**6), SPREAD)
def test_an_absent_target_is_asked_for_often(attempts: int, spread: float) -> None:
    """While nobody answers no report waits longer than a few minutes for its next try."""
    assert 0 < delay(attempts, spread, away=True) <= LONGEST_DELAY_AWAY * 1.25


def test_only_silence_and_gateways_mean_away() -> None:
    """No answer, 502, 503 and 504 say nothing about the report; anything else does."""
    assert [status for status in (None, 500, 502, 503, 504, 429, 408) if is_away(status)] == [None, 502, 503, 504]
