"""What somebody calls a limit that it is not: never is the opposite suggested."""

from __future__ import annotations

import pytest

from sequencer.limits import limit_problems


@pytest.mark.parametrize(
    ("key", "end"),
    [
        ("not_in", "; write `none_of`"),
        ("not in", "; write `none_of`"),
        ("ne_of", "; write `none_of`"),
        ("noneof", "; did you mean `none_of`?"),
        ("not_equal", "; write `ne`"),
        ("inside", "; write [lowest, highest]"),
        ("not_inside", "; write `outside`"),
        ("norminal", "; did you mean `nominal`?"),
        *((key, "") for key in ("not_contains", "not_matches", "nomatch", "isnt", "not_each", "is_not", "not_outside")),
    ],
)
def test_what_was_meant(key: str, end: str) -> None:
    """Other tools' names, and what is nearly right; for what hardseq has not, nothing."""
    (problem,) = limit_problems({key: [1, 2]}, None)
    assert problem.message == f"unknown limit {key!r}{end}"
