"""The order in which tests run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import pytest_collection_modifyitems


class Item:
    """As much of a test as the order asks for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_closest_marker(self, name: str) -> str | None:
        return name if name == "slow" and self.name.startswith("s") else None


@pytest.mark.parametrize(
    ("processes", "order"),
    [("1", "q1 q2 q3 q4 s1 s2"), ("2", "s1 q1 q2 s2 q3 q4"), ("3", "q1 s1 q2 s2 q3 q4")],
)
def test_each_process_begins_with_its_share_of_the_slow_tests(
    monkeypatch: pytest.MonkeyPatch, processes: str, order: str
) -> None:
    """None is lost, neighbours stay together, and one process has the slow ones last."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", processes)
    items: list[Any] = [Item(name) for name in ["q1", "s1", "q2", "q3", "s2", "q4"]]
    pytest_collection_modifyitems(items)
    assert [item.name for item in items] == order.split()


def test_every_number_of_examples_follows_the_effort() -> None:
    """A number by itself would be that of a quick run and of an exhaustive one as well."""
    tests = Path(__file__).parent
    fixed = re.compile(r"max_examples=\d")
    assert [str(path) for path in sorted(tests.rglob("test_*.py")) if fixed.search(path.read_text("utf-8"))] == []
