"""Findings of the linters that are silenced, each of which says why."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("sequencer", "tests", "benchmarks", "drivers", "examples")
WITH_REASON = re.compile(r"# noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*(?: - |  # |, )[A-Za-z]")


def is_installed(file: Path) -> bool:
    """Whether it is others' code: what Node's packages and the benchmarks' environments hold."""
    return any(part == "node_modules" or part.startswith(".") for part in file.relative_to(ROOT).parts)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_silenced_finding_says_why(folder: str) -> None:
    """A `noqa` names its rule, and the reason stands behind it."""
    silent = []
    for file in sorted((ROOT / folder).rglob("*.py")):
        if not is_installed(file) and "noqa" in file.read_text(encoding="utf-8"):
            with file.open("rb") as source:
                silent += [
                    f"{file.relative_to(ROOT)}:{token.start[0]}: {token.string}"
                    for token in tokenize.tokenize(source.readline)
                    if token.type == tokenize.COMMENT
                    and token.string.startswith("# noqa")
                    and not WITH_REASON.match(token.string)
                ]
    assert silent == []
