"""Cursors and texts: the pure parts below the stores."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from sequencer.store.facts import HistoryPosition, after, decode, encode, position, text
from sequencer.store.sqlite.schema import MIGRATIONS

TIMES = st.floats(-1e9, 4e9, allow_nan=False)


class _Run:
    def __init__(self, start_time: float, run_id: str) -> None:
        self.start_time, self.id = start_time, run_id


@given(TIMES, st.text(max_size=40))
def test_a_cursor_comes_back(start_time: float, run_id: str) -> None:
    """Whatever the time and the id, the cursor means that place."""
    assert position(after(_Run(start_time, run_id))) == HistoryPosition(start_time, run_id)  # type: ignore[arg-type]


@given(st.text(max_size=30))
def test_any_text_is_a_cursor_or_a_value_error(cursor: str) -> None:
    """What a person puts into an address is never a traceback."""
    try:
        position(cursor)
    except ValueError as error:
        assert "cursor" in str(error)


@given(st.text(st.characters(), max_size=30))
def test_every_text_becomes_one_that_a_database_takes(written: str) -> None:
    """Lone surrogates are replaced, everything else stays."""
    stored = text(written)
    assert (stored or "").encode("utf-8").decode("utf-8") == (stored or "")
    assert stored is None or len(stored) == len(written)


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(st.characters()), inside, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), DATA, max_size=4))
@example({"beyond 64 bits": [2**64, -(2**63) - 1], "no numbers": [float("nan"), float("-inf")], "half": "\ud800"})
def test_a_report_is_decoded_as_it_was_encoded(report: dict[str, object]) -> None:
    """Every number with all of its digits and its type, NaN and lone surrogates included."""
    encoded = encode(report)
    assert repr(decode(encoded)) == repr(json.loads(encoded)) == repr(report)


def test_migrations_are_never_rewritten() -> None:
    """A database in the field has run them as they were: add one instead of changing one."""
    import hashlib

    assert [hashlib.sha256(script.encode()).hexdigest()[:12] for script in MIGRATIONS] == [
        "7714522615b6",
        "81d73d1b1ff0",
        "9600d97827a9",
        "e974d10daa03",
        "97ee178e0e88",
        "3e2e053139f4",
    ]
