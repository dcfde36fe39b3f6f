"""What mypy cannot see through does not grow: lines that hold ``Any``, and lines whose errors are ignored."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "sequencer"
LINES = {path: path.read_text(encoding="utf-8").splitlines() for path in sorted(PACKAGE.rglob("*.py"))}

MOST_ANY = 271
MOST_IGNORED = 12
"""To be lowered with each that goes."""


def test_any_does_not_spread() -> None:
    """``object`` for what is not known, ``Data`` for plain data, a Protocol for what somebody else makes."""
    found = sum(bool(re.search(r"\bAny\b", line)) for lines in LINES.values() for line in lines)
    assert found <= MOST_ANY, f"{found} lines hold Any"


def test_what_is_ignored_says_why() -> None:
    """An error that mypy is not to report has its reason beside it; there are no more of them than there were."""
    ignored = [(path, line) for path, lines in LINES.items() for line in lines if "type: ignore" in line]
    assert len(ignored) <= MOST_IGNORED
    without = [f"{path}: {line}" for path, line in ignored if not re.search(r"type: ignore\[[\w, -]+\]  # \S", line)]
    assert not without


def test_a_name_is_one_class() -> None:
    """Whoever reads a class's name knows which one is meant; the simulated instruments are named by sequences."""
    where: dict[str, list[str]] = {}
    for path, lines in LINES.items():
        for line in lines:
            if (found := re.match(r"class (\w+)", line)) is not None:
                where.setdefault(found[1], []).append(str(path.relative_to(PACKAGE)))
    assert {name: paths for name, paths in where.items() if len(paths) > 1 and name != "Simulated"} == {}
