"""Lines cut out of a stream, however it comes in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.vocabulary import json_lines
from sequencer.vocabulary.json_lines import LineSplitter


@given(st.lists(st.binary().filter(lambda line: b"\n" not in line)), st.integers(min_value=1, max_value=7))
def test_pieces_make_no_difference(lines: list[bytes], size: int) -> None:
    """Each whole line comes out once; what has no end yet does not."""
    stream = b"".join(line + b"\n" for line in lines) + b"rest"
    reader = LineSplitter()
    got = [line for at in range(0, len(stream), size) for line in reader.feed(stream[at : at + size])]
    assert got == lines
    assert reader.dropped == 0


def test_a_line_without_end_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one after it is read again, and memory has its bound."""
    monkeypatch.setattr(json_lines, "LONGEST", 10)
    reader = LineSplitter()
    assert [line for chunk in (b"a\nxxxxxxxxxxxx", b"y" * 30, b"z\nb\n") for line in reader.feed(chunk)] == [b"a", b"b"]
    assert reader.dropped == 1
