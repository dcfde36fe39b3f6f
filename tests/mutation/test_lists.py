"""The lists of `make mutate` name what is there: it takes long and is not run with each change."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GROUPS = tomllib.loads((HERE / "targets.toml").read_text(encoding="utf-8"))["group"]
EXPLAINED = tomllib.loads((HERE / "explained.toml").read_text(encoding="utf-8")).get("mutant", [])


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: str(group["name"]))
def test_modules_and_tests_of_a_group_are_there(group: dict[str, Any]) -> None:
    """Every module that is changed, and every test that is run, is a file or folder of the tree."""
    names = [*group["modules"], *group["tests"], *group.get("wider", [])]
    assert [name for name in names if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("mutant", EXPLAINED, ids=lambda mutant: f"{mutant['module']}:{mutant['in']}")
def test_an_explained_mutant_is_of_a_line_that_stands(mutant: dict[str, Any]) -> None:
    """An explanation has a reason and belongs to a line of a module that is changed."""
    assert any(mutant["module"].startswith(module) for group in GROUPS for module in group["modules"])
    lines = (ROOT / mutant["module"]).read_text(encoding="utf-8").splitlines()
    assert mutant["was"] in [line.strip() for line in lines]
    assert mutant["reason"]
