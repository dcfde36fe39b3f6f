"""How much the tests try: ``HARDSEQ_TEST_EFFORT`` is ``quick``, ``default``, ``thorough`` or ``exhaustive``."""

from __future__ import annotations

import os

TIMES = {"quick": 0.2, "default": 1.0, "thorough": 20.0, "exhaustive": 200.0}

EFFORT = TIMES[os.environ.get("HARDSEQ_TEST_EFFORT", "default")]
"""How many times the examples and repetitions of ``make test``."""


def examples(number: int) -> int:
    """So many examples in ``make test``; in another effort accordingly fewer or more."""
    return max(1, round(number * EFFORT))
