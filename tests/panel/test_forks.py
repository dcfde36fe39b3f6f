"""The test processes of a panel are forked from one process, which is another when the sequence is."""

from __future__ import annotations

import os
import sys
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")

DRIVER = """
import os


class Whose:
    def parent(self):
        return os.getppid()
"""
SEQUENCE = """\
name: Whose
drivers: {whose: whose.Whose}
modules:
  main:
    cases:
      parent: {steps: [{measure: Parent, call: whose.parent, limits: {ge: 1}}]}
"""


@pytest.mark.slow
@pytest.mark.real_start
def test_a_panel_forks_its_test_processes_from_one_of_the_sequence_as_it_is(stand: Any) -> None:
    """Run after run has the same parent, not the panel; a changed sequence another, and nobody outlives the panel."""
    stand.write("drivers/whose.py", DRIVER)
    stand.sequence("whose", SEQUENCE)
    panel = stand.open()

    def parent() -> int:
        return int(panel.run()["modules"][0]["cases"][0]["attempts"][0]["measurements"][0]["value"])

    first = parent()
    assert parent() == first != os.getpid()
    stand.sequence("whose", SEQUENCE.replace("Parent", "Whose it is"))
    panel.wait_until(lambda: not psutil.pid_exists(first))
    second = parent()
    assert second not in (first, os.getpid())
    panel.close()
    panel.wait_until(lambda: not psutil.pid_exists(second))
